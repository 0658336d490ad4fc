#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/certify.hpp"
#include "runtime/crypto/random.hpp"
#include "runtime/crypto/signing_request.hpp"

#include <openssl/ec.h>

#include <algorithm>
#include <chrono>

namespace troupe::crypto {

namespace {

using std::chrono::hours;

// Clocks of machines that join differ by some minutes.
constexpr auto backdated = hours{1};
constexpr auto authority_lifetime = hours{24 * 3650};

using extension_handle = handle<X509_EXTENSION, X509_EXTENSION_free>;
using number_handle = handle<BIGNUM, BN_free>;
using general_name_handle = handle<GENERAL_NAME, GENERAL_NAME_free>;

bool set_serial(X509* certificate) {
  auto bytes = random_bytes(16);
  bytes[0] = static_cast<char>((bytes[0] & 0x7f) | 0x40);
  number_handle number{
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                static_cast<int>(bytes.size()), nullptr)};
  return number
         && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate))
                != nullptr;
}

bool set_times(X509* certificate, time_point now,
               std::chrono::seconds lifetime) {
  auto from = std::chrono::system_clock::to_time_t(now - backdated);
  auto to = std::chrono::system_clock::to_time_t(now + lifetime);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from)
         && ASN1_TIME_set(X509_getm_notAfter(certificate), to);
}

bool add_extension(X509* certificate, X509* issuer, int nid,
                   const char* value) {
  X509V3_CTX ctx;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, issuer, certificate, nullptr, nullptr, 0);
  extension_handle extension{X509V3_EXT_conf_nid(nullptr, &ctx, nid, value)};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Built piece by piece, not from OpenSSL's own notation: a comma in a name
// would begin another name there.
bool push_name(GENERAL_NAMES* all, int type, void* value) {
  general_name_handle name{GENERAL_NAME_new()};
  if (!name || !value)
    return false;
  GENERAL_NAME_set0_value(name.get(), type, value);
  return sk_GENERAL_NAME_push(all, name.release()) > 0;
}

bool add_names(X509* certificate, const server_names& names) {
  auto all = to_alternatives(names);
  return all
         && X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0,
                              X509V3_ADD_DEFAULT)
                == 1;
}

/// What is the same in every certificate: version, serial, times, subject.
expected<certificate_handle> start(EVP_PKEY* key, const identity& who,
                                   time_point now,
                                   std::chrono::seconds lifetime) {
  certificate_handle certificate{X509_new()};
  auto* subject = X509_get_subject_name(certificate.get());
  auto ok = X509_set_version(certificate.get(), X509_VERSION_3) == 1
            && set_serial(certificate.get())
            && set_times(certificate.get(), now, lifetime)
            && X509_set_pubkey(certificate.get(), key) == 1;
  for (auto& group : who.groups)
    ok = ok && add_name(subject, NID_organizationName, group);
  if (!ok || !add_name(subject, NID_commonName, who.user))
    return openssl_error("cannot fill the certificate");
  return certificate;
}

bool is_printable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
  });
}

} // namespace

// The type is given as UTF-8, which skips the limit of 64 characters that
// OpenSSL sets for multi-byte input: names of nodes may be longer.
bool add_name(X509_NAME* name, int nid, std::string_view value) {
  return X509_NAME_add_entry_by_NID(
             name, nid, V_ASN1_UTF8STRING,
             reinterpret_cast<const unsigned char*>(value.data()),
             static_cast<int>(value.size()), -1, 0)
         == 1;
}

caf::error check_identity(const identity& who) {
  if (!is_printable(who.user))
    return make_error(ec::invalid, "certificate: the user is empty or has "
                                   "control characters");
  if (!std::all_of(who.groups.begin(), who.groups.end(), is_printable))
    return make_error(ec::invalid, "certificate of " + who.user
                                       + ": a group is empty or has control "
                                         "characters");
  return caf::none;
}

name_handle to_alternatives(const server_names& names) {
  name_handle all{sk_GENERAL_NAME_new_null()};
  for (auto& dns : names.dns) {
    auto* text = ASN1_IA5STRING_new();
    if (!ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()))
        || !push_name(all.get(), GEN_DNS, text))
      return nullptr;
  }
  for (auto& address : names.addresses)
    if (!push_name(all.get(), GEN_IPADD, a2i_IPADDRESS(address.c_str())))
      return nullptr;
  return all;
}

expected<credential> make_authority(std::string_view name, time_point now) {
  identity who{std::string{name}, {}};
  if (auto err = check_identity(who))
    return err;
  key_handle key{EVP_EC_gen("P-256")};
  if (!key)
    return openssl_error("cannot make a P-256 key");
  auto certificate = start(key.get(), who, now, authority_lifetime);
  if (!certificate)
    return std::move(certificate.error());
  auto* x = certificate->get();
  if (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1
      || !add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE")
      || !add_extension(x, x, NID_key_usage,
                        "critical,digitalSignature,keyCertSign,cRLSign")
      || !add_extension(x, x, NID_subject_key_identifier, "hash")
      || X509_sign(x, key.get(), EVP_sha256()) == 0)
    return openssl_error("cannot sign the authority " + who.user);
  return to_credential(key.get(), x);
}

expected<certificate_handle> certify(const credential& authority, EVP_PKEY* key,
                                     const identity& who,
                                     const server_names& names, time_point now,
                                     std::chrono::seconds lifetime,
                                     bool serves_only) {
  if (auto err = check_identity(who))
    return err;
  auto signer = read_key(authority.key);
  if (!signer)
    return std::move(signer.error());
  auto issuer = read_certificate(authority.certificate);
  if (!issuer)
    return std::move(issuer.error());
  auto certificate = start(key, who, now, lifetime);
  if (!certificate)
    return std::move(certificate.error());
  auto* x = certificate->get();
  auto serves = !names.dns.empty() || !names.addresses.empty();
  if (serves && !add_names(x, names))
    return openssl_error("certificate of " + who.user
                         + ": a name or address of the server is invalid");
  if (X509_set_issuer_name(x, X509_get_subject_name(issuer->get())) != 1
      || !add_extension(x, issuer->get(), NID_basic_constraints,
                        "critical,CA:FALSE")
      || !add_extension(x, issuer->get(), NID_key_usage,
                        "critical,digitalSignature")
      || !add_extension(x, issuer->get(), NID_ext_key_usage,
                        serves_only ? "serverAuth"
                        : serves    ? "clientAuth,serverAuth"
                                    : "clientAuth")
      || !add_extension(x, issuer->get(), NID_subject_key_identifier, "hash")
      || !add_extension(x, issuer->get(), NID_authority_key_identifier, "keyid")
      || X509_sign(x, signer->get(), EVP_sha256()) == 0)
    return openssl_error("cannot sign the certificate of " + who.user);
  return certificate;
}

expected<credential> issue(const credential& authority, const identity& who,
                           const server_names& names, time_point now) {
  key_handle key{EVP_EC_gen("P-256")};
  if (!key)
    return openssl_error("cannot make a P-256 key");
  auto certificate =
      certify(authority, key.get(), who, names, now, leaf_lifetime);
  if (!certificate)
    return std::move(certificate.error());
  return to_credential(key.get(), certificate->get());
}

} // namespace troupe::crypto

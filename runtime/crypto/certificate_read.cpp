#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/certify.hpp"
#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/signing_request.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <arpa/inet.h>
#include <ctime>

namespace troupe::crypto {

namespace {

using store_handle = handle<X509_STORE, X509_STORE_free>;
using verification_handle = handle<X509_STORE_CTX, X509_STORE_CTX_free>;

std::vector<std::string> values_of(X509_NAME* name, int nid) {
  std::vector<std::string> out;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, nid, at)) {
    auto* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char* text = nullptr;
    auto size = ASN1_STRING_to_UTF8(&text, value);
    if (size < 0)
      continue;
    out.emplace_back(reinterpret_cast<char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
  }
  return out;
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  auto size = ASN1_STRING_length(bytes);
  char text[INET6_ADDRSTRLEN] = "";
  if (size == 4 || size == 16)
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes),
              text, sizeof(text));
  return text;
}

server_names names_of(X509* certificate) {
  name_handle all{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  return from_alternatives(all.get());
}

time_point to_time_point(const ASN1_TIME* time) {
  std::tm broken_down{};
  ASN1_TIME_to_tm(time, &broken_down);
  return std::chrono::system_clock::from_time_t(timegm(&broken_down));
}

identity identity_of(X509* certificate) {
  return identity_in(X509_get_subject_name(certificate));
}

/// Every certificate of `pem`: while an authority is replaced, both are good.
expected<store_handle> to_store(std::string_view pem) {
  store_handle store{X509_STORE_new()};
  bio_handle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  int count = 0;
  while (true) {
    certificate_handle next{
        PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    if (!next)
      break;
    if (X509_STORE_add_cert(store.get(), next.get()) == 1)
      ++count;
  }
  if (count == 0)
    return openssl_error("no certificate of an authority in the PEM text");
  ERR_clear_error(); // the end of the text counts as one
  return store;
}

} // namespace

identity identity_in(X509_NAME* name) {
  identity out;
  auto users = values_of(name, NID_commonName);
  if (!users.empty())
    out.user = std::move(users.back());
  out.groups = values_of(name, NID_organizationName);
  return out;
}

server_names from_alternatives(const GENERAL_NAMES* all) {
  server_names out;
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all); ++i) {
    auto* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) {
      auto* text = name->d.dNSName;
      out.dns.emplace_back(
          reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text)));
    } else if (name->type == GEN_IPADD) {
      out.addresses.push_back(address_of(name->d.iPAddress));
    }
  }
  return out;
}

expected<credential> parse_credential(std::string_view pem) {
  auto key = read_key(pem);
  if (!key)
    return std::move(key.error());
  auto certificate = read_certificate(pem);
  if (!certificate)
    return std::move(certificate.error());
  if (X509_check_private_key(certificate->get(), key->get()) != 1)
    return openssl_error("the private key does not belong to the certificate");
  return to_credential(key->get(), certificate->get());
}

expected<certificate_info> inspect_certificate(std::string_view pem) {
  auto certificate = read_certificate(pem);
  if (!certificate)
    return std::move(certificate.error());
  auto* x = certificate->get();
  certificate_info out;
  out.who = identity_of(x);
  out.names = names_of(x);
  out.not_before = to_time_point(X509_get0_notBefore(x));
  out.not_after = to_time_point(X509_get0_notAfter(x));
  out.authority = X509_check_ca(x) == 1;
  return out;
}

caf::error check_signed(std::string_view authority, X509* subject, int purpose,
                        time_point now) {
  auto store = to_store(authority);
  if (!store)
    return std::move(store.error());
  verification_handle ctx{X509_STORE_CTX_new()};
  if (X509_STORE_CTX_init(ctx.get(), store->get(), subject, nullptr) != 1)
    return openssl_error("cannot verify the certificate");
  X509_STORE_CTX_set_time(ctx.get(), 0,
                          std::chrono::system_clock::to_time_t(now));
  X509_STORE_CTX_set_purpose(ctx.get(), purpose);
  if (X509_verify_cert(ctx.get()) == 1)
    return caf::none;
  std::string reason =
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx.get()));
  ERR_clear_error();
  return make_error(ec::unauthorized, "certificate refused: " + reason);
}

expected<identity> check_certificate(std::string_view authority,
                                     std::string_view certificate,
                                     time_point now) {
  auto subject = read_certificate(certificate);
  if (!subject)
    return make_error(ec::unauthorized, message_of(subject.error()));
  if (auto err =
          check_signed(authority, subject->get(), X509_PURPOSE_SSL_CLIENT, now))
    return err;
  auto who = identity_of(subject->get());
  if (who.user.empty())
    return make_error(ec::unauthorized, "certificate refused: no common name");
  return who;
}

expected<std::string> authority_hash(std::string_view certificate) {
  auto x = read_certificate(certificate);
  if (!x)
    return std::move(x.error());
  unsigned char* bytes = nullptr;
  auto size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x->get()), &bytes);
  if (size <= 0)
    return openssl_error("the certificate has no public key");
  auto hash =
      sha256({reinterpret_cast<char*>(bytes), static_cast<size_t>(size)});
  OPENSSL_free(bytes);
  return "sha256:" + hex_encode(hash);
}

expected<std::string> serial_of(std::string_view certificate) {
  auto x = read_certificate(certificate);
  if (!x)
    return std::move(x.error());
  auto* number = X509_get0_serialNumber(x->get());
  return hex_encode(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
       static_cast<size_t>(ASN1_STRING_length(number))});
}

} // namespace troupe::crypto

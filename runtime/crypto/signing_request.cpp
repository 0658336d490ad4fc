#include "runtime/crypto/signing_request.hpp"

#include "runtime/crypto/certify.hpp"
#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/serving_request.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

namespace troupe::crypto {

namespace {

using request_handle = handle<X509_REQ, X509_REQ_free>;
using extension_handle = handle<X509_EXTENSION, X509_EXTENSION_free>;

void free_extensions(X509_EXTENSIONS* all) {
  sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}
using extensions_handle = handle<X509_EXTENSIONS, free_extensions>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

bio_handle reader(std::string_view text) {
  return bio_handle{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

expected<request_handle> read_request(std::string_view pem) {
  auto in = reader(pem);
  request_handle result{
      PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr)};
  if (!result)
    return openssl_error("no certificate signing request in the PEM text");
  return result;
}

bool add_alternatives(X509_REQ* request, const server_names& names) {
  auto all = to_alternatives(names);
  if (!all)
    return false;
  extension_handle one{X509V3_EXT_i2d(NID_subject_alt_name, 0, all.get())};
  extensions_handle list{sk_X509_EXTENSION_new_null()};
  if (!one || !list || sk_X509_EXTENSION_push(list.get(), one.get()) <= 0)
    return false;
  one.release();
  return X509_REQ_add_extensions(request, list.get()) == 1;
}

expected<std::string> to_text(X509_REQ* request) {
  bio_handle text{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_X509_REQ(text.get(), request) != 1)
    return openssl_error("cannot write the signing request as PEM");
  return text_of(text.get());
}

expected<std::string> to_text(EVP_PKEY* key) {
  bio_handle text{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PKCS8PrivateKey(text.get(), key, nullptr, nullptr, 0,
                                    nullptr, nullptr)
      != 1)
    return openssl_error("cannot write the key as PEM");
  return text_of(text.get());
}

// What is signed in place of a nonce: a request is new each time.
std::string return_text(std::string_view request) {
  return "troupe return 1\n" + sha256(request);
}

/// All certificates of a text.
std::vector<certificate_handle> read_chain(std::string_view pem) {
  std::vector<certificate_handle> result;
  auto in = reader(pem);
  constexpr size_t longest = 16;
  while (result.size() < longest) {
    certificate_handle next{
        PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    if (!next)
      break;
    result.push_back(std::move(next));
  }
  ERR_clear_error(); // the end of the text counts as one
  return result;
}

} // namespace

expected<signing_request> request_certificate(const identity& who,
                                              const server_names& names) {
  if (auto err = check_identity(who))
    return err;
  key_handle key{EVP_EC_gen("P-256")};
  request_handle request{X509_REQ_new()};
  if (!key || !request)
    return openssl_error("cannot make a P-256 key");
  auto* subject = X509_REQ_get_subject_name(request.get());
  auto ok = X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1
            && X509_REQ_set_pubkey(request.get(), key.get()) == 1;
  for (auto& group : who.groups)
    ok = ok && add_name(subject, NID_organizationName, group);
  if (!ok || !add_name(subject, NID_commonName, who.user))
    return openssl_error("cannot fill the signing request");
  auto serves = !names.dns.empty() || !names.addresses.empty();
  if (serves && !add_alternatives(request.get(), names))
    return openssl_error("signing request of " + who.user
                         + ": a name or address of the server is invalid");
  if (X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return openssl_error("cannot sign the signing request of " + who.user);
  auto key_text = to_text(key.get());
  auto request_text = to_text(request.get());
  if (!key_text || !request_text)
    return key_text ? std::move(request_text.error())
                    : std::move(key_text.error());
  return signing_request{std::move(*key_text), std::move(*request_text)};
}

expected<asked_certificate> inspect_request(std::string_view pem) {
  auto request = read_request(pem);
  if (!request)
    return std::move(request.error());
  auto* x = request->get();
  auto* key = X509_REQ_get0_pubkey(x);
  if (key == nullptr || X509_REQ_verify(x, key) != 1)
    return openssl_error("the signing request is not signed by its own key");
  asked_certificate out;
  out.who = identity_in(X509_REQ_get_subject_name(x));
  extensions_handle all{X509_REQ_get_extensions(x)};
  if (all) {
    name_handle names{static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(all.get(), NID_subject_alt_name, nullptr, nullptr))};
    out.names = from_alternatives(names.get());
  }
  ERR_clear_error();
  return out;
}

namespace {

expected<std::string> sign(const credential& authority, std::string_view pem,
                           const identity& who, const server_names& names,
                           time_point now, std::chrono::seconds lifetime,
                           bool serves_only) {
  if (auto asked = inspect_request(pem); !asked)
    return std::move(asked.error());
  auto request = read_request(pem);
  if (!request)
    return std::move(request.error());
  auto certificate = certify(authority, X509_REQ_get0_pubkey(request->get()),
                             who, names, now, lifetime, serves_only);
  if (!certificate)
    return std::move(certificate.error());
  return to_pem(certificate->get());
}

} // namespace

expected<std::string> sign_request(const credential& authority,
                                   std::string_view pem, const identity& who,
                                   const server_names& names, time_point now,
                                   std::chrono::seconds lifetime) {
  return sign(authority, pem, who, names, now, lifetime, false);
}

expected<std::string>
sign_serving_request(const credential& authority, std::string_view pem,
                     const identity& who, const server_names& names,
                     time_point now, std::chrono::seconds lifetime) {
  return sign(authority, pem, who, names, now, lifetime, true);
}

bool is_of_same_key(std::string_view certificate, std::string_view request) {
  auto x = read_certificate(certificate);
  auto asked = read_request(request);
  auto same = x && asked
              && EVP_PKEY_eq(X509_get0_pubkey(x->get()),
                             X509_REQ_get0_pubkey(asked->get()))
                     == 1;
  ERR_clear_error();
  return same;
}

expected<proof> prove_return(const credential& earlier,
                             std::string_view request) {
  return make_proof(earlier, return_text(request));
}

expected<identity> verify_return(std::string_view authority, const proof& x,
                                 std::string_view request, time_point now) {
  auto info = inspect_certificate(x.certificate);
  if (!info)
    return make_error(ec::unauthorized, message_of(info.error()));
  // Who was away for long comes back all the same: it holds the key.
  auto at = std::min(now, info->not_after - std::chrono::seconds{1});
  return verify_proof(authority, x, return_text(request), at);
}

expected<std::string> check_server_chain(std::string_view chain,
                                         std::string_view hash,
                                         time_point now) {
  auto all = read_chain(chain);
  if (all.empty())
    return make_error(ec::unauthorized, "the server shows no certificate");
  for (auto& each : all) {
    auto pem = to_pem(each.get());
    if (!pem)
      return pem;
    auto found = authority_hash(*pem);
    if (!found || !equal_secrets(*found, hash)
        || X509_check_ca(each.get()) != 1)
      continue;
    auto who = identity_in(X509_get_subject_name(all.front().get()));
    if (auto err =
            check_signed(*pem, all.front().get(), X509_PURPOSE_SSL_SERVER, now))
      return err;
    if (who.user != server_user)
      return make_error(ec::unauthorized, "the certificate that it shows is "
                                          "that of "
                                              + who.user + ", no server's");
    return pem;
  }
  return make_error(ec::unauthorized, "the authority of that server is not the "
                                      "one that the token names: another "
                                      "cluster, or somebody who poses as one");
}

} // namespace troupe::crypto

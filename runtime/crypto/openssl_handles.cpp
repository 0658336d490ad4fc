#include "runtime/crypto/openssl_handles.hpp"

#include "runtime/crypto/certify.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace troupe::crypto {

namespace {

bio_handle reader(std::string_view text) {
  return bio_handle{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

// An encrypted key must fail, not ask at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

} // namespace

caf::error openssl_error(std::string_view what) {
  std::string text{what};
  if (auto code = ERR_peek_last_error()) {
    char reason[256];
    ERR_error_string_n(code, reason, sizeof(reason));
    // error:CODE:LIBRARY:FUNCTION:REASON: the last part is for people.
    std::string_view all{reason};
    text += ": ";
    text += all.substr(all.rfind(':') + 1);
  }
  ERR_clear_error();
  return make_error(ec::invalid, std::move(text));
}

expected<key_handle> read_key(std::string_view pem) {
  auto in = reader(pem);
  key_handle key{
      PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)};
  if (!key)
    return openssl_error("no private key in the PEM text");
  return key;
}

expected<certificate_handle> read_certificate(std::string_view pem) {
  auto in = reader(pem);
  certificate_handle certificate{
      PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)};
  if (!certificate)
    return openssl_error("no certificate in the PEM text");
  return certificate;
}

expected<credential> to_credential(EVP_PKEY* key, X509* certificate) {
  bio_handle key_text{BIO_new(BIO_s_mem())};
  bio_handle certificate_text{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0,
                                    nullptr, nullptr)
          != 1
      || PEM_write_bio_X509(certificate_text.get(), certificate) != 1)
    return openssl_error("cannot write the key and certificate as PEM");
  return credential{text_of(key_text.get()), text_of(certificate_text.get())};
}

expected<std::string> to_pem(X509* certificate) {
  bio_handle text{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_X509(text.get(), certificate) != 1)
    return openssl_error("cannot write the certificate as PEM");
  return text_of(text.get());
}

} // namespace troupe::crypto

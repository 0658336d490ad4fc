#include "runtime/crypto/proof.hpp"

#include "runtime/crypto/openssl_handles.hpp"
#include "runtime/crypto/random.hpp"

#include <openssl/err.h>

namespace troupe::crypto {

namespace {

// Keeps a signature made here from being taken for one made elsewhere with the
// same key, such as in a TLS handshake.
std::string signed_text(std::string_view nonce) {
  std::string out{"troupe session proof 1\n"};
  out += nonce;
  return out;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::string new_nonce() {
  return random_bytes(32);
}

expected<proof> make_proof(const credential& mine, std::string_view nonce) {
  auto key = read_key(mine.key);
  if (!key)
    return std::move(key.error());
  auto text = signed_text(nonce);
  digest_handle ctx{EVP_MD_CTX_new()};
  size_t size = 0;
  if (EVP_DigestSignInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key->get())
          != 1
      || EVP_DigestSign(ctx.get(), nullptr, &size, bytes_of(text), text.size())
             != 1)
    return openssl_error("cannot sign the nonce");
  proof out{mine.certificate, std::string(size, '\0')};
  if (EVP_DigestSign(ctx.get(),
                     reinterpret_cast<unsigned char*>(out.signature.data()),
                     &size, bytes_of(text), text.size())
      != 1)
    return openssl_error("cannot sign the nonce");
  out.signature.resize(size);
  return out;
}

expected<identity> verify_proof(std::string_view authority, const proof& x,
                                std::string_view nonce, time_point now) {
  auto who = check_certificate(authority, x.certificate, now);
  if (!who)
    return who;
  auto certificate = read_certificate(x.certificate);
  if (!certificate)
    return std::move(certificate.error());
  auto text = signed_text(nonce);
  digest_handle ctx{EVP_MD_CTX_new()};
  if (EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha256(), nullptr,
                           X509_get0_pubkey(certificate->get()))
          != 1
      || EVP_DigestVerify(ctx.get(), bytes_of(x.signature), x.signature.size(),
                          bytes_of(text), text.size())
             != 1) {
    ERR_clear_error();
    return make_error(ec::unauthorized,
                      "the signature over the nonce is not by the key of "
                          + who->user);
  }
  return who;
}

} // namespace troupe::crypto

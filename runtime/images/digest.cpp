#include "runtime/images/digest.hpp"

#include "runtime/crypto/encoding.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace troupe::images {

namespace {

const EVP_MD* method_of(std::string_view algorithm) {
  if (algorithm == "sha512")
    return EVP_sha512();
  return algorithm == "sha384" ? EVP_sha384() : EVP_sha256();
}

size_t digits_of(std::string_view algorithm) {
  if (algorithm == "sha256")
    return 64;
  if (algorithm == "sha384")
    return 96;
  return algorithm == "sha512" ? 128 : 0;
}

constexpr auto digits = "0123456789abcdef";

bool is_word(std::string_view text) {
  return !text.empty()
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.+_-")
                == text.npos;
}

} // namespace

void hasher::end::operator()(evp_md_ctx_st* ctx) const {
  EVP_MD_CTX_free(ctx);
}

hasher::hasher(std::string_view algorithm)
    : algorithm_(digits_of(algorithm) == 0 ? "sha256" : algorithm),
      ctx_(EVP_MD_CTX_new()) {
  if (!ctx_
      || EVP_DigestInit_ex(ctx_.get(), method_of(algorithm_), nullptr) != 1)
    throw std::runtime_error("no hash of kind " + algorithm_);
}

void hasher::update(std::string_view bytes) {
  EVP_DigestUpdate(ctx_.get(), bytes.data(), bytes.size());
}

std::string hasher::finish() {
  std::string hash(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_DigestFinal_ex(ctx_.get(), reinterpret_cast<unsigned char*>(hash.data()),
                     &size);
  hash.resize(size);
  return algorithm_ + ":" + crypto::hex_encode(hash);
}

std::string digest_of(std::string_view bytes) {
  hasher hash;
  hash.update(bytes);
  return hash.finish();
}

std::string digest_problem(std::string_view text) {
  auto colon = text.find(':');
  if (colon == text.npos || !is_word(text.substr(0, colon)))
    return "invalid checksum digest format";
  auto wanted = digits_of(text.substr(0, colon));
  if (wanted == 0)
    return "unsupported digest algorithm";
  auto hex = text.substr(colon + 1);
  if (hex.size() != wanted)
    return "invalid checksum digest length";
  if (hex.find_first_not_of(digits) != hex.npos)
    return "invalid checksum digest format";
  return {};
}

std::string_view algorithm_of(std::string_view digest) {
  return digest.substr(0, digest.find(':'));
}

std::string_view hex_of(std::string_view digest) {
  return digest.substr(digest.find(':') + 1);
}

std::string chain_id(const std::string& parent, const std::string& diff_id) {
  if (!parent.empty())
    return digest_of(parent + " " + diff_id);
  return algorithm_of(diff_id) == "sha256" ? diff_id : digest_of(diff_id);
}

} // namespace troupe::images

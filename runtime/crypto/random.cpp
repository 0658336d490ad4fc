#include "runtime/crypto/random.hpp"

#include "runtime/crypto/encoding.hpp"

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace troupe::crypto {

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()),
                 static_cast<int>(count))
      != 1)
    throw std::runtime_error("the system gives no random bytes");
  return out;
}

std::string new_secret() {
  return base64url_encode(random_bytes(32));
}

std::string random_word(size_t length) {
  static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < length)
    for (auto c : random_bytes(length)) {
      // 252 is the largest multiple of 36 in a byte: no letter is favoured.
      auto value = static_cast<uint8_t>(c);
      if (value < 252 && out.size() < length)
        out += letters[value % 36];
    }
  return out;
}

std::string uid_from(uint64_t high, uint64_t low) {
  high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
  low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
  std::string bytes;
  for (auto word : {high, low})
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(word >> shift & 255);
  auto digits = hex_encode(bytes);
  for (auto place : {20, 16, 12, 8})
    digits.insert(static_cast<size_t>(place), 1, '-');
  return digits;
}

} // namespace troupe::crypto

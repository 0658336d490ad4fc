#include "runtime/crypto/json_web_token.hpp"

#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/openssl_handles.hpp"

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace troupe::crypto {

namespace {

using nlohmann::json;
using number_handle = handle<BIGNUM, BN_free>;
using signature_handle = handle<ECDSA_SIG, ECDSA_SIG_free>;

constexpr auto by_curve = "ES256";
constexpr auto by_rsa = "RS256";

/// Of each of the two numbers of a signature by P-256, and of a coordinate.
constexpr int curve_bytes = 32;

/// No token of ours is nearly as long.
constexpr size_t longest_token = 64u << 10;

constexpr int least_rsa_bits = 2048;

caf::error malformed() {
  return make_error(ec::invalid, "that is no signed token");
}

int no_passphrase(char*, int, int, void*) {
  return -1;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::array<int8_t, 256> decoding_table() {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  return table;
}

/// What our tokens say of themselves is one level deep.
expected<json> parse_header(const std::string& text) {
  auto too_deep = false;
  auto filter = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > 4;
    return !too_deep;
  };
  auto result = json::parse(text, filter, false);
  if (too_deep || !result.is_object())
    return malformed();
  return result;
}

/// Returns the member that is a text; "" where there is none.
expected<std::string> text_in(const json& header, const char* name) {
  auto found = header.find(name);
  if (found == header.end())
    return std::string{};
  if (!found->is_string())
    return malformed();
  return found->get<std::string>();
}

std::string padded(const BIGNUM* number, int size) {
  std::string out(static_cast<size_t>(size), '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), size)
      < 0)
    return {};
  return out;
}

/// RFC 7518, 3.4: both numbers one after the other, not OpenSSL's DER.
expected<std::string> to_plain(const std::string& der) {
  auto* at = bytes_of(der);
  signature_handle parts{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  if (!parts)
    return openssl_error("cannot read the signature");
  return padded(ECDSA_SIG_get0_r(parts.get()), curve_bytes)
         + padded(ECDSA_SIG_get0_s(parts.get()), curve_bytes);
}

/// The reverse; "" for what is no signature.
std::string to_der(const std::string& plain) {
  if (plain.size() != 2 * curve_bytes)
    return {};
  signature_handle parts{ECDSA_SIG_new()};
  auto* r = BN_bin2bn(bytes_of(plain), curve_bytes, nullptr);
  auto* s = BN_bin2bn(bytes_of(plain) + curve_bytes, curve_bytes, nullptr);
  if (!parts || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* out = nullptr;
  auto size = i2d_ECDSA_SIG(parts.get(), &out);
  if (size <= 0)
    return {};
  std::string result(reinterpret_cast<char*>(out), static_cast<size_t>(size));
  OPENSSL_free(out);
  return result;
}

number_handle number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &out) != 1)
    ERR_clear_error();
  return number_handle{out};
}

/// As Kubernetes names keys: the hash of the public key.
std::string id_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  auto size = i2d_PUBKEY(key, &der);
  if (size <= 0)
    return {};
  auto hash = sha256({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return base64url_encode(hash);
}

} // namespace

struct token_keys::key {
  key_handle handle;
  std::string algorithm;
  std::string id;
  std::string header; ///< of the tokens that it signs, as it is sent

  json to_public() const;
};

json token_keys::key::to_public() const {
  json result{{"use", "sig"}, {"kid", id}, {"alg", algorithm}};
  if (algorithm == by_curve) {
    auto x = number_of(handle.get(), OSSL_PKEY_PARAM_EC_PUB_X);
    auto y = number_of(handle.get(), OSSL_PKEY_PARAM_EC_PUB_Y);
    result["kty"] = "EC";
    result["crv"] = "P-256";
    result["x"] = base64url_encode(padded(x.get(), curve_bytes));
    result["y"] = base64url_encode(padded(y.get(), curve_bytes));
    return result;
  }
  auto n = number_of(handle.get(), OSSL_PKEY_PARAM_RSA_N);
  auto e = number_of(handle.get(), OSSL_PKEY_PARAM_RSA_E);
  result["kty"] = "RSA";
  result["n"] = base64url_encode(padded(n.get(), BN_num_bytes(n.get())));
  result["e"] = base64url_encode(padded(e.get(), BN_num_bytes(e.get())));
  return result;
}

bool looks_like_web_token(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 2;
}

expected<std::string> base64url_decode(std::string_view text) {
  static const auto table = decoding_table();
  if (text.size() % 4 == 1)
    return make_error(ec::invalid, "not base64url: wrong length");
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t word = 0;
  int bits = 0;
  for (auto c : text) {
    auto value = table[static_cast<uint8_t>(c)];
    if (value < 0)
      return make_error(ec::invalid, "not base64url: unexpected character");
    word = (word << 6 | static_cast<uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(word >> bits & 255);
    }
  }
  // One spelling only: a token cannot be changed and stay the same.
  if ((word & ((1u << bits) - 1)) != 0)
    return make_error(ec::invalid, "not base64url: bits are left over");
  return out;
}

expected<json_web_token> parse_json_web_token(std::string_view text) {
  if (text.size() > longest_token || !looks_like_web_token(text))
    return malformed();
  auto first = text.find('.');
  auto second = text.find('.', first + 1);
  auto header_text = base64url_decode(text.substr(0, first));
  auto payload = base64url_decode(text.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(text.substr(second + 1));
  if (!header_text || !payload || !signature || signature->empty())
    return malformed();
  auto header = parse_header(*header_text);
  if (!header || header->contains("crit"))
    return malformed();
  auto algorithm = text_in(*header, "alg");
  auto key_id = text_in(*header, "kid");
  if (!algorithm || algorithm->empty() || !key_id)
    return malformed();
  return json_web_token{
      std::move(*algorithm), std::move(*key_id), std::move(*payload),
      std::string{text.substr(0, second)}, std::move(*signature)};
}

expected<std::string> make_token_key() {
  key_handle key{EVP_EC_gen("P-256")};
  bio_handle text{BIO_new(BIO_s_mem())};
  if (!key
      || PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr,
                                       0, nullptr, nullptr)
             != 1)
    return openssl_error("cannot make a key for tokens");
  char* data = nullptr;
  auto size = BIO_get_mem_data(text.get(), &data);
  return std::string{data, static_cast<size_t>(size)};
}

expected<token_keys> token_keys::parse(std::string_view pem) {
  token_keys result;
  bio_handle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  while (auto* found = PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase,
                                               nullptr)) {
    auto made = std::make_shared<key>();
    made->handle.reset(found);
    auto curve = EVP_PKEY_is_a(found, "EC") == 1;
    auto rsa = EVP_PKEY_is_a(found, "RSA") == 1;
    if ((curve && EVP_PKEY_get_bits(found) != 8 * curve_bytes)
        || (rsa && EVP_PKEY_get_bits(found) < least_rsa_bits)
        || (!curve && !rsa))
      return make_error(ec::invalid, "a key for tokens must be of P-256, or "
                                     "RSA of 2048 bits or more");
    made->algorithm = curve ? by_curve : by_rsa;
    made->id = id_of(found);
    json header{{"alg", made->algorithm}, {"kid", made->id}};
    made->header = base64url_encode(header.dump());
    result.keys_.push_back(std::move(made));
  }
  ERR_clear_error();
  if (result.keys_.empty())
    return make_error(ec::invalid, "no private key in the PEM text");
  return result;
}

expected<std::string> token_keys::sign(std::string_view payload) const {
  auto& with = *keys_.front();
  auto result = with.header + "." + base64url_encode(payload);
  digest_handle ctx{EVP_MD_CTX_new()};
  size_t size = 0;
  if (EVP_DigestSignInit(ctx.get(), nullptr, EVP_sha256(), nullptr,
                         with.handle.get())
          != 1
      || EVP_DigestSign(ctx.get(), nullptr, &size, bytes_of(result),
                        result.size())
             != 1)
    return openssl_error("cannot sign the token");
  std::string signature(size, '\0');
  if (EVP_DigestSign(ctx.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(result), result.size())
      != 1)
    return openssl_error("cannot sign the token");
  signature.resize(size);
  if (with.algorithm == by_curve) {
    auto plain = to_plain(signature);
    if (!plain)
      return plain;
    signature = std::move(*plain);
  }
  return result + "." + base64url_encode(signature);
}

caf::error token_keys::verify(const json_web_token& token) const {
  for (auto& each : keys_) {
    // The key says by which algorithm, not the token.
    if (each->algorithm != token.algorithm
        || (!token.key_id.empty() && each->id != token.key_id))
      continue;
    auto signature =
        each->algorithm == by_curve ? to_der(token.signature) : token.signature;
    digest_handle ctx{EVP_MD_CTX_new()};
    if (!signature.empty()
        && EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha256(), nullptr,
                                each->handle.get())
               == 1
        && EVP_DigestVerify(ctx.get(), bytes_of(signature), signature.size(),
                            bytes_of(token.signing_input),
                            token.signing_input.size())
               == 1)
      return caf::none;
    ERR_clear_error();
  }
  return make_error(ec::unauthorized, "no key of ours signed the token");
}

std::string token_keys::public_set() const {
  auto all = json::array();
  for (auto& each : keys_)
    all.push_back(each->to_public());
  return json{{"keys", std::move(all)}}.dump();
}

std::vector<std::string> token_keys::algorithms() const {
  std::vector<std::string> result;
  for (auto& each : keys_)
    if (std::find(result.begin(), result.end(), each->algorithm)
        == result.end())
      result.push_back(each->algorithm);
  return result;
}

std::string sign_detached(std::string_view content, std::string_view key_id,
                          std::string_view secret) {
  json header{{"alg", "HS256"}, {"kid", key_id}};
  auto head = base64url_encode(header.dump());
  auto input = head + "." + base64url_encode(content);
  std::string signature(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       bytes_of(input), input.size(),
       reinterpret_cast<unsigned char*>(signature.data()), &size);
  signature.resize(size);
  return head + ".." + base64url_encode(signature);
}

} // namespace troupe::crypto

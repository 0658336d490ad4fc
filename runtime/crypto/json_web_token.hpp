#pragma once

#include "messages/errors.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::crypto {

/// A signed token taken apart (RFC 7515, compact form). Nothing in it is to be
/// believed before `token_keys::verify`.
struct json_web_token {
  std::string algorithm; ///< "ES256"
  std::string key_id;    ///< "" where it names none
  std::string payload;   ///< a JSON object, as text
  std::string signing_input;
  std::string signature; ///< bytes
};

/// Whether a text could be such a token, so that it is worth a look.
bool looks_like_web_token(std::string_view text);

/// Takes a token apart; ec::invalid for what is none. The error never repeats
/// any of it. Tokens with critical headers are none: we understand no such.
expected<json_web_token> parse_json_web_token(std::string_view text);

/// Returns what base64url without padding spells; ec::invalid for other text.
expected<std::string> base64url_decode(std::string_view text);

/// Returns a new P-256 key, PEM.
expected<std::string> make_token_key();

/// Where these keys lie in the key directory of a cluster, PEM.
constexpr auto token_keys_file = "sa.pem";

/// The keys by which a cluster signs tokens: the first of them signs, all are
/// believed. Does not change; any thread may use it.
class token_keys {
public:
  /// Reads private keys, P-256 or RSA of 2048 bits or more. Fails when there
  /// is none, or one of another kind.
  static expected<token_keys> parse(std::string_view pem);

  /// Returns a token with that payload, a JSON object.
  expected<std::string> sign(std::string_view payload) const;

  /// Returns nothing when one of the keys signed the token by its own
  /// algorithm; else ec::unauthorized.
  caf::error verify(const json_web_token& token) const;

  /// Returns the public keys as RFC 7517 spells them.
  std::string public_set() const;

  /// Returns by which algorithms the keys sign, each once.
  std::vector<std::string> algorithms() const;

private:
  struct key;

  std::vector<std::shared_ptr<const key>> keys_;
};

/// Signs a text that does not travel in the token (RFC 7515, appendix F) by
/// HMAC with SHA-256: "HEADER..SIGNATURE".
std::string sign_detached(std::string_view content, std::string_view key_id,
                          std::string_view secret);

} // namespace troupe::crypto

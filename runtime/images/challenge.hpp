#pragma once

#include "messages/errors.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::images {

/// What a registry asks for before it answers (RFC 7235).
struct challenge {
  std::string scheme; ///< in lower case: bearer, basic
  std::map<std::string, std::string> parameters; ///< names in lower case
};

/// Reads the values of WWW-Authenticate, each of which may hold several. What
/// cannot be understood is left out.
std::vector<challenge> parse_challenges(const std::vector<std::string>& values);

/// Returns where a token is got: realm with service and scope as its query.
/// `scope` stands in where the challenge names none.
std::string token_url(const challenge& bearer, const std::string& scope);

/// Reads what a token service answers; ec::unauthorized without a token.
expected<std::string> read_token(std::string_view json);

/// Returns `text` with all but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

} // namespace troupe::images

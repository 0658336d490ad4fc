#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/rules/access.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::core::v1 {
class Secret;
} // namespace troupe::core::v1

/// Tokens that somebody wrote down: in a file of the server, or as bootstrap
/// tokens of the cluster.
namespace troupe::rules {

/// Who shows which token, by the hash of the token (SHA-256), so that a look-up
/// takes as long for one as for another.
using known_tokens = std::map<std::string, caller>;

/// Reads a file of lines `token,user,uid,"group1,group2"`, as Kubernetes'
/// --token-auth-file has it. Lines with an empty token are left out. Fails with
/// ec::invalid and the number of a line with fewer than three columns, or with
/// a quote that is not closed; never repeats a token.
expected<known_tokens> parse_token_file(std::string_view text);

/// Returns who shows a token; nothing for one that is not known.
std::optional<caller> find_token(const known_tokens& all,
                                 std::string_view token);

/// The parts of a bootstrap token, ID.SECRET.
struct bootstrap_parts {
  std::string id;
  std::string secret;
};

/// Returns the parts of a text that has the form of a bootstrap token.
std::optional<bootstrap_parts> bootstrap_parts_of(std::string_view text);

/// Returns who shows a bootstrap token that this Secret holds:
/// system:bootstrap:ID in system:bootstrappers and the token's own groups.
/// Nothing when the secret is another, the token is over, or not for that.
std::optional<caller> bootstrap_caller(const core::v1::Secret& secret,
                                       const bootstrap_parts& shown,
                                       time_point now);

/// Returns the token of an Authorization header that is a bearer's; nothing
/// for other schemes and for an empty one.
std::optional<std::string> bearer_token(std::string_view authorization);

/// The same of a WebSocket's list of protocols, which is all a browser can say:
/// "" when there is none, nothing for what is meant for one and is none, or
/// leaves no protocol in `rest` to answer with.
std::optional<std::string> bearer_protocol(std::string_view protocols,
                                           std::string& rest);

} // namespace troupe::rules

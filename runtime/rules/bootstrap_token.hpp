#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class Secret;
} // namespace troupe::core::v1

/// Tokens by which processes join, kept as Kubernetes keeps its bootstrap
/// tokens: Secrets of a type of their own in kube-system. What Kubernetes does
/// not know of them, how often they may be used and what they let in, are
/// further keys of the Secret.
namespace troupe::rules {

/// What a joining process can be.
enum class join_role : uint8_t { node, component, server };

std::string_view to_string(join_role x);

/// Fails with ec::bad_request for a word that is none.
expected<join_role> parse_join_role(std::string_view word);

struct bootstrap_token {
  std::string id;     ///< six of a-z0-9
  std::string secret; ///< sixteen of them
  std::string description;
  std::optional<time_point> expires; ///< never without
  std::optional<uint32_t> uses_left; ///< any number without
  std::vector<join_role> roles{join_role::node};
  bool for_authentication = true;
  bool for_signing = true;
  std::vector<std::string> groups{default_group};

  static constexpr auto default_group =
      "system:bootstrappers:troupe:default-node-token";

  bool operator==(const bootstrap_token&) const = default;

  bool lets_in(join_role role) const;
};

constexpr auto bootstrap_token_type = "bootstrap.kubernetes.io/token";
constexpr auto bootstrap_token_namespace = "kube-system";

/// Returns the name of the Secret of a token: bootstrap-token-ID.
std::string bootstrap_token_name(std::string_view id);

/// Whether a text is six, or sixteen, lower-case letters and digits.
bool is_token_id(std::string_view text);
bool is_token_secret(std::string_view text);

/// Returns the Secret that holds a token.
core::v1::Secret to_secret(const bootstrap_token& token);

/// Returns the token that a Secret holds; ec::invalid with what is wrong in it.
/// A token whose expiry cannot be read is none.
expected<bootstrap_token> read_bootstrap_token(const core::v1::Secret& secret);

/// Returns by what a request to join is known when it comes again: it is of the
/// same key for the same place in the cluster. Of a fixed length.
std::string request_mark(join_role role, std::string_view name,
                         std::string_view signing_request);

/// For so long a request that took a use may come again and take no other. Not
/// longer: who had to leave does not come back by a token that is used up.
constexpr std::chrono::minutes use_patience{2};

/// Returns the same Secret with one use less, taken by the request of that
/// mark. Precondition: it has a limit, and a use left.
core::v1::Secret with_one_use_less(const core::v1::Secret& secret,
                                   const std::string& mark, time_point now);

/// Whether a request has taken a use a moment ago.
bool has_taken_use(const core::v1::Secret& secret, std::string_view mark,
                   time_point now);

/// Why a token does not let somebody in.
enum class token_problem : uint8_t {
  none,
  wrong,
  expired,
  used_up,
  wrong_role
};

/// Whether the token lets in who shows `secret`. What else is wrong is told
/// only to who knows the secret.
token_problem check_token(const bootstrap_token& token, std::string_view secret,
                          join_role role, time_point now);

/// What people copy: ID.SECRET@sha256:HASH, the hash of the authority's key.
struct join_token {
  std::string id;
  std::string secret;
  std::string authority_hash; ///< "sha256:..."

  bool operator==(const join_token&) const = default;
};

std::string to_string(const join_token& x);

/// Fails with ec::bad_request; the error never repeats the text.
expected<join_token> parse_join_token(std::string_view text);

} // namespace troupe::rules

#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/access.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::authentication::v1 {
class TokenRequest;
} // namespace troupe::authentication::v1

namespace troupe::core::v1 {
class Secret;
class ServiceAccount;
} // namespace troupe::core::v1

/// The tokens of service accounts: what they say, and whether it holds.
namespace troupe::rules {

/// Who issues them, and for whom they are unless something else is asked for.
constexpr auto token_issuer = "https://kubernetes.default.svc.cluster.local";

/// Who issues those that are kept in Secrets, and never end.
constexpr auto lasting_issuer = "kubernetes/serviceaccount";

/// One object that a token speaks of.
struct token_object {
  std::string name;
  std::string uid;

  bool operator==(const token_object&) const = default;
  explicit operator bool() const { return !name.empty(); }
};

/// What a token says.
struct account_claims {
  std::string ns;
  token_object account;
  token_object pod;    ///< the token ends with it
  token_object secret; ///< the same
  token_object node;   ///< the same, unless it is of a pod: then only told
  std::vector<std::string> audiences;
  std::string id; ///< "" where it has none
  std::optional<time_point> issued;
  std::optional<time_point> begins;
  std::optional<time_point> ends;
  /// When a token that lives longer than was asked should have been replaced.
  std::optional<time_point> warn_after;
  bool lasting = false; ///< of a Secret: without audience and end

  bool operator==(const account_claims&) const = default;
};

/// Returns the payload of the token, a JSON object.
std::string to_payload(const account_claims& x);

/// Reads a payload; ec::unauthorized where it is not one of ours. Whether it
/// holds now is another question.
expected<account_claims> read_payload(std::string_view text);

/// Clocks differ by so much.
constexpr std::chrono::minutes token_leeway{1};

/// Returns for which of `wanted` the token is; ec::unauthorized when for none,
/// and when its time has not come or is over. A token without audience is for
/// the API server alone.
expected<std::vector<std::string>>
check_claims(const account_claims& x, const std::vector<std::string>& wanted,
             time_point now);

/// Fails with ec::unauthorized unless the object that a token names is there:
/// it has that uid and has not been ending for longer than the leeway. `word`
/// is as errors name it. An empty uid is any.
caf::error check_token_object(const object& found, const token_object& named,
                              std::string_view word, time_point now);

/// Returns who shows a token that holds.
caller caller_of(const account_claims& x);

/// What is asked for, made whole: audiences and lifetime as Kubernetes has
/// them by default.
void set_token_defaults(authentication::v1::TokenRequest& request);

/// Returns what a token for such a request says. `account` is who asks; `pod`,
/// if any, the pod that it is bound to. A token for the API server in a pod
/// that asks for 3607 s, as admission does, lives for a year, as programs may
/// not read it anew; `warn_after` is the end that was asked for.
account_claims claims_for(const authentication::v1::TokenRequest& request,
                          const object& account, const object& pod,
                          time_point now, std::string id);

/// Returns the end that is told of it.
time_point told_end(const account_claims& x);

// -- Secrets that hold tokens -------------------------------------------------

constexpr auto account_token_type = "kubernetes.io/service-account-token";
constexpr auto account_name_annotation = "kubernetes.io/service-account.name";
constexpr auto account_uid_annotation = "kubernetes.io/service-account.uid";

/// Whether a Secret is to hold a token.
bool is_account_token(const core::v1::Secret& secret);

/// Whether it is of that account: of its name, and of its uid if it names one.
bool is_token_of(const object& secret, const object& account);

/// Returns what the token of a Secret says.
account_claims lasting_claims(const object& secret, const object& account);

/// Returns the Secret with what it lacks: token, authority and namespace; none
/// where it lacks nothing. `token` makes one when it is needed; "" is none.
object filled_token_secret(const object& secret, const object& account,
                           const std::string& authority,
                           const std::function<std::string()>& token);

/// Returns the Secret that an account gets of itself; it holds nothing yet. Its
/// name is always the same for one account and the name of the lost one that it
/// takes the place of, if any.
object own_token_secret(const object& account, const std::string& lost = {});

/// Returns the name of a Secret that an account lists as one of its own, and
/// that is not among its Secrets; "" for none. It may have come since.
std::string lost_secret(const object& account,
                        const std::vector<object>& secrets);

/// Returns the account with that Secret in its list ("" for no other) in place
/// of the lost one; none where nothing changes.
object with_secret(const object& account, const std::string& name,
                   const std::string& lost = {});

} // namespace troupe::rules

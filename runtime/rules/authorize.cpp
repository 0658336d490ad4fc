#include "runtime/rules/authorize.hpp"

#include "runtime/rules/node_access.hpp"

namespace troupe::rules {

namespace {

constexpr auto scheduler_user = "system:kube-scheduler";
constexpr auto manager_user = "system:kube-controller-manager";

} // namespace

judgement judge(const rbac_policy& policy, const caller& who,
                const access& what) {
  if (who.in_group(masters_group))
    return {decision::allowed, {}};
  node_finding as_node;
  if (auto node = node_of(who); !node.empty())
    as_node = node_may(node, what);
  if (as_node.right == node_right::allowed)
    return {decision::allowed, {}};
  auto by_roles = policy.decide(who, what);
  if (by_roles.allowed)
    return {decision::allowed, by_roles.reason};
  auto reason = as_node.reason;
  if (!by_roles.reason.empty())
    reason += (reason.empty() ? "" : "\n") + by_roles.reason;
  return {as_node.right == node_right::related ? decision::related
                                               : decision::refused,
          reason};
}

namespace {

bool is_controller(const std::string& user) {
  auto accounts = controller_user("");
  return user.size() > accounts.size() && user.starts_with(accounts);
}

} // namespace

bool may_speak_for(const std::string& user, const std::string& other) {
  if (user == "kube-apiserver")
    return true;
  return user == manager_user && is_controller(other);
}

bool may_stand_for_election(const caller& who) {
  return who.user == scheduler_user || who.user == manager_user
         || is_controller(who.user);
}

} // namespace troupe::rules

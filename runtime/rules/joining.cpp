#include "runtime/rules/joining.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/rules/formats.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {

namespace {

constexpr std::array<std::string_view, 3> components{
    "kube-controller-manager", "kube-proxy", "kube-scheduler"};

} // namespace

std::string node_user(std::string_view name) {
  return "system:node:" + std::string{name};
}

expected<crypto::identity> joining_identity(join_role role,
                                            const std::string& name) {
  if (role == join_role::component) {
    if (std::find(components.begin(), components.end(), name)
        == components.end())
      return make_error(ec::invalid,
                        "\"" + name
                            + "\" is no component that joins: "
                              "kube-controller-manager, kube-proxy or "
                              "kube-scheduler");
    return crypto::identity{"system:" + name, {}};
  }
  // One without a name is given one.
  if (role == join_role::server && name.empty())
    return crypto::identity{crypto::server_user, {}};
  auto wrong = role == join_role::node ? check_dns1123_subdomain(name)
                                       : check_dns1123_label(name);
  if (!wrong.empty())
    return make_error(ec::invalid, "the name \"" + name
                                       + "\" cannot be used: " + wrong.front());
  if (role == join_role::server)
    return crypto::identity{crypto::server_user, {}};
  return crypto::identity{node_user(name), {"system:nodes"}};
}

std::string name_problem(const std::string& name, const name_state& state,
                         time_point now) {
  if (state.returns)
    return {};
  if (state.node_exists)
    return "the cluster has a node \"" + name
           + "\" already: choose another name with --name, or delete that one "
             "first (troupe delete node "
           + name + ")";
  if (state.issued && now - *state.issued < name_reservation)
    return "a node \"" + name
           + "\" has just joined and not registered yet: choose another name "
             "with --name, or try again in two minutes";
  return {};
}

std::optional<time_point> wrong_tokens::blocked(const std::string& place,
                                                time_point now) {
  auto found = seen_.find(place);
  if (found == seen_.end())
    return std::nullopt;
  auto end = found->second.since + period;
  if (end <= now) {
    seen_.erase(found);
    return std::nullopt;
  }
  return found->second.count < most ? std::nullopt : std::optional{end};
}

void wrong_tokens::note(const std::string& place, time_point now) {
  if (seen_.size() >= most_places && seen_.count(place) == 0)
    seen_.erase(std::min_element(seen_.begin(), seen_.end(),
                                 [](const auto& a, const auto& b) {
                                   return a.second.since < b.second.since;
                                 }));
  auto& one = seen_[place];
  if (one.count == 0)
    one.since = now;
  ++one.count;
}

} // namespace troupe::rules

#pragma once

#include <map>
#include <string>
#include <vector>

/// Who asks, what for, and how the answer is worded.
namespace troupe::rules {

/// Who asks.
struct caller {
  std::string user;
  std::vector<std::string> groups;
  std::string uid = {}; ///< "" for whoever has none
  std::map<std::string, std::vector<std::string>> extra = {};

  bool in_group(const std::string& group) const;
};

/// Kubernetes: may do everything, whatever the roles say.
constexpr auto masters_group = "system:masters";
constexpr auto nodes_group = "system:nodes";
constexpr auto authenticated_group = "system:authenticated";
constexpr auto unauthenticated_group = "system:unauthenticated";

/// Adds the groups that everybody is in because of who they are: service
/// accounts theirs, and all who are somebody system:authenticated.
void add_implied_groups(caller& who);

/// Returns the user of a service account.
std::string account_user(const std::string& ns, const std::string& name);

/// Returns the user that a controller of the control plane is: the service
/// account of that name in kube-system.
std::string controller_user(const std::string& name);

/// One thing that somebody wants to do.
struct access {
  std::string verb;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string ns;
  std::string name;
  std::string path;           ///< what is no resource: "/version"
  std::string field_selector; ///< of lists and watches
  std::string bound_pod;      ///< of tokens: "NAME/UID" that they end with

  /// Returns "pods" or "pods/log".
  std::string whole_resource() const;
};

/// Kubernetes: a list or watch of one name is about that one. Returns the name
/// that a field selector asks for; "" if it does not.
std::string selected_name(const std::string& field_selector);

/// The answer, and why; the reason may be empty.
struct verdict {
  bool allowed = false;
  std::string reason;
};

/// Returns the refusal as Kubernetes words it.
std::string refusal_text(const caller& who, const access& what,
                         const std::string& reason);

} // namespace troupe::rules

#pragma once

#include <string>
#include <vector>

namespace troupe::call {
class Request;
class Watch;
} // namespace troupe::call

namespace troupe::rules {

/// Who asks.
struct caller {
  std::string user;
  std::vector<std::string> groups;

  bool in_group(const std::string& group) const;
};

/// Returns why the caller may not do this, as Kubernetes words it; "" when it
/// may. Members of system:masters may do everything, the control plane's own
/// components what they are there for, a node what concerns it.
std::string refusal(const caller& who, const std::string& verb,
                    const std::string& resource, const std::string& group,
                    const std::string& ns, const std::string& name,
                    const std::string& subresource);

/// Returns whether who proved to be `user` may open sessions as `other`: a
/// server for every component of the control plane, the controller manager for
/// its controllers.
bool may_speak_for(const std::string& user, const std::string& other);

/// Returns whether the caller is the scheduler or a controller, of which there
/// may be several and one is active.
bool may_stand_for_election(const caller& who);

} // namespace troupe::rules

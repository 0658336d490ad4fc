#pragma once

#include <string>
#include <vector>

namespace troupe::rules {

/// The process whose actors are shown as they are at home.
inline constexpr const char* first_process = "server-1";

/// Returns how an actor of a process is called in the whole cluster: with the
/// name of its process in front, but for those of the first server, for
/// kubelets, which their nodes tell apart, and where it stands there already.
std::string path_in_cluster(const std::string& process,
                            const std::string& path);

/// Returns under which paths the actor that the cluster calls `path` may be
/// found in `process`, the likeliest first.
std::vector<std::string> paths_at_home(const std::string& process,
                                       const std::string& path);

/// Returns whether a process that enrolled under this name is a server: no
/// other may have such a name.
bool is_server_process(const std::string& name);

/// Returns whether a path is `top` or below it.
bool is_at_or_below(const std::string& path, const std::string& top);

/// Returns why a process may not enroll under that name and with these
/// branches; "" when it may. Servers vouch for each other, a node for itself.
std::string enrolment_refusal(const std::string& user,
                              const std::string& process,
                              const std::vector<std::string>& branches);

} // namespace troupe::rules

#include "runtime/rules/actor_paths.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

const std::string node_user = "system:node:";

bool begins_with(const std::string& text, const std::string& begin) {
  return text.rfind(begin, 0) == 0;
}

} // namespace

std::string path_in_cluster(const std::string& process,
                            const std::string& path) {
  if (process == first_process || begins_with(path, process + "/")
      || begins_with(path, "kubelet/"))
    return path;
  return process + "/" + path;
}

std::vector<std::string> paths_at_home(const std::string& process,
                                       const std::string& path) {
  std::vector<std::string> result{path};
  if (begins_with(path, process + "/"))
    result.push_back(path.substr(process.size() + 1));
  return result;
}

bool is_server_process(const std::string& name) {
  return begins_with(name, "server-");
}

bool is_at_or_below(const std::string& path, const std::string& top) {
  return path == top || begins_with(path, top + "/");
}

std::string enrolment_refusal(const std::string& user,
                              const std::string& process,
                              const std::vector<std::string>& branches) {
  auto refusal = [&](const std::string& what) {
    return "User \"" + user + "\" cannot enroll " + what;
  };
  if (process.empty() || process.find('/') != std::string::npos)
    return refusal("a process without a name, or with a slash in it");
  if (user == "kube-apiserver")
    return {};
  if (begins_with(user, node_user)) {
    auto node = user.substr(node_user.size());
    if (process != node)
      return refusal("process \"" + process + "\"");
    for (auto& each : branches)
      if (each != "kubelet/" + node)
        return refusal("\"" + each + "\"");
    return {};
  }
  if (!begins_with(user, "system:kube-"))
    return refusal("a process");
  if (is_server_process(process) || !branches.empty())
    return refusal("process \"" + process + "\" as a server or node");
  return {};
}

} // namespace troupe::rules

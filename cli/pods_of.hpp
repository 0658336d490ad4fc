#pragma once

#include "cli/environment.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class PodSpec;
} // namespace troupe::core::v1

namespace troupe::kubelet_api {
class PodTarget;
} // namespace troupe::kubelet_api

namespace troupe::cli {

/// Reads --pod-running-timeout; misuse is told to the user.
expected<std::chrono::milliseconds> parse_patience(const std::string& word,
                                                   const char* flag);

/// Returns the pod that POD or KIND/NAME means, of several the most useful
/// one; for a workload it waits up to `patience` until there is one. None when
/// there is none, and the user knows.
object find_pod(const std::string& word, std::chrono::milliseconds patience,
                environment& env);

/// Returns all pods that POD or KIND/NAME means, the most useful one first;
/// otherwise like find_pod.
std::vector<object> find_pods(const std::string& word,
                              std::chrono::milliseconds patience,
                              environment& env);

/// The names of all containers in the order of `kubectl`: "main, side, setup
/// (init)".
std::string container_names(const core::v1::PodSpec& spec);

/// Says which container is meant when none is named and there are several.
void tell_default(const object& pod, const std::string& container,
                  environment& env);

/// Names a container of a pod for a request: the one that the user named, else
/// as `kubectl` chooses, what the pod's annotation says or its first one.
void fill(kubelet_api::PodTarget& target, const object& pod,
          const std::string& container);

} // namespace troupe::cli

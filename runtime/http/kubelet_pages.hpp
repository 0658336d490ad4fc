#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "runtime/http/target.hpp"
#include "runtime/system/clocks.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::container {
class Logs;
} // namespace troupe::container

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

/// What kubelets serve over HTTP, made of what the API knows of a node's pods.
namespace troupe::http {

/// Whose log is asked for.
struct container_log {
  std::string ns;
  std::string pod;
  std::string container;
};

/// Returns whose log is at /containerLogs/NAMESPACE/POD/CONTAINER; nothing for
/// other places.
std::optional<container_log> find_container_log(const target& what);

/// Returns how a log is to be read, as Kubernetes' kubelets read their query,
/// without credit. Fails with bad_request and their words.
expected<container::Logs> log_options(const target& what, time_point now);

/// Whether a pod has a container of that name, of any sort.
bool has_container(const core::v1::Pod& pod, std::string_view name);

/// /runningpods/: containers that run, with name and image, as a PodList.
std::string running_pods(const std::vector<object>& pods);

/// /metrics: how many pods and containers run, for Prometheus.
std::string kubelet_metrics(const std::string& node,
                            const std::vector<object>& pods);

} // namespace troupe::http

#pragma once

#include "messages/object.hpp"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

/// The objects that a pod's variables and volumes speak of, as its kubelet
/// knows them. Names are of the pod's own namespace.
struct pod_references {
  std::map<std::string, object> config_maps;
  std::map<std::string, object> secrets;
  /// Tokens of the pod's service account by audience ("" for the API server).
  std::map<std::string, std::string> tokens;
  /// Services of the pod's namespace, and default/kubernetes.
  std::vector<object> services;
  /// Lower ports of services are moved on the pod's node (service_ports.hpp).
  int lowest_port = 0;
};

/// A token that a volume asks for.
struct wanted_token {
  std::string audience;
  int64_t expiration_seconds = 3600;
};

/// Kubernetes: a token is asked for anew after four fifths of its life, and
/// after a day at the latest.
std::chrono::seconds token_renewal(std::chrono::seconds life);

/// What must be fetched before a pod's containers can be made.
struct wanted_references {
  std::set<std::string> config_maps;
  std::set<std::string> secrets;
  std::vector<wanted_token> tokens;

  bool empty() const {
    return config_maps.empty() && secrets.empty() && tokens.empty();
  }
};

wanted_references references_of(const core::v1::Pod& pod);

} // namespace troupe::rules

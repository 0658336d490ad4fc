#pragma once

#include "runtime/images/keyring.hpp"
#include "runtime/rules/pod_references.hpp"

#include <string>
#include <vector>

namespace troupe::rules {

/// Returns who a pod is to the registry of an image, by its imagePullSecrets
/// among `known`; none: nobody in particular. Kubernetes: secrets that are not
/// there, or hold nothing that can be read, are passed over.
std::vector<images::credentials> pull_credentials(const core::v1::Pod& pod,
                                                  const pod_references& known,
                                                  const std::string& image);

} // namespace troupe::rules

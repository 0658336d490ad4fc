#pragma once

#include "messages/errors.hpp"

#include <vector>

namespace troupe::core::v1 {
class PersistentVolumeClaim;
} // namespace troupe::core::v1

namespace troupe::networking::v1 {
class Ingress;
class IngressClass;
} // namespace troupe::networking::v1

namespace troupe::storage::v1 {
class StorageClass;
} // namespace troupe::storage::v1

/// Admission that depends on classes of the cluster.
namespace troupe::rules {

/// DefaultIngressClass: an Ingress that names no class, in its spec or in the
/// older annotation, gets the default one; the newest when several are marked.
void set_default_ingress_class(
    networking::v1::Ingress& ingress,
    const std::vector<const networking::v1::IngressClass*>& all);

/// PersistentVolumeClaimResize: a claim may ask for more once it is bound, if
/// its class allows that. Forbidden.
caf::error
check_growth(const core::v1::PersistentVolumeClaim& claim,
             const core::v1::PersistentVolumeClaim& old,
             const std::vector<const storage::v1::StorageClass*>& all);

} // namespace troupe::rules

#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/names.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

namespace certificates::v1 {
class CertificateSigningRequest;
} // namespace certificates::v1

namespace core::v1 {
class Namespace;
class PersistentVolumeClaim;
class Pod;
class ServiceAccount;
} // namespace core::v1

namespace node::v1 {
class RuntimeClass;
} // namespace node::v1

namespace scheduling::v1 {
class PriorityClass;
} // namespace scheduling::v1

namespace storage::v1 {
class StorageClass;
} // namespace storage::v1

} // namespace troupe

/// The pure parts of the admission that every cluster has. What they need to
/// know of other objects is handed to them.
namespace troupe::rules {

/// DefaultTolerationSeconds: a pod that does not say otherwise stays 300 s on
/// a node that is not ready or cannot be reached.
void add_default_tolerations(core::v1::Pod& pod);

/// Priority: sets priority and preemption policy from the pod's class, or from
/// the default class. Fails with Forbidden when the class does not exist or
/// the pod names a value of its own.
caf::error
resolve_priority(core::v1::Pod& pod,
                 const std::vector<const scheduling::v1::PriorityClass*>& all);

/// Keeps priority and preemption policy when an update leaves them out.
void keep_priority(core::v1::Pod& pod, const core::v1::Pod& old);

/// Only one class may be the default. `all` may hold the class itself.
caf::error check_default_class(
    const scheduling::v1::PriorityClass& one,
    const std::vector<const scheduling::v1::PriorityClass*>& all);

/// ServiceAccount: names the account `default` where the pod names none.
void set_default_account(core::v1::Pod& pod);

/// ServiceAccount: takes image pull secrets from the account where the pod has
/// none, and unless pod or account say no, mounts what a program in the pod
/// needs to reach the API server. `account` is null when it does not exist:
/// Forbidden. Mirror pods are left alone.
caf::error apply_account(core::v1::Pod& pod,
                         const core::v1::ServiceAccount* account,
                         const entropy& next);

/// How the names of the volumes begin that every pod gets there.
constexpr std::string_view account_volume_prefix = "kube-api-access-";

/// Where programs in a pod look for the API server's address and authority.
constexpr std::string_view account_folder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

/// RuntimeClass: sets the pod's overhead, scheduling and tolerations from the
/// class it names. Fails with Forbidden when `named`, the class, does not exist
/// or the pod states another overhead.
caf::error apply_runtime_class(core::v1::Pod& pod,
                               const node::v1::RuntimeClass* named);

/// NamespaceLifecycle: nothing is created in a namespace that is missing
/// (`ns` is null, NotFound) or ends (Forbidden). `resource` is as errors name
/// it, such as "pods" or "deployments.apps".
caf::error check_namespace_takes(const core::v1::Namespace* ns,
                                 std::string_view ns_name,
                                 std::string_view resource,
                                 std::string_view name);

/// NamespaceLifecycle: default, kube-system and kube-public stay.
caf::error check_namespace_may_go(std::string_view name);

/// DefaultStorageClass: a claim that names no class gets the default one, the
/// newest when several are marked.
void set_default_storage_class(
    core::v1::PersistentVolumeClaim& claim,
    const std::vector<const storage::v1::StorageClass*>& all);

/// Who asks for a certificate; whatever the request says of it is replaced.
void stamp_requester(certificates::v1::CertificateSigningRequest& request,
                     const caller& who);

} // namespace troupe::rules

#include "runtime/rules/pod_remarks.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_lifecycle.hpp"

namespace troupe::rules {

namespace {

using core::v1::ContainerStatus;
using core::v1::Pod;

const ContainerStatus*
find(const google::protobuf::RepeatedPtrField<ContainerStatus>& in,
     const std::string& name) {
  for (const auto& each : in)
    if (each.name() == name)
      return &each;
  return nullptr;
}

/// Whether it waits for this reason now, and did not before this attempt.
bool began(const ContainerStatus* before, const ContainerStatus& now,
           const std::string& reason) {
  return now.state().waiting().reason() == reason
         && (before == nullptr || before->state().waiting().reason() != reason
             || before->restart_count() != now.restart_count());
}

void remark_on(const Pod& pod, const ContainerStatus* before,
               const ContainerStatus& now, std::vector<pod_remark>& out) {
  if (began(before, now, "CrashLoopBackOff"))
    out.push_back({"Warning", "BackOff",
                   "Back-off restarting failed container " + now.name()
                       + " in pod " + identity_of(pod)});
  if (began(before, now, "ErrImagePull"))
    out.push_back({"Warning", "Failed", "Error: ErrImagePull"});
  if (began(before, now, "ImagePullBackOff")) {
    out.push_back({"Normal", "BackOff",
                   "Back-off pulling image \"" + now.image() + "\""});
    out.push_back({"Warning", "Failed", "Error: ImagePullBackOff"});
  }
}

} // namespace

std::vector<pod_remark> remarks_of_waiting(const Pod& pod,
                                           const core::v1::PodStatus& now) {
  std::vector<pod_remark> result;
  const auto& before = pod.status();
  for (const auto& each : now.init_container_statuses())
    remark_on(pod, find(before.init_container_statuses(), each.name()), each,
              result);
  for (const auto& each : now.container_statuses())
    remark_on(pod, find(before.container_statuses(), each.name()), each,
              result);
  for (const auto& each : now.ephemeral_container_statuses())
    remark_on(pod, find(before.ephemeral_container_statuses(), each.name()),
              each, result);
  return result;
}

std::string identity_of(const Pod& pod) {
  const auto& meta = pod.metadata();
  return meta.name() + "_" + meta.namespace_() + "(" + meta.uid() + ")";
}

const char* first_wait(const Pod& pod, const pod_state& state,
                       size_t container) {
  bool behind_inits =
      pod.spec().init_containers_size() > 0 && !state.initialized
      && state.containers[container].step == container_step::absent;
  return behind_inits ? "PodInitializing" : "ContainerCreating";
}

} // namespace troupe::rules

#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/pod_updates.hpp"

#include <google/protobuf/repeated_field.h>

namespace troupe::rules {

using namespace core::v1;

namespace {

using statuses = google::protobuf::RepeatedPtrField<ContainerStatus>;

const ContainerStatus* find(const statuses& all, const std::string& name) {
  for (auto& one : all)
    if (one.name() == name)
      return &one;
  return nullptr;
}

// What ran to its end stays ended where the pod does not restart it.
void check_no_return(const statuses& now, const statuses& before,
                     const std::string& policy, const field_path& at,
                     findings& out) {
  if (policy == "Always")
    return;
  for (int i = 0; i < now.size(); ++i) {
    auto* old = find(before, now[i].name());
    if (old == nullptr || !old->state().has_terminated()
        || now[i].state().has_terminated())
      continue;
    if (policy == "OnFailure" && old->state().terminated().exit_code() != 0)
      continue;
    auto one = at[static_cast<size_t>(i)];
    out.forbidden(one.child("state"),
                  "may not be transitioned to non-terminated state");
  }
}

void check_addresses(const PodStatus& status, const field_path& at,
                     findings& out) {
  auto list = at.child("podIPs");
  int v4 = 0;
  int v6 = 0;
  for (int i = 0; i < status.pod_ips_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    auto& text = status.pod_ips(i).ip();
    auto address = ip_address::parse(text);
    if (!address)
      out.invalid(one, text, check_ip(text));
    else
      ++(address->v6 ? v6 : v4);
  }
  if (v4 > 1 || v6 > 1)
    out.invalid(list, status.pod_ips_size(),
                "may specify no more than one IP for each IP family");
  auto& first =
      status.pod_ips().empty() ? status.pod_ip() : status.pod_ips(0).ip();
  if (status.pod_ip() != first)
    out.invalid(list[0], first, "must be the same as status.podIP");
  else if (status.pod_ips().empty() && !status.pod_ip().empty())
    out.invalid(at.child("podIP"), status.pod_ip(), check_ip(status.pod_ip()));
}

} // namespace

void validate_pod_status(const Pod& pod, const Pod& old, findings& out) {
  field_path at{"status"};
  auto& policy = pod.spec().restart_policy();
  auto list = at.child("containerStatuses");
  check_no_return(pod.status().container_statuses(),
                  old.status().container_statuses(), policy, list, out);
  auto inits = at.child("initContainerStatuses");
  check_no_return(pod.status().init_container_statuses(),
                  old.status().init_container_statuses(),
                  policy == "Always" ? "OnFailure" : policy, inits, out);
  check_addresses(pod.status(), at, out);
}

} // namespace troupe::rules

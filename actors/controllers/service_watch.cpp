#include "actors/controllers/service_watch.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/readiness.hpp"
#include "runtime/rules/service_pods.hpp"

namespace troupe {

namespace {

using core::v1::Pod;
using core::v1::Service;

bool is_selected(const object& service, const object& pod) {
  const auto& typed = service.as<Service>();
  return rules::selects_pods(typed)
         && rules::contains(pod.meta().labels(), typed.spec().selector());
}

// Whether endpoints could differ. Most changes of a pod's status do not touch
// them.
bool is_same_to_services(const Pod& a, const Pod& b) {
  auto same_addresses = [&] {
    const auto& left = a.status().pod_ips();
    const auto& right = b.status().pod_ips();
    if (left.size() != right.size()
        || a.status().pod_ip() != b.status().pod_ip())
      return false;
    for (int i = 0; i < left.size(); ++i)
      if (left[i].ip() != right[i].ip())
        return false;
    return true;
  };
  return a.metadata().uid() == b.metadata().uid()
         && rules::is_ready(a) == rules::is_ready(b)
         && rules::is_finished(a) == rules::is_finished(b)
         && a.metadata().has_deletion_timestamp()
                == b.metadata().has_deletion_timestamp()
         && a.spec().node_name() == b.spec().node_name() && same_addresses()
         && rules::same_labels(a.metadata().labels(), b.metadata().labels());
}

} // namespace

void service_watch::open(reconciler& loop) {
  loop_ = &loop;
  services_ = &loop.follow({&kind_of<Service>(), {}, {}, {}},
                           [this](const object& before, const object& now) {
                             loop_->mark((now ? now : before).key());
                           });
  pods_ = &loop.follow(
      {&kind_of<Pod>(), {}, {}, {}},
      [this](const object& before, const object& now) { on_pod(before, now); });
}

void service_watch::on_pod(const object& before, const object& now) {
  if (before && now && is_same_to_services(before.as<Pod>(), now.as<Pod>()))
    return;
  if (before)
    mark(before);
  if (now)
    mark(now);
}

void service_watch::mark(const object& pod) {
  for (const auto& service : services_->in(pod.ns()))
    if (is_selected(service, pod))
      loop_->mark(service.key());
}

std::vector<object> service_watch::pods_of(const object& service) const {
  std::vector<object> result;
  for (auto& pod : pods_->in(service.ns()))
    if (is_selected(service, pod))
      result.push_back(std::move(pod));
  return result;
}

} // namespace troupe

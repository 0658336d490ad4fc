#include "runtime/rules/pod_subresources.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/findings.hpp"
#include "runtime/rules/pod_late.hpp"
#include "runtime/rules/refusals.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>

namespace troupe::rules {

using core::v1::Binding;
using core::v1::Pod;

namespace {

caf::error busy(const Pod& pod, const std::string& why) {
  return in_conflict({{}, "pods/binding", pod.metadata().name()}, why);
}

/// Kubernetes: those that begin come first, those that were added last.
void add_names(std::string& text, const Pod& pod) {
  text += "[";
  auto add = [&](const std::string& name) {
    (text += text.back() == '[' ? "" : " ") += name;
  };
  for (auto& one : pod.spec().init_containers())
    add(one.name());
  for (auto& one : pod.spec().containers())
    if (!is_late(pod.spec(), one.name()))
      add(one.name());
  for (auto& one : pod.spec().ephemeral_containers())
    add(one.ephemeral_container_common().name());
  text += "]";
}

bool has_container(const Pod& pod, const std::string& name) {
  auto in = [&](auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](auto& one) { return one.name() == name; });
  };
  auto& late = pod.spec().ephemeral_containers();
  return in(pod.spec().containers()) || in(pod.spec().init_containers())
         || std::any_of(late.begin(), late.end(), [&](auto& one) {
              return one.ephemeral_container_common().name() == name;
            });
}

} // namespace

std::vector<field_error> validate_binding(const Binding& binding) {
  findings out;
  field_path at{"target"};
  if (!binding.target().kind().empty() && binding.target().kind() != "Node")
    out.not_supported(at.child("kind"), binding.target().kind(),
                      {"Node", "<empty>"});
  if (binding.target().name().empty())
    out.required(at.child("name"));
  return out.take();
}

caf::error apply_binding(Pod& pod, const Binding& binding, time_point now) {
  auto& meta = binding.metadata();
  if (!meta.uid().empty() && meta.uid() != pod.metadata().uid())
    return busy(pod, "the UID in the precondition (" + meta.uid()
                         + ") does not match the UID in record ("
                         + pod.metadata().uid() + ")");
  if (pod.metadata().has_deletion_timestamp())
    return busy(pod, "pod " + pod.metadata().name()
                         + " is being deleted, cannot be assigned to a host");
  if (!pod.spec().node_name().empty())
    return busy(pod, "pod " + pod.metadata().name()
                         + " is already assigned to node \""
                         + pod.spec().node_name() + "\"");
  if (!pod.spec().scheduling_gates().empty())
    return busy(pod, "pod " + pod.metadata().name()
                         + " has non-empty .spec.schedulingGates");
  pod.mutable_spec()->set_node_name(binding.target().name());
  for (auto& [key, value] : meta.annotations())
    (*pod.mutable_metadata()->mutable_annotations())[key] = value;
  auto* list = pod.mutable_status()->mutable_conditions();
  auto i = std::find_if(list->begin(), list->end(),
                        [](auto& one) { return one.type() == "PodScheduled"; });
  auto& condition = i != list->end() ? *i : *list->Add();
  if (condition.status() != "True")
    *condition.mutable_last_transition_time() = to_time(now);
  condition.set_type("PodScheduled");
  condition.set_status("True");
  condition.clear_reason();
  condition.clear_message();
  return caf::error{};
}

std::vector<field_error>
validate_log_options(const core::v1::PodLogOptions& options) {
  findings out;
  field_path at;
  if (options.has_tail_lines() && options.tail_lines() < 0)
    out.invalid(at.child("tailLines"), options.tail_lines(),
                "must be greater than or equal to 0");
  if (options.has_limit_bytes() && options.limit_bytes() < 1)
    out.invalid(at.child("limitBytes"), options.limit_bytes(),
                "must be greater than 0");
  if (options.has_since_seconds() && options.has_since_time())
    out.forbidden(at.child("sinceSeconds"),
                  "at most one of `sinceTime` or `sinceSeconds` may be "
                  "specified");
  else if (options.has_since_seconds() && options.since_seconds() < 1)
    out.invalid(at.child("sinceSeconds"), options.since_seconds(),
                "must be greater than 0");
  return out.take();
}

expected<std::string> choose_container(const Pod& pod,
                                       const std::string& named) {
  auto& name = pod.metadata().name();
  if (!named.empty()) {
    if (has_container(pod, named))
      return named;
    return make_error(ec::bad_request,
                      "container " + named + " is not valid for pod " + name);
  }
  auto& all = pod.spec().containers();
  auto main = std::count_if(all.begin(), all.end(), [&](auto& one) {
    return !is_late(pod.spec(), one.name());
  });
  if (main == 1)
    return all[0].name();
  auto& notes = pod.metadata().annotations();
  auto note = notes.find("kubectl.kubernetes.io/default-container");
  if (note != notes.end() && has_container(pod, note->second))
    return note->second;
  auto text = "a container name must be specified for pod " + name
              + ", choose one of: ";
  add_names(text, pod);
  return make_error(ec::bad_request, text);
}

} // namespace troupe::rules

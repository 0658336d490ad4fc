#include "runtime/http/kubelet_pages.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace troupe::http {

namespace {

using core::v1::ContainerStatus;
using core::v1::Pod;
using json = nlohmann::ordered_json;

template <class List>
bool has_name(const List& all, std::string_view name) {
  return std::any_of(all.begin(), all.end(),
                     [&](auto& each) { return each.name() == name; });
}

caf::error not_decoded() {
  return make_error(ec::bad_request,
                    R"({"message": "Unable to decode query."})");
}

/// Nothing where the query has no such parameter.
expected<std::optional<int64_t>> number_of(const std::string& text) {
  if (text.empty())
    return std::optional<int64_t>{};
  int64_t value = 0;
  auto last = text.data() + text.size();
  auto [end, bad] = std::from_chars(text.data(), last, value);
  if (bad != std::errc{} || end != last || value < 0)
    return not_decoded();
  return std::optional{value};
}

int64_t nanoseconds(time_point when) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             when.time_since_epoch())
      .count();
}

/// Calls `take` with each container's status.
template <class F>
void each_status(const Pod& pod, F take) {
  for (auto& x : pod.status().init_container_statuses())
    take(x);
  for (auto& x : pod.status().container_statuses())
    take(x);
  for (auto& x : pod.status().ephemeral_container_statuses())
    take(x);
}

const char* state_of(const ContainerStatus& x) {
  return x.state().has_running()      ? "running"
         : x.state().has_terminated() ? "exited"
         : x.container_id().empty()   ? "unknown"
                                      : "created";
}

json containers_of(const Pod& pod) {
  auto out = json::array();
  each_status(pod, [&](const ContainerStatus& x) {
    if (x.state().has_running())
      out.push_back({{"name", x.name()},
                     {"image", x.image()},
                     {"resources", json::object()}});
  });
  return out;
}

} // namespace

std::optional<container_log> find_container_log(const target& what) {
  auto& all = what.segments;
  if (all.size() != 4 || all[0] != "containerLogs")
    return std::nullopt;
  return container_log{all[1], all[2], all[3]};
}

expected<container::Logs> log_options(const target& what, time_point now) {
  // The older name of tailLines.
  auto& tail = what.has("tail") ? what.get("tail") : what.get("tailLines");
  auto lines = number_of(tail == "all" ? std::string{} : tail);
  auto bytes = number_of(what.get("limitBytes"));
  auto seconds = number_of(what.get("sinceSeconds"));
  for (auto* number : {&lines, &bytes, &seconds})
    if (!*number)
      return number->error();
  container::Logs out;
  out.set_follow(what.flag("follow"));
  out.set_timestamps(what.flag("timestamps"));
  if (*lines)
    out.set_tail_lines(**lines);
  if (*bytes)
    out.set_limit_bytes(**bytes);
  if (*seconds)
    out.set_since(nanoseconds(now - std::chrono::seconds(**seconds)));
  if (auto& time = what.get("sinceTime"); !time.empty()) {
    auto when = text::parse_timestamp(time);
    if (!when)
      return not_decoded();
    out.set_since(when->seconds * std::nano::den + when->nanos);
  }
  return out;
}

bool has_container(const Pod& pod, std::string_view name) {
  auto& spec = pod.spec();
  return has_name(spec.containers(), name)
         || has_name(spec.init_containers(), name)
         || std::any_of(spec.ephemeral_containers().begin(),
                        spec.ephemeral_containers().end(), [&](auto& each) {
                          return each.ephemeral_container_common().name()
                                 == name;
                        });
}

std::string running_pods(const std::vector<object>& pods) {
  auto items = json::array();
  for (auto& each : pods) {
    auto containers = containers_of(each.as<Pod>());
    if (containers.empty())
      continue;
    items.push_back({{"metadata",
                      {{"name", each.name()},
                       {"namespace", each.ns()},
                       {"uid", each.uid()},
                       {"creationTimestamp", nullptr}}},
                     {"spec", {{"containers", std::move(containers)}}},
                     {"status", json::object()}});
  }
  json list{{"kind", "PodList"},
            {"apiVersion", "v1"},
            {"metadata", json::object()},
            {"items", std::move(items)}};
  return list.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string kubelet_metrics(const std::string& node,
                            const std::vector<object>& pods) {
  size_t running = 0;
  std::map<std::string, size_t> containers;
  for (auto& each : pods) {
    auto& pod = each.as<Pod>();
    if (!containers_of(pod).empty())
      ++running;
    each_status(pod,
                [&](const ContainerStatus& x) { ++containers[state_of(x)]; });
  }
  std::string out;
  auto begin = [&](const std::string& name, const std::string& help) {
    out +=
        "# HELP " + name + " [ALPHA] " + help + "\n# TYPE " + name + " gauge\n";
  };
  begin("kubelet_node_name", "The node's name. The count is always 1.");
  out += "kubelet_node_name{node=\"" + node + "\"} 1\n";
  begin("kubelet_running_containers", "Number of containers currently running");
  for (auto& [state, count] : containers)
    out += "kubelet_running_containers{container_state=\"" + state + "\"} "
           + std::to_string(count) + "\n";
  begin("kubelet_running_pods", "Number of pods that have a running container");
  out += "kubelet_running_pods " + std::to_string(running) + "\n";
  return out;
}

} // namespace troupe::http

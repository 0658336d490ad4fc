#include "cli/pods_of.hpp"

#include "cli/resources.hpp"
#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/kubelet.pb.h"
#include "runtime/text/duration.hpp"
#include "runtime/text/selector.hpp"

#include <algorithm>
#include <ostream>
#include <tuple>

namespace troupe::cli {

namespace {

/// Returns the selector of the pods of a workload; "" when it has none.
std::string pod_selector(const object& x) {
  auto text = [](const auto& selector) {
    auto parsed = text::label_selector::from(selector);
    return parsed ? parsed->str() : std::string{};
  };
  if (&x.kind() == &kind_of<apps::v1::Deployment>())
    return text(x.as<apps::v1::Deployment>().spec().selector());
  if (&x.kind() == &kind_of<apps::v1::ReplicaSet>())
    return text(x.as<apps::v1::ReplicaSet>().spec().selector());
  if (&x.kind() == &kind_of<core::v1::ReplicationController>())
    return text::label_selector::of(
               x.as<core::v1::ReplicationController>().spec().selector())
        .str();
  if (&x.kind() == &kind_of<core::v1::Service>())
    return text::label_selector::of(x.as<core::v1::Service>().spec().selector())
        .str();
  return {};
}

/// Kubernetes: placed before not placed, then running, Ready, older.
auto usefulness(const object& pod) {
  const auto& x = pod.as<core::v1::Pod>();
  const auto& conditions = x.status().conditions();
  auto ready = std::any_of(conditions.begin(), conditions.end(), [](auto& c) {
    return c.type() == "Ready" && c.status() == "True";
  });
  return std::make_tuple(pod.meta().has_deletion_timestamp(),
                         x.spec().node_name().empty(),
                         x.status().phase() != "Running", !ready,
                         pod.meta().creation_timestamp().seconds(), pod.name());
}

/// The pods that match, as soon as there are any.
expected<std::vector<object>> pods_matching(const std::string& selector,
                                            std::chrono::milliseconds patience,
                                            environment& env) {
  auto& pods = kind_of<core::v1::Pod>();
  auto msg = about(call::LIST, pods, env.current_namespace());
  msg.set_label_selector(selector);
  auto list = env.client()->ask(msg);
  if (!list)
    return list.error();
  if (!list->objects.empty())
    return list->objects;
  std::vector<object> found;
  auto err = env.client()->watch(
      {&pods, env.current_namespace(), selector, {}},
      std::to_string(list->revision()),
      [&](const changes& batch) {
        for (auto& c : batch.items)
          if (c.type != change_type::deleted)
            found.push_back(c.what);
        return found.empty();
      },
      patience);
  if (err)
    return is(err, ec::timeout)
               ? make_error(ec::timeout, "timed out waiting for the condition")
               : err;
  return found;
}

} // namespace

expected<std::chrono::milliseconds> parse_patience(const std::string& word,
                                                   const char* flag) {
  auto given = text::parse_duration(word);
  if (given && given->count() > 0)
    return std::chrono::ceil<std::chrono::milliseconds>(*given);
  return make_error(
      ec::bad_request,
      "invalid argument \"" + word + "\" for \"" + flag + "\" flag: "
          + (given ? "must be higher than zero" : message_of(given.error())));
}

std::vector<object> find_pods(const std::string& word,
                              std::chrono::milliseconds patience,
                              environment& env) {
  auto slashed = word.find('/') != std::string::npos;
  auto args = parse_resources({slashed ? word : "pod/" + word});
  if (!args) {
    env.misuse(message_of(args.error()));
    return {};
  }
  if (env.client() == nullptr)
    return {};
  auto& item = args->items.front();
  auto found = env.client()->ask(
      about(call::GET, *item.kind, env.current_namespace(), item.name));
  if (!found) {
    env.refused(found.error());
    return {};
  }
  if (item.kind == &kind_of<core::v1::Pod>())
    return {found->one()};
  auto selector = pod_selector(found->one());
  if (selector.empty()) {
    env.fail(make_error(ec::bad_request,
                        "cannot tell the pods of "
                            + display_name(*item.kind, item.name)
                            + ": name a pod, a deployment or a replica set"));
    return {};
  }
  auto pods = pods_matching(selector, patience, env);
  if (!pods) {
    env.fail(pods.error());
    return {};
  }
  std::sort(pods->begin(), pods->end(),
            [](auto& x, auto& y) { return usefulness(x) < usefulness(y); });
  return *pods;
}

object find_pod(const std::string& word, std::chrono::milliseconds patience,
                environment& env) {
  auto pods = find_pods(word, patience, env);
  if (pods.size() > 1)
    env.err() << "Found " << pods.size() << " pods, using pod/"
              << pods.front().name() << "\n";
  return pods.empty() ? object{} : pods.front();
}

std::string container_names(const core::v1::PodSpec& spec) {
  std::string names;
  auto add = [&](const auto& list, const char* what) {
    for (auto& c : list)
      names += (names.empty() ? "" : ", ") + c.name() + what;
  };
  add(spec.containers(), "");
  add(spec.init_containers(), " (init)");
  return names;
}

namespace {

constexpr auto default_note = "kubectl.kubernetes.io/default-container";

} // namespace

void tell_default(const object& pod, const std::string& container,
                  environment& env) {
  const auto& spec = pod.as<core::v1::Pod>().spec();
  if (!container.empty()
      || spec.containers_size() + spec.init_containers_size() < 2
      || pod.meta().annotations().contains(default_note))
    return;
  env.err() << "Defaulted container \"" << spec.containers(0).name()
            << "\" out of: " << container_names(spec) << "\n";
}

void fill(kubelet_api::PodTarget& target, const object& pod,
          const std::string& container) {
  target.set_namespace_(pod.ns());
  target.set_name(pod.name());
  auto& notes = pod.meta().annotations();
  auto chosen = notes.find(default_note);
  target.set_container(
      !container.empty() ? container
      : chosen != notes.end()
          ? chosen->second
          : pod.as<core::v1::Pod>().spec().containers(0).name());
}

} // namespace troupe::cli

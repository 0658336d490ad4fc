#include "whole_sets.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "runtime/rules/node_plan.hpp"
#include "tests/support/machine_view.hpp"

#include <algorithm>

namespace troupe::test {

namespace {

using core::v1::Node;
using core::v1::Pod;

/// By name, with how many pods.
const std::map<std::string, int> sets{{"a", 3}, {"b", 2}, {"c", 4}};
constexpr auto mark = "TEST_CLUSTER";
/// Nodes that are not meant to have pods have none.
constexpr auto label = "for-pods";

void leave_soon(core::v1::PodSpec& spec, const std::string& taint) {
  auto& toleration = *spec.add_tolerations();
  toleration.set_key(taint);
  toleration.set_operator_("Exists");
  toleration.set_effect("NoExecute");
  toleration.set_toleration_seconds(1);
}

void fill(core::v1::PodTemplateSpec& out, const std::string& set,
          const std::string& folder) {
  (*out.mutable_metadata()->mutable_labels())["set"] = set;
  auto& spec = *out.mutable_spec();
  spec.set_termination_grace_period_seconds(1);
  leave_soon(spec, "node.kubernetes.io/not-ready");
  leave_soon(spec, "node.kubernetes.io/unreachable");
  (*spec.mutable_node_selector())[label] = "yes";
  auto& container = *spec.add_containers();
  container.set_name("main");
  container.set_image("none");
  for (auto word : {"/bin/sleep", "99999"})
    container.add_command(word);
  auto& variable = *container.add_env();
  variable.set_name(mark);
  variable.set_value(folder);
  auto& uid = *container.add_env();
  uid.set_name("POD_UID");
  uid.mutable_value_from()->mutable_field_ref()->set_field_path("metadata.uid");
}

template <class Set>
object set_of(const std::string& name, int replicas,
              const std::string& folder) {
  Set result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  auto& spec = *result.mutable_spec();
  spec.set_replicas(replicas);
  (*spec.mutable_selector()->mutable_match_labels())["set"] = name;
  fill(*spec.mutable_template_(), name, folder);
  return object::of(result);
}

bool is_ready(const Pod& pod) {
  auto& all = pod.status().conditions();
  return std::any_of(all.begin(), all.end(), [](auto& x) {
    return x.type() == "Ready" && x.status() == "True";
  });
}

call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& name = {}) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  if (kind.namespaced)
    msg.set_namespace_("default");
  msg.set_name(name);
  return msg;
}

} // namespace

whole_sets::whole_sets(real_cluster& cluster, const nodes& on)
    : cluster_(cluster), nodes_(on) {
  // nop
}

command_client& whole_sets::client() {
  if (!client_)
    client_ = cluster_.connect();
  return *client_;
}

bool whole_sets::create() {
  for (auto& node : nodes_)
    if (!cluster_.run("label node " + node->name() + " " + label + "=yes"))
      return false;
  auto folder = cluster_.folder().string();
  for (auto& [name, replicas] : sets) {
    auto made = test::create(
        client(), name == "c"
                      ? set_of<apps::v1::Deployment>(name, replicas, folder)
                      : set_of<apps::v1::ReplicaSet>(name, replicas, folder));
    if (!made)
      return false;
  }
  return true;
}

std::string whole_sets::ailment_of_nodes() {
  auto all = client().ask(about(call::LIST, kind_of<Node>()));
  if (!all)
    return "nodes: " + message_of(all.error());
  ready_.clear();
  for (auto& each : all->objects)
    if (rules::is_node_ready(each.as<Node>()))
      ready_.insert(each.name());
  for (auto& node : nodes_) {
    node->start_missing();
    if (node->program().lives()
        && (ready_.count(node->name()) == 0 || !node->is_back()))
      return node->name() + " is not Ready";
    if (!node->program().lives() && ready_.count(node->name()) != 0)
      return node->name() + " is Ready though it does not run";
  }
  return {};
}

bool whole_sets::is_gone(const std::string& node) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](auto& each) {
    return each->name() == node && !each->program().lives();
  });
}

std::string whole_sets::ailment_of_set(const std::string& name, size_t wanted) {
  auto msg = about(call::LIST, kind_of<Pod>());
  msg.set_label_selector("set=" + name);
  auto all = client().ask(msg);
  if (!all)
    return "pods: " + message_of(all.error());
  size_t well = 0;
  std::string others;
  for (auto& each : all->objects) {
    auto& pod = each.as<Pod>();
    auto& node = pod.spec().node_name();
    auto going = pod.metadata().has_deletion_timestamp();
    // What was on a node that is gone stays until the node says that it ended.
    if (going && is_gone(node))
      continue;
    auto good = is_ready(pod) && !going && ready_.count(node) != 0;
    well += good ? 1 : 0;
    if (good)
      pods_.insert(each.uid());
    else
      others += " " + each.name() + " (" + pod.status().phase() + " on " + node
                + (going ? ", going)" : ")");
  }
  if (well == wanted && others.empty())
    return {};
  return name + " has " + std::to_string(well) + " of " + std::to_string(wanted)
         + others;
}

std::map<std::string, pid_t> whole_sets::running() {
  std::map<std::string, pid_t> result;
  for (auto& each :
       with_variable(processes(), mark, cluster_.folder().string())) {
    auto uid = each.environment.find("POD_UID");
    // Until it has become what it shall be it is its shim's.
    if (uid == each.environment.end()
        || each.command.find("sleep") == std::string::npos)
      continue;
    if (!result.emplace(uid->second, each.pid).second)
      doubled_ = "pod " + uid->second + " runs twice: processes "
                 + std::to_string(result[uid->second]) + " and "
                 + std::to_string(each.pid);
  }
  return result;
}

std::string whole_sets::ailment_of_processes() {
  auto now = running();
  for (auto& uid : pods_)
    if (now.erase(uid) == 0)
      return "pod " + uid + " is Ready but has no process";
  for (auto& node : nodes_)
    if (!node->program().lives())
      for (auto& [uid, shim] : shims(processes(), node->folder()))
        now.erase(uid);
  for (auto& [uid, pid] : now)
    return "process " + std::to_string(pid) + " is of pod " + uid
           + ", which is none of these any more";
  return {};
}

std::string whole_sets::ailment() {
  pods_.clear();
  try {
    if (auto why = ailment_of_nodes(); !why.empty())
      return why;
    for (auto& [name, wanted] : sets)
      if (auto why = ailment_of_set(name, static_cast<size_t>(wanted));
          !why.empty())
        return why;
    return ailment_of_processes();
  } catch (const std::exception& err) {
    client_.reset();
    return err.what();
  }
}

std::string whole_sets::pod_on(const std::string& node) {
  auto msg = about(call::LIST, kind_of<Pod>());
  msg.set_field_selector("spec.nodeName=" + node);
  auto all = client().ask(msg);
  return all && !all->objects.empty() ? all->objects.front().name() : "";
}

bool whole_sets::remove(const std::string& pod) {
  return static_cast<bool>(test::remove(client(), kind_of<Pod>(), pod));
}

} // namespace troupe::test

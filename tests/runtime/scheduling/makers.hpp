#pragma once

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/scheduling/cluster.hpp"

#include <memory>
#include <string>

namespace troupe::scheduling {

/// A node of 4 CPUs, 8 Gi and 110 pods.
inline core::v1::Node a_node(const std::string& name) {
  core::v1::Node node;
  node.mutable_metadata()->set_name(name);
  (*node.mutable_metadata()->mutable_labels())["kubernetes.io/hostname"] = name;
  auto& have = *node.mutable_status()->mutable_allocatable();
  have["cpu"].set_string("4");
  have["memory"].set_string("8Gi");
  have["pods"].set_string("110");
  return node;
}

inline void add_taint(core::v1::Node& node, const std::string& key,
                      const std::string& value, const std::string& effect) {
  auto taint = node.mutable_spec()->add_taints();
  taint->set_key(key);
  taint->set_value(value);
  taint->set_effect(effect);
}

/// A pod of one container in namespace default.
inline core::v1::Pod a_pod(const std::string& name, const std::string& cpu = "",
                           const std::string& memory = "") {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("uid-" + name);
  auto container = pod.mutable_spec()->add_containers();
  container->set_name("main");
  container->set_image("web");
  auto& want = *container->mutable_resources()->mutable_requests();
  if (!cpu.empty())
    want["cpu"].set_string(cpu);
  if (!memory.empty())
    want["memory"].set_string(memory);
  return pod;
}

inline void add_request(core::v1::Container& container,
                        const std::string& resource,
                        const std::string& amount) {
  auto& want = *container.mutable_resources()->mutable_requests();
  want[resource].set_string(amount);
}

inline core::v1::Pod owned(core::v1::Pod pod, const std::string& uid) {
  auto owner = pod.mutable_metadata()->add_owner_references();
  owner->set_kind("ReplicaSet");
  owner->set_uid(uid);
  owner->set_controller(true);
  return pod;
}

inline core::v1::Pod on(core::v1::Pod pod, const std::string& node) {
  pod.mutable_spec()->set_node_name(node);
  return pod;
}

inline core::v1::NodeSelectorTerm a_term(const std::string& key,
                                         const std::string& op,
                                         std::vector<std::string> values) {
  core::v1::NodeSelectorTerm term;
  auto line = term.add_match_expressions();
  line->set_key(key);
  line->set_operator_(op);
  for (auto& value : values)
    line->add_values(std::move(value));
  return term;
}

inline core::v1::NodeSelector& required(core::v1::Pod& pod) {
  return *pod.mutable_spec()
              ->mutable_affinity()
              ->mutable_node_affinity()
              ->mutable_required_during_scheduling_ignored_during_execution();
}

inline node_info info_of(const core::v1::Node& node) {
  node_info result;
  result.spec = make_node_spec(node);
  result.known = true;
  return result;
}

} // namespace troupe::scheduling

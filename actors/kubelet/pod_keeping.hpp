#pragma once

#include "actors/kubelet/node_upkeep.hpp"

#include <set>
#include <string>

namespace troupe {

/// What was heard of the pods bound to the node.
void on_pod_changes(kubelet_pointer self, const changes& batch);

/// What the runtime has, at the beginning and after it came back.
void on_runtime_state(kubelet_pointer self, const container::State& state);

/// Passes on what happened in the runtime.
void on_event(kubelet_pointer self, const pb<container::Event>& event);

/// A worker ended.
void on_worker_down(kubelet_pointer self, const caf::down_msg& down);

/// What workers tell and ask.
void on_report(kubelet_pointer self, const object& pod);
void on_gone(kubelet_pointer self, const std::string& uid);
void on_remark(kubelet_pointer self, const kubelet_api::Remark& msg);
caf::result<pb<kubelet_api::References>, std::vector<object>>
on_want_references(kubelet_pointer self,
                   const kubelet_api::WantReferences& msg);
caf::result<pb<kubelet_api::Address>> on_want_address(kubelet_pointer self,
                                                      const std::string& uid);

/// Objects that these pods speak of have changed.
void on_references_changed(kubelet_pointer self,
                           const std::set<std::string>& uids);

/// Something about a pod is to be tried again.
void on_pod_tick(kubelet_pointer self, const std::string& what);

/// The pod with this "namespace/name", the newest where there are two.
kubelet_state::entry* find_pod(kubelet_pointer self, const std::string& key);

} // namespace troupe

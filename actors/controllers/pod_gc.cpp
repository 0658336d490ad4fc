#include "actors/controllers/pod_gc.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/access.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Node;
using core::v1::Pod;
using pointer = pod_gc_actor::stateful_pointer<pod_gc_state>;

// Kubernetes: quarantineTime. A node that joins again under its name keeps its
// pods.
constexpr std::chrono::seconds quarantine{40};

void on_pod(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  if (before) {
    const auto& node = before.as<Pod>().spec().node_name();
    auto found = st.pods.find(node);
    if (found != st.pods.end()) {
      found->second.erase(before.key());
      if (found->second.empty())
        st.pods.erase(found);
    }
  }
  if (!now || now.as<Pod>().spec().node_name().empty())
    return;
  const auto& node = now.as<Pod>().spec().node_name();
  st.pods[node][now.key()] = now;
  if (!st.nodes->find(node))
    st.loop.mark(node);
}

void remove_pods(pointer self, const std::string& node) {
  auto& st = self->state;
  gathering all{[self, node](const caf::error& err) {
    self->state.loop.finish(node, err);
  }};
  for (const auto& [key, pod] : st.pods[node]) {
    delete_options options;
    options.precondition_uid = pod.uid();
    options.grace_period_seconds = 0;
    st.loop.remove(node, pod, options, all.expect([](const caf::error& err) {
      return is(err, ec::not_found) || is(err, ec::conflict);
    }));
  }
  all.close();
}

void look_at(pointer self, const std::string& node) {
  auto& st = self->state;
  if (st.nodes->find(node) || st.pods.count(node) == 0) {
    st.missing.erase(node);
    st.loop.why.forget(node);
    return st.loop.finish(node);
  }
  auto now = self->clock().now();
  auto since = st.missing.try_emplace(node, now).first->second;
  if (now < since + quarantine) {
    st.loop.why.set(node, "there is no such node; its pods have 40 seconds");
    st.loop.mark_at(node, since + quarantine);
    return st.loop.finish(node);
  }
  // The view may be behind: only the server knows that there is none.
  st.loop.api().get({&kind_of<Node>(), {}, node}, [self, node](
                                                      expected<answer> result) {
    if (result)
      return self->state.loop.finish(node);
    if (!is(result.error(), ec::not_found))
      return self->state.loop.finish(node, result.error());
    self->state.loop.why.set(node, "there is no such node: removes its pods");
    remove_pods(self, node);
  });
}

} // namespace

pod_gc_actor::behavior_type pod_gc(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.nodes =
      &st.loop.follow({&kind_of<Node>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        if (!before || !now)
                          self->state.loop.mark((now ? now : before).name());
                      });
  st.loop.follow({&kind_of<Pod>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_pod(self, before, now);
                 });
  st.loop.keep([self](const std::string& node) {
    return self->state.pods.count(node) != 0;
  });
  st.loop.open(ctx, rules::controller_user("pod-garbage-collector"));
  return controller(self);
}

} // namespace troupe

#include "actors/kubelet/node_upkeep.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/container.pb.h"
#include "messages/fields.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = kubelet_pointer;
using core::v1::Node;

constexpr std::chrono::milliseconds try_again{1000};

object_ref node_ref(pointer self) {
  return {&kind_of<Node>(), {}, self->state.options.machine.name};
}

/// `from` is the revision that was written over; 0 for none.
void on_node_written(pointer self, uint64_t from,
                     const expected<answer>& result) {
  auto& st = self->state;
  st.node_busy = false;
  if (!result) {
    // A conflict means that there is a newer one: it came in the meantime, or
    // is on its way to us.
    if (!st.node_ready || !is(result.error(), ec::conflict))
      wake_later(self, "node", try_again);
    else if (st.node && st.node.revision() > from)
      write_node_status(self);
    return;
  }
  if (auto newest = result->one();
      newest && (!st.node || newest.revision() > st.node.revision()))
    st.node = newest;
  st.node_ready = true;
  write_node_status(self);
}

void create_node(pointer self) {
  auto& st = self->state;
  auto node = rules::new_node(st.options.machine);
  *node.mutable_status() =
      rules::node_status({}, st.options.machine, st.health, st.ctx->now());
  st.node_busy = true;
  st.api.create(object::of(node), [self](expected<answer> result) {
    if (!result && is(result.error(), ec::already_exists)) {
      self->state.node_busy = false;
      return register_node(self);
    }
    if (result)
      self->state.api.emit(result->one(), "Normal", "RegisteredNode",
                           "Node " + self->state.options.machine.name
                               + " registered");
    on_node_written(self, 0, result);
  });
}

void take_node_over(pointer self, const object& found) {
  auto& st = self->state;
  // The watch may have told of a newer one, which came faster than the answer:
  // with an older one every write would be a conflict, and nothing newer come.
  if (!st.node || st.node.revision() < found.revision())
    st.node = found;
  auto node = st.node.copy<Node>();
  if (!rules::take_over(st.options.machine, node)) {
    st.node_ready = true;
    return write_node_status(self);
  }
  st.node_busy = true;
  st.api.update(object::of(node),
                [self, from = st.node.revision()](expected<answer> result) {
                  on_node_written(self, from, result);
                });
}

object lease_object(pointer self) {
  auto& st = self->state;
  coordination::v1::Lease lease;
  auto& meta = *lease.mutable_metadata();
  meta.set_name(st.options.machine.name);
  meta.set_namespace_("kube-node-lease");
  if (st.node) {
    auto& owner = *meta.add_owner_references();
    owner.set_api_version("v1");
    owner.set_kind("Node");
    owner.set_name(st.node.name());
    owner.set_uid(st.node.uid());
  }
  auto& spec = *lease.mutable_spec();
  spec.set_holder_identity(st.options.machine.name);
  spec.set_lease_duration_seconds(
      static_cast<int32_t>(st.options.lease_duration.count()));
  *spec.mutable_renew_time() = to_micro_time(st.ctx->now());
  return object::of(lease);
}

void lease_done(pointer self, const expected<answer>& result) {
  auto& st = self->state;
  st.lease_busy = false;
  if (!result && is(result.error(), ec::not_found)) {
    st.lease_busy = true;
    st.api.create(lease_object(self), [self](expected<answer> created) {
      self->state.lease_busy = false;
      // Where even that fails, the next renewal comes.
      (void)created;
    });
  }
}

} // namespace

void register_node(pointer self) {
  auto& st = self->state;
  if (st.node_busy)
    return;
  st.node_busy = true;
  st.api.get(node_ref(self), [self](expected<answer> result) {
    self->state.node_busy = false;
    if (result)
      take_node_over(self, result->one());
    else if (is(result.error(), ec::not_found))
      create_node(self);
    else
      wake_later(self, "node", try_again);
  });
}

void write_node_status(pointer self) {
  auto& st = self->state;
  if (!st.node_ready || st.node_busy || !st.node)
    return;
  const auto& old = st.node.as<Node>().status();
  auto status =
      rules::node_status(old, st.options.machine, st.health, st.ctx->now());
  if (canonical_equal(old, status))
    return;
  auto node = st.node.copy<Node>();
  *node.mutable_status() = std::move(status);
  st.node_busy = true;
  st.api.update_status(object::of(node), [self, from = st.node.revision()](
                                             expected<answer> result) {
    on_node_written(self, from, result);
  });
}

void on_node_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  for (const auto& item : batch.items) {
    if (item.type == change_type::deleted) {
      // Whoever deletes the node of a living kubelet wants it away; it comes
      // back when the kubelet is started again.
      st.node = {};
      st.node_ready = false;
    } else if (!st.node || item.what.revision() > st.node.revision()) {
      st.node = item.what;
    }
  }
  write_node_status(self);
}

void renew_lease(pointer self) {
  auto& st = self->state;
  if (st.lease_busy)
    return;
  st.lease_busy = true;
  st.api.update(lease_object(self),
                [self](expected<answer> result) { lease_done(self, result); });
}

void wake_later(pointer self, const std::string& what,
                std::chrono::milliseconds after) {
  system::Tick tick;
  tick.set_what(what);
  self->delayed_send(self, after, pb<system::Tick>{std::move(tick)});
}

} // namespace troupe

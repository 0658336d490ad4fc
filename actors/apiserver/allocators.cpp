#include "actors/apiserver/allocators.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = allocators_full_actor::stateful_pointer<allocators_state>;

constexpr uint64_t service_stream = 1;

std::unique_ptr<rules::service_ranges> empty_ranges(const context& ctx) {
  auto& config = ctx.config();
  auto range = rules::ip_range::parse(config.service_cidr);
  if (!range)
    throw std::runtime_error("no range of addresses: " + config.service_cidr);
  return std::make_unique<rules::service_ranges>(rules::service_ranges{
      {rules::ip_allocator{*range}},
      rules::port_allocator{config.node_port_first, config.node_port_last}});
}

const core::v1::Service* service_of(const object& what) {
  return what ? &what.as<core::v1::Service>() : nullptr;
}

expected<object> give(pointer self, const object& wished,
                      const object& before) {
  auto& st = self->state;
  auto service = wished.copy<core::v1::Service>();
  if (auto err = rules::allocate(service, service_of(before), *st.ranges,
                                 [self] { return self->state.ctx->random(); }))
    return err;
  return object::of(service);
}

void find_view(pointer self) {
  system::Resolve msg;
  msg.set_path(self->state.ctx->beside(
      resource_path("view", kind_of<core::v1::Service>())));
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self](const caf::actor& handle) {
        auto& st = self->state;
        st.view = caf::actor_cast<api_actor>(handle);
        self->monitor(handle);
        call::Watch watch;
        watch.set_stream(service_stream);
        st.requests.ask<pb<call::WatchStarted>>(
            st.view, [](const pb<call::WatchStarted>&) {},
            [](const caf::error&) {}, pb<call::Watch>{std::move(watch)},
            watcher_actor{self});
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

/// Takes note of how a Service is now; nothing when it is gone.
void note(pointer self, const std::string& key, const object& now) {
  auto& st = self->state;
  auto known = st.services.find(key);
  if (known != st.services.end()) {
    rules::release(known->second.as<core::v1::Service>(), service_of(now),
                   *st.ranges);
    st.services.erase(known);
  }
  if (now) {
    st.ranges->occupy(now.as<core::v1::Service>());
    st.services[key] = now;
  }
}

void on_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.services.clear();
    st.ranges = empty_ranges(*st.ctx);
  }
  for (auto& c : batch.items)
    note(self, c.what.key(),
         c.type == change_type::deleted ? object{} : c.what);
  call::Ack ack;
  ack.set_stream(batch.stream);
  ack.set_sequence(batch.sequence);
  if (st.view)
    self->send(st.view, pb<call::Ack>{std::move(ack)}, watcher_actor{self});
  if (!batch.complete)
    return;
  st.ready = true;
  auto waiting = std::move(st.waiting);
  st.waiting.clear();
  for (auto& r : waiting) {
    auto given = give(self, r.wished, r.before);
    if (given)
      r.promise.deliver(*given);
    else
      r.promise.deliver(given.error());
  }
}

caf::result<object> on_allocate(pointer self, const object& wished,
                                const object& before) {
  auto& st = self->state;
  if (!st.ready) {
    auto promise = self->make_response_promise<object>();
    st.waiting.push_back({wished, before, promise});
    return promise;
  }
  auto given = give(self, wished, before);
  if (given)
    return *given;
  return given.error();
}

/// Could not be written: free again, but for what the Service has by now.
void on_release(pointer self, const object& given) {
  auto& st = self->state;
  auto known = st.services.find(given.key());
  auto kept = known == st.services.end() ? object{} : known->second;
  rules::release(given.as<core::v1::Service>(), service_of(kept), *st.ranges);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (st.view && st.view.address() == down.source) {
    st.view = nullptr;
    st.ready = false;
    find_view(self);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("services=" + std::to_string(st.services.size()));
  for (auto& a : st.ranges->addresses)
    result.add_facts("addresses_free=" + std::to_string(a.free()));
  result.add_facts("ports_free="
                   + std::to_string(st.ranges->node_ports.free()));
  return result;
}

} // namespace

allocators_full_actor::behavior_type allocators(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.ranges = empty_ranges(*st.ctx);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  find_view(self);
  return {
      [self](const object& wished, const object& before) {
        return on_allocate(self, wished, before);
      },
      [self](const object& given) { on_release(self, given); },
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

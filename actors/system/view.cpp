#include "actors/system/view.hpp"

#include "actors/system/describing.hpp"
#include "actors/system/view_parts.hpp"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/versions.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using viewing::pointer;

caf::error check_watch(const call::Watch& msg) {
  meta::v1::ListOptions options;
  options.set_watch(true);
  options.set_resource_version(msg.resource_version());
  options.set_resource_version_match(msg.resource_version_match());
  if (msg.has_send_initial_events())
    options.set_send_initial_events(msg.send_initial_events());
  return viewing::check_options(options);
}

std::unique_ptr<view_reader> make_reader(const call::Watch& msg,
                                         const watcher_actor& to,
                                         const selection_filter& filter) {
  auto result = std::make_unique<view_reader>();
  result->to = to;
  result->stream = msg.stream();
  result->filter = filter;
  result->bookmarks = msg.bookmarks();
  return result;
}

caf::result<pb<call::WatchStarted>>
on_watch(pointer self, const pb<call::Watch>& msg, const watcher_actor& to) {
  if (auto err = check_watch(*msg))
    return err;
  auto version = viewing::parse_version(msg->resource_version());
  if (!version)
    return version.error();
  auto filter =
      selection_filter::parse(*self->state.kind, msg->namespace_(),
                              msg->label_selector(), msg->field_selector());
  if (!filter)
    return filter.error();
  auto promise = self->make_response_promise<pb<call::WatchStarted>>();
  auto goes_on = version->value_or(0) != 0 && !msg->send_initial_events();
  // Who goes on after a revision is told of what the view does not know yet as
  // it comes; who wants what is there waits for it to be new enough.
  viewing::when_fresh(
      self, goes_on ? 0 : *version, true,
      [self, msg, to, promise, goes_on, version = *version,
       filter = std::move(*filter)](const caf::error& err) mutable {
        if (err) {
          promise.deliver(err);
          return;
        }
        call::WatchStarted started;
        started.set_revision(self->state.revision);
        promise.deliver(pb<call::WatchStarted>{std::move(started)});
        viewing::add_reader(self, make_reader(*msg, to, filter),
                            goes_on ? version : std::nullopt);
      });
  return promise;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  auto lost = st.store && st.store.address() == down.source;
  if (lost)
    st.store = nullptr;
  st.requests.on_down(down);
  if (lost) {
    viewing::store_lost(self);
    return;
  }
  if (st.monitored.erase(down.source) == 0)
    return;
  while (true) {
    auto it = st.readers.lower_bound({down.source, 0});
    if (it == st.readers.end() || it->first.first != down.source)
      return;
    viewing::forget(self, it->first);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("objects=" + std::to_string(st.objects.size()));
  result.add_facts("readers=" + std::to_string(st.readers.size()));
  if (!st.feeds.empty())
    result.add_facts("behind=" + std::to_string(st.feeds.size()));
  result.add_facts("revision=" + std::to_string(st.revision));
  return result;
}

} // namespace

std::string storage_key(const kind_info& kind, const std::string& ns,
                        const std::string& name) {
  auto& stored = rules::stored_kind(kind);
  auto key = "/registry/" + std::string{stored.group} + "/"
             + std::string{stored.plural} + "/";
  if (!ns.empty())
    key += ns + "/";
  return key + name;
}

view_actor::behavior_type view(pointer self, context ctx,
                               const kind_info* kind) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.kind = kind;
  st.prefix = storage_key(*kind, {}, {});
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  // Another version's objects are read by its own view; few ever ask for this
  // one, which begins when somebody does.
  if (&rules::stored_kind(*kind) == kind)
    viewing::find_store(self);
  return {
      [self](const pb<call::Request>& msg, const object&) {
        return viewing::on_request(self, msg);
      },
      [self](const pb<call::Watch>& msg, const watcher_actor& to) {
        return on_watch(self, msg, to);
      },
      [self](const pb<call::Ack>& ack, const watcher_actor& from) {
        viewing::on_ack(self, *ack, from);
      },
      [self](const pb<call::StopWatch>& msg, const watcher_actor& from) {
        viewing::forget(self, {from.address(), msg->stream()});
      },
      [self](const pb<system::Tick>& tick) { viewing::on_tick(self, *tick); },
      [self](const pb<store_api::WatchBatch>& batch) {
        viewing::on_batch(self, *batch);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

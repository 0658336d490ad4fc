#include "actors/http/connection_parts.hpp"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/deprecation.hpp"
#include "runtime/http/number_parameter.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::serving_http {

namespace {

/// Kubernetes: one that does not say how long it wants to watch watches
/// between half an hour and an hour, so that not all come back at once.
constexpr int64_t shortest_s = 1800;
/// Nobody needs more: whoever has it begins anew.
constexpr int64_t longest_s = 24 * 3600;
/// Batches that are acknowledged together; far fewer than whoever sends them
/// lets be open.
constexpr uint32_t acknowledged_at_once = 4;
/// Bytes that one client may leave lying before more is encoded for it.
constexpr size_t most_unsent = 256u << 10;

expected<int64_t> read_timeout(pointer self, const exchange& x) {
  auto wished = http::number_parameter(x.to, "timeoutSeconds");
  if (!wished)
    return wished.error();
  if (*wished && **wished > 0)
    return std::min(**wished, longest_s);
  return shortest_s
         + static_cast<int64_t>(self->state.ctx->random() % shortest_s);
}

/// A watch of one object is one of all with its name.
std::string field_selector(const exchange& x) {
  auto fields = x.to.get("fieldSelector");
  if (!x.at.name.empty())
    fields += (fields.empty() ? "" : ",") + ("metadata.name=" + x.at.name);
  return fields;
}

call::Watch to_message(const exchange& x) {
  call::Watch out;
  out.set_api_version(x.at.api_version());
  out.set_kind(std::string{x.at.kind->kind});
  out.set_namespace_(x.at.ns);
  out.set_label_selector(x.to.get("labelSelector"));
  out.set_field_selector(field_selector(x));
  out.set_resource_version(x.to.get("resourceVersion"));
  out.set_resource_version_match(x.to.get("resourceVersionMatch"));
  if (x.to.has("sendInitialEvents"))
    out.set_send_initial_events(x.to.flag("sendInitialEvents"));
  out.set_bookmarks(x.to.flag("allowWatchBookmarks"));
  out.set_stream(x.number);
  return out;
}

std::string_view event_name(change_type type) {
  switch (type) {
    case change_type::added:
      return "ADDED";
    case change_type::modified:
      return "MODIFIED";
    default:
      return "DELETED";
  }
}

/// The first news of a watch is that it has begun.
void begin_answer(pointer self, uint64_t number, http_watch& w) {
  if (std::exchange(w.started, true))
    return;
  http::response_head head;
  head.headers.push_back(audit_header(w.audit_id));
  add_flow(w.belongs.get(), head);
  head.headers.emplace_back("Content-Type", w.how.form.stream_type());
  head.headers.emplace_back("Cache-Control", "no-cache, private");
  if (!w.warning.empty())
    head.headers.push_back(warning_header(w.warning));
  w.flow = {metrics_of(self), w.labels};
  begin_pieces(self, number, std::move(head));
}

void acknowledge(pointer self, const http_watch& w, uint64_t number,
                 uint64_t sequence) {
  call::Ack ack;
  ack.set_stream(number);
  ack.set_sequence(sequence);
  self->send(w.session, pb<call::Ack>{std::move(ack)}, watcher_actor{self});
}

/// Events that are text are messages of text, too.
bool is_text(const http_watch& w) {
  return w.how.form.bytes != http::encoding::protobuf;
}

std::string encode(pointer self, http_watch& w, const changes& batch) {
  std::string out;
  auto add = [&](std::string event) {
    out += event_piece(self, batch.stream, std::move(event), is_text(w));
  };
  for (auto& c : batch.items) {
    add(*self->state.events->get(event_name(c.type), c.what, w.how, !w.told));
    w.told = true;
  }
  if (batch.complete && w.begins)
    add(http::encode_bookmark(*w.kind, batch.revision, true, w.how));
  else if (batch.items.empty() && w.bookmarks && batch.revision != 0
           && !batch.complete)
    add(http::encode_bookmark(*w.kind, batch.revision, false, w.how));
  return out;
}

void end_watch(pointer self, uint64_t number, const caf::error& why) {
  auto& st = self->state;
  auto found = st.watches.find(number);
  if (found == st.watches.end())
    return;
  auto& w = found->second;
  w.how.now = st.ctx->now();
  begin_answer(self, number, w);
  // One whose server went down is begun anew by the client; what cannot be
  // gone on with is told.
  if (why && !is(why, ec::service_unavailable))
    st.edge->send(st.connection, number,
                  event_piece(self, number,
                              http::encode_error_event(to_status(why), w.how),
                              is_text(w)));
  end_pieces(self, number, false);
  st.watches.erase(found);
}

void ask(pointer self, exchange_ptr x, call::Watch msg, int64_t seconds) {
  auto& st = self->state;
  auto& w = st.watches[x->number];
  w.session = x->session;
  w.hold = x->hold;
  w.kind = x->at.kind;
  w.labels = labels_of(*x);
  w.warning = http::deprecation_of(*w.kind);
  w.audit_id = x->audit_id;
  w.belongs = x->flow;
  w.how = form_of(self, *x);
  w.how.form.pretty = false;
  w.bookmarks = msg.bookmarks();
  w.begins = msg.bookmarks() && msg.send_initial_events();
  system::Tick tick;
  tick.set_number(x->number);
  self->delayed_send(self, std::chrono::seconds(seconds),
                     pb<system::Tick>{std::move(tick)});
  st.requests.ask<pb<call::WatchStarted>>(
      x->session,
      [self, number = x->number](const pb<call::WatchStarted>&) {
        auto found = self->state.watches.find(number);
        if (found != self->state.watches.end())
          begin_answer(self, number, found->second);
      },
      [self, x](const caf::error& err) {
        drop_socket(self, x->number);
        if (self->state.watches.erase(x->number) > 0)
          refuse(self, *x, err);
      },
      pb<call::Watch>{std::move(msg)}, watcher_actor{self});
}

void tell(pointer self, http_watch& w, const changes& batch) {
  auto& st = self->state;
  begin_answer(self, batch.stream, w);
  w.how.now = st.ctx->now();
  auto bytes = encode(self, w, batch);
  if (bytes.empty())
    return acknowledge(self, w, batch.stream, batch.sequence);
  if (!batch.items.empty())
    st.edge->metrics().events_sent(*w.kind, batch.items.size());
  w.open.push_back({batch.sequence, bytes.size()});
  w.unsent += bytes.size();
  st.edge->send(st.connection, batch.stream, std::move(bytes));
}

void tell_waiting(pointer self, http_watch& w) {
  while (!w.waiting.empty() && w.unsent < most_unsent) {
    auto next = std::move(w.waiting.front());
    w.waiting.pop_front();
    tell(self, w, next);
  }
}

} // namespace

void start_watch(pointer self, exchange_ptr x) {
  auto seconds = read_timeout(self, *x);
  if (!seconds)
    return refuse(self, *x, seconds.error());
  // Kubernetes: whatever subprotocol a client wants.
  auto protocols = http::offered_protocols(headers_of(*x));
  protocols.emplace_back();
  if (auto err = prepare_socket(self, *x, protocols))
    return refuse(self, *x, err);
  ask(self, x, to_message(*x), *seconds);
}

void on_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  auto found = st.watches.find(batch.stream);
  if (found == st.watches.end())
    return;
  if (!batch.ended.empty()) {
    meta::v1::Status status;
    status.ParseFromString(batch.ended);
    return end_watch(self, batch.stream, from_status(status));
  }
  auto& w = found->second;
  w.waiting.push_back(batch);
  tell_waiting(self, w);
}

void on_pieces_taken(pointer self, uint64_t number, uint32_t pieces) {
  auto found = self->state.watches.find(number);
  if (found == self->state.watches.end())
    return;
  auto& w = found->second;
  uint64_t last = 0;
  for (; pieces > 0 && !w.open.empty(); --pieces) {
    last = w.open.front().sequence;
    w.unsent -= w.open.front().size;
    w.open.pop_front();
    ++w.owed;
  }
  tell_waiting(self, w);
  if (w.owed < acknowledged_at_once || last == 0)
    return;
  w.owed = 0;
  acknowledge(self, w, number, last);
}

void stop_watch(pointer self, uint64_t number) {
  auto found = self->state.watches.find(number);
  if (found == self->state.watches.end())
    return;
  call::StopWatch msg;
  msg.set_stream(number);
  self->send(found->second.session, pb<call::StopWatch>{std::move(msg)},
             watcher_actor{self});
  end_watch(self, number, caf::none);
}

void end_watches(pointer self, const caf::actor_addr& session) {
  std::vector<uint64_t> lost;
  for (auto& [number, w] : self->state.watches)
    if (w.session.address() == session)
      lost.push_back(number);
  for (auto number : lost)
    end_watch(self, number, caf::none);
}

} // namespace troupe::serving_http

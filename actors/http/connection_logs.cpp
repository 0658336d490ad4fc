#include "actors/http/connection_parts.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "runtime/rules/pod_subresources.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <charconv>
#include <optional>

namespace troupe::serving_http {

namespace {

/// Pieces of a log that may be on their way to a client.
constexpr uint32_t log_window = 16;

/// Kubernetes: a pod without a node has no log yet, which is no failure.
void refuse_log(pointer self, const exchange& x, const caf::error& why) {
  if (is(why, ec::conflict))
    self->state.edge->answer(self->state.connection, x.number,
                             {204, {audit_header(x.audit_id)}}, {});
  else
    refuse(self, x, why);
}

expected<std::optional<int64_t>> read_number(const http::target& to,
                                             std::string_view name) {
  auto& text = to.get(name);
  if (text.empty())
    return std::optional<int64_t>{};
  int64_t value = 0;
  auto last = text.data() + text.size();
  auto [end, bad] = std::from_chars(text.data(), last, value);
  if (bad != std::errc{} || end != last)
    // Kubernetes' words.
    return make_error(ec::bad_request, "strconv.ParseInt: parsing \"" + text
                                           + "\": invalid syntax");
  return std::optional{value};
}

/// What the query says, as the kind PodLogOptions has it.
expected<core::v1::PodLogOptions> options_in(const exchange& x) {
  core::v1::PodLogOptions result;
  auto tail = read_number(x.to, "tailLines");
  auto bytes = read_number(x.to, "limitBytes");
  auto seconds = read_number(x.to, "sinceSeconds");
  for (auto* number : {&tail, &bytes, &seconds})
    if (!*number)
      return number->error();
  if (*tail)
    result.set_tail_lines(**tail);
  if (*bytes)
    result.set_limit_bytes(**bytes);
  if (*seconds)
    result.set_since_seconds(**seconds);
  if (auto& time = x.to.get("sinceTime"); !time.empty()) {
    auto when = text::parse_timestamp(time);
    if (!when)
      return make_error(ec::bad_request, "sinceTime: \"" + time + "\": "
                                             + message_of(when.error()));
    result.mutable_since_time()->set_seconds(when->seconds);
    result.mutable_since_time()->set_nanos(when->nanos);
  }
  if (auto found = rules::validate_log_options(result); !found.empty())
    return invalid("", "PodLogOptions", x.at.name, found);
  return result;
}

int64_t nanoseconds(time_point when) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             when.time_since_epoch())
      .count();
}

caf::error read_options(pointer self, const exchange& x,
                        call::OpenStream& out) {
  auto& logs = *out.mutable_logs();
  auto& target = *logs.mutable_target();
  target.set_namespace_(x.at.ns);
  target.set_name(x.at.name);
  target.set_container(x.to.get("container"));
  target.set_previous(x.to.flag("previous"));
  auto& options = *logs.mutable_options();
  options.set_follow(x.to.flag("follow"));
  options.set_timestamps(x.to.flag("timestamps"));
  options.set_credit(log_window);
  auto wished = options_in(x);
  if (!wished)
    return wished.error();
  if (wished->has_tail_lines())
    options.set_tail_lines(wished->tail_lines());
  if (wished->has_limit_bytes())
    options.set_limit_bytes(wished->limit_bytes());
  if (wished->has_since_seconds())
    options.set_since(
        nanoseconds(self->state.ctx->now()
                    - std::chrono::seconds(wished->since_seconds())));
  if (wished->has_since_time())
    options.set_since(wished->since_time().seconds() * std::nano::den
                      + wished->since_time().nanos());
  return caf::none;
}

void begin_answer(pointer self, uint64_t number) {
  http::response_head head;
  head.headers = {audit_header(self->state.logs[number].audit_id),
                  {"Content-Type", "text/plain"},
                  {"Cache-Control", "no-cache, private"}};
  begin_pieces(self, number, std::move(head));
  // Kubernetes: an empty message tells that it stands.
  if (self->state.sockets.count(number) != 0)
    self->state.edge->send(self->state.connection, number,
                           log_piece(self, number, {}));
}

/// Returns the log that a source calls by this number.
auto find(http_connection_state& st, const caf::actor_addr& source,
          uint64_t stream) {
  return std::find_if(st.logs.begin(), st.logs.end(), [&](auto& entry) {
    auto& log = entry.second;
    return log.source && log.stream == stream && log.source.address() == source;
  });
}

bool is_opening(const http_connection_state& st) {
  return std::any_of(st.logs.begin(), st.logs.end(),
                     [](auto& entry) { return !entry.second.source; });
}

void end_log(pointer self, uint64_t number, bool broken) {
  auto& st = self->state;
  if (st.logs.erase(number) > 0)
    end_pieces(self, number, broken);
}

void opened(pointer self, uint64_t number, uint64_t stream,
            const stream_source_actor& source) {
  auto& st = self->state;
  auto found = st.logs.find(number);
  if (found == st.logs.end()) {
    container::StreamClose close;
    close.set_stream(stream);
    self->send(source, pb<container::StreamClose>{std::move(close)});
    return;
  }
  found->second.stream = stream;
  found->second.source = source;
  self->monitor(source);
  begin_answer(self, number);
  auto early = st.early.extract({source.address(), stream});
  if (!is_opening(st))
    st.early.clear();
  if (early.empty())
    return;
  for (auto& data : early.mapped().data)
    st.edge->send(st.connection, number, log_piece(self, number, data->data()));
  if (early.mapped().end)
    end_log(self, number, false);
}

caf::actor_addr sender_of(pointer self) {
  return caf::actor_cast<caf::actor_addr>(self->current_sender());
}

} // namespace

void start_log(pointer self, exchange_ptr x) {
  auto msg = std::make_shared<call::OpenStream>();
  if (auto err = read_options(self, *x, *msg))
    return refuse(self, *x, err);
  if (auto err = prepare_socket(self, *x, http::reader_protocols()))
    return refuse(self, *x, err);
  auto& st = self->state;
  st.logs[x->number].hold = x->hold;
  st.logs[x->number].audit_id = x->audit_id;
  st.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      x->session,
      [self, x](const pb<container::StreamOpened>& answer,
                const stream_source_actor& source) {
        opened(self, x->number, answer->stream(), source);
      },
      [self, x](const caf::error& err) {
        drop_socket(self, x->number);
        if (self->state.logs.erase(x->number) > 0)
          refuse_log(self, *x, err);
      },
      pb<call::OpenStream>{std::move(*msg)}, container_stream_actor{self});
}

void on_output(pointer self, const pb<container::StreamData>& data) {
  auto& st = self->state;
  auto sender = sender_of(self);
  auto found = find(st, sender, data->stream());
  if (found != st.logs.end())
    st.edge->send(st.connection, found->first,
                  log_piece(self, found->first, data->data()));
  else if (is_opening(st))
    st.early[{sender, data->stream()}].data.push_back(data);
}

void on_output_end(pointer self, const pb<container::StreamEnd>& end) {
  auto& st = self->state;
  auto sender = sender_of(self);
  auto found = find(st, sender, end->stream());
  if (found != st.logs.end())
    end_log(self, found->first, false);
  else if (is_opening(st))
    st.early[{sender, end->stream()}].end = end;
}

void on_log_taken(pointer self, uint64_t number, uint32_t pieces) {
  auto found = self->state.logs.find(number);
  if (found == self->state.logs.end() || !found->second.source)
    return;
  container::StreamCredit credit;
  credit.set_stream(found->second.stream);
  credit.set_chunks(pieces);
  self->send(found->second.source, pb<container::StreamCredit>{credit});
}

void stop_log(pointer self, uint64_t number) {
  auto& st = self->state;
  auto found = st.logs.find(number);
  if (found == st.logs.end())
    return;
  if (found->second.source) {
    container::StreamClose close;
    close.set_stream(found->second.stream);
    self->send(found->second.source, pb<container::StreamClose>{close});
  }
  end_log(self, number, true);
}

void end_logs_of(pointer self, const caf::actor_addr& source) {
  auto& logs = self->state.logs;
  std::vector<uint64_t> lost;
  for (auto& [number, log] : logs)
    if (log.source && log.source.address() == source)
      lost.push_back(number);
  for (auto number : lost)
    end_log(self, number, true);
}

} // namespace troupe::serving_http

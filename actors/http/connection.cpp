#include "actors/http/connection.hpp"

#include "actors/http/connection_parts.hpp"
#include "actors/system/describing.hpp"
#include "messages/container.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace serving_http;

http_api::Request to_message(uint64_t number, http::request what,
                             bool streams) {
  http_api::Request out;
  out.set_exchange(number);
  out.set_method(std::move(what.method));
  out.set_target(std::move(what.target));
  for (auto& [name, value] : what.headers) {
    auto& h = *out.add_headers();
    h.set_name(std::move(name));
    h.set_value(std::move(value));
  }
  out.set_body(std::move(what.body));
  out.set_streams(streams);
  return out;
}

template <class T>
void tell(const caf::actor& to, T msg) {
  caf::anon_send(caf::actor_cast<http_connection_actor>(to),
                 pb<T>{std::move(msg)});
}

/// The edge outlives us, so it holds our address, not us.
http::http_edge::on_event reporter(pointer self) {
  return [to = self->address()](http::event x) {
    auto handle = caf::actor_cast<caf::actor>(to);
    if (!handle)
      return;
    switch (x.kind) {
      case http::event::type::request:
        tell(handle, to_message(x.exchange, std::move(x.what), x.streams));
        break;
      case http::event::type::data: {
        http_api::Data msg;
        msg.set_exchange(x.exchange);
        msg.set_bytes(std::move(x.bytes));
        tell(handle, std::move(msg));
        break;
      }
      case http::event::type::taken: {
        http_api::Taken msg;
        msg.set_exchange(x.exchange);
        msg.set_pieces(x.pieces);
        tell(handle, std::move(msg));
        break;
      }
      case http::event::type::abandoned: {
        http_api::Abandoned msg;
        msg.set_exchange(x.exchange);
        tell(handle, std::move(msg));
        break;
      }
      case http::event::type::distrusted: {
        http_api::Distrusted msg;
        msg.set_problem(std::move(x.bytes));
        tell(handle, std::move(msg));
        break;
      }
      case http::event::type::closed:
        tell(handle, http_api::Closed{});
    }
  };
}

// -- what is no resource ------------------------------------------------------

call::Verb verb_at_path(const std::string& method) {
  if (method == "GET" || method == "HEAD")
    return call::GET;
  if (method == "PUT")
    return call::UPDATE;
  if (method == "PATCH")
    return call::PATCH;
  return method == "DELETE" ? call::DELETE : call::CREATE;
}

/// Goes on when the caller may do this at a path that is no resource.
void with_path(pointer self, exchange_ptr x, std::function<void()> next) {
  call::Request msg;
  msg.set_verb(verb_at_path(x->request->method()));
  msg.set_name(x->to.path);
  self->state.requests.ask<pb<call::Response>, std::vector<object>>(
      x->session,
      [next](const pb<call::Response>&, const std::vector<object>&) { next(); },
      [self, x](const caf::error& why) { refuse(self, *x, why); },
      pb<call::Request>{std::move(msg)}, object{});
}

// -- requests -----------------------------------------------------------------

caf::error begin(exchange& x) {
  auto to = http::parse_target(x.request->target());
  if (!to)
    return to.error();
  x.to = std::move(*to);
  x.at = http::find_route(x.to);
  if (x.at.where == http::place::resource)
    x.verb = http::verb_of(x.request->method(), x.at, x.to);
  auto form = http::choose_form(x.header("Accept"), x.at, x.verb);
  if (form)
    x.form = *form;
  else
    x.unfit = form.error();
  x.form.pretty =
      x.to.has("pretty")
          ? x.to.flag("pretty")
          : x.form.pretty || http::looks_with_eyes(x.header("User-Agent"));
  return caf::none;
}

void at_path(pointer self, exchange_ptr x) {
  if (x->at.where == http::place::nothing && http::is_api_path(x->to))
    return refuse(self, *x, http::no_such_place());
  if (x->at.where == http::place::nothing)
    return serving_http::answer(self, *x, 404, "text/plain; charset=utf-8",
                                "404 page not found\n");
  if (!http::takes_method(x->at.where, x->request->method()))
    return refuse(self, *x, http::wrong_method());
  if (x->unfit)
    return refuse(self, *x, x->unfit);
  answer_place(self, x);
}

void on_request(pointer self, const pb<http_api::Request>& msg) {
  check_certificate_end(self);
  ++self->state.served;
  auto x = std::make_shared<exchange>();
  x->number = msg->exchange();
  x->request = msg;
  x->since = self->clock().now();
  x->from = self->state.who.address;
  x->audit_id = x->header("Audit-Id");
  if (x->audit_id.empty())
    x->audit_id = self->state.ctx->uuid();
  if (auto err = begin(*x))
    return refuse(self, *x, err);
  x->mark =
      std::make_shared<http::flight_mark>(metrics_of(self), labels_of(*x));
  identify(self, x, [self, x] {
    classify(self, *x);
    if (x->at.where != http::place::resource)
      with_path(self, x, [self, x] { at_path(self, x); });
    else if (http::is_streamed(x->at))
      start_stream(self, x);
    else
      answer_resource(self, x);
  });
}

void on_taken(pointer self, const pb<http_api::Taken>& msg) {
  auto number = msg->exchange();
  auto pieces = pieces_of_answer(self, number, msg->pieces());
  on_pieces_taken(self, number, pieces);
  on_log_taken(self, number, pieces);
  on_stream_taken(self, msg);
}

void on_abandoned(pointer self, uint64_t number) {
  self->state.arriving.erase(number);
  stop_watch(self, number);
  stop_log(self, number);
  stop_stream(self, number);
  audit_end(self, number);
}

void on_tick(pointer self, uint64_t number) {
  if (number != 0)
    return stop_watch(self, number);
  self->state.waits_for_end = false;
  check_certificate_end(self);
}

// -- ends ---------------------------------------------------------------------

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (on_stream_down(self, down))
    return;
  // The server's own session and those of clients may have asked the same.
  if (st.own)
    st.own->on_down(down);
  st.requests.on_down(down);
  forget_session(self, down.source);
  end_logs_of(self, down.source);
}

void on_closed(pointer self) {
  std::vector<uint64_t> open;
  for (auto& [number, entry] : self->state.audited)
    open.push_back(number);
  for (auto number : open)
    audit_end(self, number);
  self->quit();
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("certificate="
                   + (st.who.user.empty() ? "none" : st.who.user));
  result.add_facts("sessions=" + std::to_string(st.sessions.size()));
  result.add_facts("requests=" + std::to_string(st.served));
  result.add_facts("watches=" + std::to_string(st.watches.size()));
  if (!st.streams.empty())
    result.add_facts("streams=" + std::to_string(st.streams.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

http_connection_actor::behavior_type
http_connection(pointer self, context ctx,
                std::shared_ptr<http::http_edge> edge, uint64_t connection,
                http::peer who, audit_sink_actor log,
                std::shared_ptr<http::event_memo> events,
                std::shared_ptr<const rules::flow_table> flows) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.edge = std::move(edge);
  st.events = std::move(events);
  st.flows = std::move(flows);
  st.connection = connection;
  st.who = std::move(who);
  st.log = std::move(log);
  st.requests = calls{self};
  st.children = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  st.edge->serve(connection, reporter(self));
  open_audit(self);
  check_certificate_end(self);
  return {
      [self](const pb<http_api::Request>& msg) { on_request(self, msg); },
      [self](const pb<http_api::Data>& msg) {
        if (!on_socket_data(self, *msg))
          on_stream_data(self, msg);
      },
      [self](const pb<http_api::Taken>& msg) { on_taken(self, msg); },
      [self](const pb<http_api::Abandoned>& msg) {
        on_abandoned(self, msg->exchange());
      },
      [self](const pb<http_api::Distrusted>& msg) {
        end_certificate(self, msg->problem());
      },
      [self](const pb<http_api::Answered>& msg) { on_answered(self, *msg); },
      [self](const pb<http_api::Closed>&) { on_closed(self); },
      [self](const pb<system::Tick>& tick) { on_tick(self, tick->number()); },
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<container::StreamData>& msg) { on_output(self, msg); },
      [](const pb<container::StreamCredit>&) {
        // Logs take no input.
      },
      [self](const pb<container::StreamEnd>& msg) { on_output_end(self, msg); },
      [self](const flow_news& news) { self->state.flows = news.table; },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

#include "actors/http/connection.hpp"

#include "actors/http/connection_parts.hpp"
#include "actors/system/describing.hpp"
#include "actors/system/link.hpp"
#include "messages/container.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace serving_http;

constexpr const char* anonymous = "system:anonymous";
constexpr const char* unauthenticated = "system:unauthenticated";
constexpr const char* authenticated = "system:authenticated";

bool is_nobody(const http::peer& who) {
  return who.user.empty();
}

http_api::Request to_message(uint64_t number, http::request what) {
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
        tell(handle, to_message(x.exchange, std::move(x.what)));
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
      case http::event::type::closed:
        tell(handle, http_api::Closed{});
    }
  };
}

// -- who asks -----------------------------------------------------------------

/// Nobody has been given a token yet, so no token is any good.
caf::error check_identity(pointer self, const exchange& x) {
  if (!self->state.who.problem.empty() || !x.header("Authorization").empty())
    return make_error(ec::unauthorized, "Unauthorized");
  // To act as oneself instead would be to do more than was meant.
  if (!x.header("Impersonate-User").empty())
    return make_error(ec::forbidden, "this server does not let anybody act as "
                                     "somebody else (Impersonate-User)");
  return caf::none;
}

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
  with_session(self, [self, x, next](const caf::error& err) {
    if (err)
      return refuse(self, *x, err);
    call::Request msg;
    msg.set_verb(verb_at_path(x->request->method()));
    msg.set_name(x->to.path);
    auto& st = self->state;
    st.requests.ask<pb<call::Response>, std::vector<object>>(
        st.session,
        [next](const pb<call::Response>&, const std::vector<object>&) {
          next();
        },
        [self, x](const caf::error& why) { refuse(self, *x, why); },
        pb<call::Request>{std::move(msg)}, object{});
  });
}

// -- requests -----------------------------------------------------------------

caf::error begin(exchange& x) {
  auto to = http::parse_target(x.request->target());
  if (!to)
    return to.error();
  x.to = std::move(*to);
  x.at = http::find_route(x.to);
  auto form = http::negotiate(x.header("Accept"));
  // What is no object has a form of its own.
  auto free = x.at.where != http::place::resource || is_stream(x)
              || x.at.subresource == "log";
  if (!form && !free)
    return form.error();
  if (form)
    x.form = *form;
  x.form.pretty =
      x.to.has("pretty")
          ? x.to.flag("pretty")
          : x.form.pretty || http::looks_with_eyes(x.header("User-Agent"));
  return caf::none;
}

caf::error no_such_place() {
  return make_error(ec::not_found,
                    "the server could not find the requested resource");
}

void at_path(pointer self, exchange_ptr x) {
  if (x->at.where == http::place::nothing)
    return refuse(self, *x, no_such_place());
  auto& method = x->request->method();
  if (method != "GET" && method != "HEAD")
    return refuse(self, *x,
                  make_error(ec::method_not_allowed,
                             "the server does not allow this method on the "
                             "requested resource"));
  answer_place(self, x);
}

void on_request(pointer self, const pb<http_api::Request>& msg) {
  ++self->state.served;
  auto x = std::make_shared<exchange>();
  x->number = msg->exchange();
  x->request = msg;
  if (auto err = begin(*x))
    return refuse(self, *x, err);
  if (auto err = check_identity(self, *x))
    return refuse(self, *x, err);
  if (x->at.where == http::place::resource) {
    if (is_stream(*x))
      return start_stream(self, x);
    x->verb = http::verb_of(msg->method(), x->at, x->to);
    return answer_resource(self, x);
  }
  with_path(self, x, [self, x] { at_path(self, x); });
}

void on_taken(pointer self, const pb<http_api::Taken>& msg) {
  auto number = msg->exchange();
  auto pieces = pieces_of_answer(self, number, msg->pieces());
  on_pieces_taken(self, number, pieces);
  on_log_taken(self, number, pieces);
  on_stream_taken(self, msg);
}

void on_abandoned(pointer self, uint64_t number) {
  stop_watch(self, number);
  stop_log(self, number);
  stop_stream(self, number);
}

// -- the session --------------------------------------------------------------

void session_there(pointer self, const caf::error& err) {
  auto& st = self->state;
  st.opening = false;
  for (auto& next : std::exchange(st.waiting, {}))
    next(err);
}

void open_session(pointer self, const caf::actor& link) {
  auto& st = self->state;
  call::OpenSession msg;
  auto nobody = is_nobody(st.who);
  msg.set_user(nobody ? anonymous : st.who.user);
  for (auto& group : st.who.groups)
    msg.add_groups(group);
  msg.add_groups(nobody ? unauthenticated : authenticated);
  st.requests.ask<pb<call::SessionOpened>, session_actor>(
      caf::actor_cast<link_actor>(link),
      [self](const pb<call::SessionOpened>&, const session_actor& handle) {
        auto& state = self->state;
        state.session = caf::actor_cast<command_session_actor>(handle);
        self->monitor(handle);
        session_there(self, caf::none);
      },
      [self](const caf::error& err) { session_there(self, err); },
      pb<call::OpenSession>{std::move(msg)});
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (st.health && st.health->on_down(down))
    return;
  if (on_stream_down(self, down))
    return;
  st.requests.on_down(down);
  if (st.session && st.session.address() == down.source) {
    st.session = nullptr;
    end_watches(self);
  }
  end_logs_of(self, down.source);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("user=" + (is_nobody(st.who) ? anonymous : st.who.user));
  result.add_facts("requests=" + std::to_string(st.served));
  result.add_facts("watches=" + std::to_string(st.watches.size()));
  if (!st.streams.empty())
    result.add_facts("streams=" + std::to_string(st.streams.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

namespace serving_http {

void with_session(pointer self, std::function<void(const caf::error&)> next) {
  auto& st = self->state;
  if (st.session) {
    next(caf::none);
    return;
  }
  st.waiting.push_back(std::move(next));
  if (std::exchange(st.opening, true))
    return;
  system::Resolve msg;
  msg.set_path("link");
  st.requests.ask<caf::actor>(
      st.ctx->directory(),
      [self](const caf::actor& link) { open_session(self, link); },
      [self](const caf::error& err) { session_there(self, err); },
      pb<system::Resolve>{std::move(msg)});
}

} // namespace serving_http

http_connection_actor::behavior_type
http_connection(pointer self, context ctx,
                std::shared_ptr<http::http_edge> edge, uint64_t connection,
                http::peer who) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.edge = std::move(edge);
  st.connection = connection;
  st.who = std::move(who);
  st.requests = calls{self};
  st.children = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  st.edge->serve(connection, reporter(self));
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
      [self](const pb<http_api::Closed>&) { self->quit(); },
      [self](const pb<system::Tick>& tick) {
        stop_watch(self, tick->number());
      },
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<container::StreamData>& msg) { on_output(self, msg); },
      [](const pb<container::StreamCredit>&) {
        // Logs take no input.
      },
      [self](const pb<container::StreamEnd>& msg) { on_output_end(self, msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

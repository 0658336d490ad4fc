#include "actors/apiserver/processes.hpp"
#include "actors/apiserver/registry.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe::serving {

namespace {

/// How long to look for an actor that need not be there: one that was just
/// killed is back sooner.
constexpr int64_t patience_ms = 500;

/// Kubernetes: --max-requests-inflight.
constexpr size_t most_in_flight = 400;

void found(pointer self, const std::string& path, const caf::actor& handle) {
  auto& backend = self->state.backends[path];
  backend.asked = false;
  if (!backend.handle)
    self->monitor(handle);
  backend.handle = handle;
  for (auto& f : std::exchange(backend.waiting, {}))
    f();
}

} // namespace

void with_backend(pointer self, const std::string& path, on_backend next) {
  auto& backend = self->state.backends[path];
  if (backend.handle) {
    next(backend.handle);
    return;
  }
  backend.waiting.push_back(
      [self, path, next] { next(self->state.backends[path].handle); });
  if (std::exchange(backend.asked, true))
    return;
  system::Resolve msg;
  msg.set_path(self->state.ctx->beside(path));
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, path](const caf::actor& handle) { found(self, path, handle); },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void with_actor(pointer self, const std::string& path, on_backend next,
                on_refusal failed) {
  auto known = self->state.backends.find(path);
  if (known != self->state.backends.end() && known->second.handle) {
    next(known->second.handle);
    return;
  }
  with_backend(self, processes_path,
               [self, path, next, failed](const caf::actor& book) {
                 system::Resolve msg;
                 msg.set_path(path);
                 msg.set_patience_ms(patience_ms);
                 self->state.requests.ask<caf::actor>(
                     caf::actor_cast<processes_actor>(book),
                     [self, path, next](const caf::actor& handle) {
                       found(self, path, handle);
                       next(handle);
                     },
                     failed, pb<system::Resolve>{std::move(msg)});
               });
}

void with_backend_now(pointer self, const std::string& path, on_backend next,
                      on_refusal failed) {
  auto known = self->state.backends.find(path);
  if (known != self->state.backends.end() && known->second.handle) {
    next(known->second.handle);
    return;
  }
  system::Resolve msg;
  msg.set_path(path);
  msg.set_patience_ms(patience_ms);
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, path, next](const caf::actor& handle) {
        found(self, path, handle);
        next(handle);
      },
      std::move(failed), pb<system::Resolve>{std::move(msg)});
}

void read(pointer self, const kind_info& kind, call::Request msg,
          on_objects done, on_refusal failed) {
  with_backend(
      self, resource_path("view", kind),
      [self, out = pb<call::Request>{std::move(msg)}, done = std::move(done),
       failed = std::move(failed)](const caf::actor& view) {
        self->state.requests.ask<pb<call::Response>, std::vector<object>>(
            caf::actor_cast<api_actor>(view),
            [done](const pb<call::Response>&,
                   const std::vector<object>& found) { done(found); },
            failed, out, object{});
      });
}

caf::error check_sender(pointer self, const std::string& secret) {
  auto sender = self->current_sender();
  auto here = sender && sender->node() == self->node();
  // A session of this process has none, and so lets nobody else in.
  auto& known = self->state.secret;
  if (here || (!known.empty() && crypto::equal_secrets(secret, known)))
    return caf::none;
  return make_error(ec::unauthorized, "Unauthorized");
}

std::shared_ptr<flight> begin_flight(pointer self) {
  auto& st = self->state;
  return st.secret.empty() ? nullptr : std::make_shared<flight>(st.in_flight);
}

caf::error check_request(pointer self, const std::string& secret) {
  if (auto err = check_sender(self, secret))
    return err;
  auto& st = self->state;
  if (*st.in_flight < most_in_flight)
    return caf::none;
  ++st.turned_away;
  return make_error(ec::too_many_requests,
                    "too many requests: " + std::to_string(most_in_flight)
                        + " of this session have no answer yet, try again "
                          "later");
}

caf::error check_master(pointer self, const std::string& secret,
                        const std::string& what) {
  if (auto err = check_request(self, secret))
    return err;
  if (self->state.who.in_group("system:masters"))
    return caf::none;
  return make_error(ec::forbidden,
                    "User \"" + self->state.who.user + "\" cannot " + what);
}

} // namespace troupe::serving

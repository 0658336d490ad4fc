#include "actors/apiserver/processes.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

// The processes of the cluster, and the actors in them.
namespace troupe::serving {

namespace {

template <class Out, class In>
void ask_book(pointer self, const pb<In>& msg, answer_to<pb<Out>> promise) {
  with_backend(self, processes_path, [self, msg, promise](const caf::actor& x) {
    self->state.requests.ask<pb<Out>>(
        x, [promise](const pb<Out>& out) mutable { promise.deliver(out); },
        [promise](const caf::error& err) mutable { promise.deliver(err); },
        msg);
  });
}

} // namespace

caf::result<pb<system::ActorList>>
on_list_actors(pointer self, const pb<system::ListActors>& msg) {
  if (auto err = check_master(self, msg->secret(), "list actors"))
    return err;
  answer_to<pb<system::ActorList>> promise{self};
  ask_book(self, pb<system::ListActors>{system::ListActors{}}, promise);
  return promise;
}

caf::result<pb<system::Killed>> on_kill(pointer self,
                                        const pb<system::Kill>& msg) {
  if (auto err = check_master(self, msg->secret(), "kill actors"))
    return err;
  answer_to<pb<system::Killed>> promise{self};
  auto& config = self->state.ctx->config();
  if (config.process != rules::first_process) {
    ask_book(self, msg, promise);
    return promise;
  }
  // What is here is known without the book, which may be who is to be killed.
  self->state.requests.ask<pb<system::Killed>>(
      self->state.ctx->directory(),
      [promise](const pb<system::Killed>& out) mutable {
        promise.deliver(out);
      },
      [self, msg, promise](const caf::error& err) mutable {
        if (is(err, ec::not_found))
          ask_book(self, msg, promise);
        else
          promise.deliver(err);
      },
      msg);
  return promise;
}

caf::result<pb<system::Enrolled>> on_enroll(pointer self,
                                            const pb<system::Enroll>& msg,
                                            const directory_actor& directory) {
  if (auto err = check_request(self, msg->secret()))
    return err;
  auto why = rules::enrolment_refusal(
      self->state.who.user, msg->process(),
      {msg->branches().begin(), msg->branches().end()});
  if (!why.empty())
    return make_error(ec::forbidden, why);
  self->state.enrolled = true;
  answer_to<pb<system::Enrolled>> promise{self};
  with_backend(
      self, processes_path,
      [self, msg, directory, promise](const caf::actor& book) {
        auto news = *msg;
        news.clear_secret();
        self->state.requests.ask<pb<system::Enrolled>>(
            book,
            [promise](const pb<system::Enrolled>& out) mutable {
              promise.deliver(out);
            },
            [promise](const caf::error& err) mutable { promise.deliver(err); },
            pb<system::Enroll>{std::move(news)}, directory);
      });
  return promise;
}

} // namespace troupe::serving

#pragma once

#include "actors/apiserver/session.hpp"
#include "messages/codec.hpp"

#include <caf/result.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What the parts of the session's actor share.
namespace troupe::serving {

/// Of the actor that knows all processes, at its server.
inline const std::string processes_path = "apiserver/processes";

using pointer = policed_session_actor::stateful_pointer<session_state>;
using on_backend = std::function<void(const caf::actor&)>;
using on_refusal = std::function<void(const caf::error&)>;
using on_objects = std::function<void(const std::vector<object>&)>;
using on_verdict = std::function<void(const expected<rules::verdict>&)>;

/// A request in flight: counted until it is over, or nobody is left to answer
/// it.
class flight {
public:
  explicit flight(std::shared_ptr<size_t> count) : count_(std::move(count)) {
    ++*count_;
  }
  ~flight() { end(); }
  flight(const flight&) = delete;
  flight& operator=(const flight&) = delete;

  void end() {
    if (auto count = std::exchange(count_, nullptr))
      --*count;
  }

private:
  std::shared_ptr<size_t> count_;
};

/// Counts one more request where the client is in another process; null where
/// it is not.
std::shared_ptr<flight> begin_flight(pointer self);

/// Promises an answer to a request that is in flight until then.
template <class... Out>
class answer_to {
public:
  explicit answer_to(pointer self)
      : promise_(self->make_response_promise<Out...>()),
        flight_(begin_flight(self)) {}

  template <class... Ts>
  void deliver(Ts&&... xs) {
    if (flight_)
      flight_->end();
    promise_.deliver(std::forward<Ts>(xs)...);
  }

  operator caf::result<Out...>() const { return promise_; }

private:
  caf::typed_response_promise<Out...> promise_;
  std::shared_ptr<flight> flight_;
};

using request_promise = answer_to<pb<call::Response>, std::vector<object>>;

/// Runs `next` with the actor of a path, now or when it is there.
void with_backend(pointer self, const std::string& path, on_backend next);

/// The same for one that need not ever be there: fails soon when it is not.
void with_backend_now(pointer self, const std::string& path, on_backend next,
                      on_refusal failed);

/// The same for an actor of whichever process, by its path in the cluster.
void with_actor(pointer self, const std::string& path, on_backend next,
                on_refusal failed);

/// Asks the view of a kind for objects.
void read(pointer self, const kind_info& kind, call::Request msg,
          on_objects done, on_refusal failed);

/// Finds out whether somebody may do something: when the policy is known, and
/// of a node when its pods have been looked at.
void find_out(pointer self, const rules::caller& who, const rules::access& what,
              on_verdict done);

/// Goes on with nothing when our own client may, else with the refusal.
void with_right(pointer self, const rules::access& what, on_refusal next);

/// Goes on with a request that was found to be allowed: an apply by who may
/// not create is one to the object that is there, or is refused.
using on_apply = std::function<void(const expected<pb<call::Request>>&)>;
void check_apply(pointer self, const kind_info& kind,
                 const pb<call::Request>& msg, on_apply next);

/// Returns what a request wants; `body` is what comes with it.
rules::access access_of(const kind_info& kind, const call::Request& msg,
                        const object& body);

/// Takes the newest policy, and goes on with what waited for the first.
void on_policy(pointer self, const policy_news& news);

/// Answers whether something may be done that is about no resource.
caf::result<pb<call::Response>, std::vector<object>>
on_path(pointer self, const call::Request& msg);

/// A log, a command or a container's own streams, wherever the container is.
caf::result<pb<container::StreamOpened>, stream_source_actor>
on_open_stream(pointer self, const pb<call::OpenStream>& msg,
               const container_stream_actor& to);

/// Answers a question that is asked by creating an object.
caf::result<pb<call::Response>, std::vector<object>>
on_review(pointer self, const kind_info& kind, const pb<call::Request>& msg,
          const object& body);

/// Whoever asks from another process shows the secret.
caf::error check_sender(pointer self, const std::string& secret);

/// The same for a request, of which a client in another process may have so
/// many in flight and no more: it need not await answers, and each request is
/// kept until its own is there.
caf::error check_request(pointer self, const std::string& secret);

/// Only members of system:masters may do this.
caf::error check_master(pointer self, const std::string& secret,
                        const std::string& what);

// Processes and their actors.
caf::result<pb<system::ActorList>>
on_list_actors(pointer self, const pb<system::ListActors>& msg);
caf::result<pb<system::Killed>> on_kill(pointer self,
                                        const pb<system::Kill>& msg);
caf::result<pb<system::Enrolled>> on_enroll(pointer self,
                                            const pb<system::Enroll>& msg,
                                            const directory_actor& directory);

/// Asks the store's member beside us.
caf::result<pb<call::StoreAnswer>>
on_store_question(pointer self, const call::StoreQuestion& msg);

/// Has it send all that it holds to the receiver.
void on_store_snapshot(pointer self, const call::StoreSnapshot& msg,
                       const snapshot_receiver_actor& to);

/// Why is an object the way it is? Asks everybody who may have decided
/// something about it or about what it comes from.
caf::result<pb<system::Explanation>> on_explain(pointer self,
                                                const pb<system::Explain>& msg);

} // namespace troupe::serving

#pragma once

#include "actors/system/calls.hpp"
#include "actors/system/link.hpp"
#include "messages/call.pb.h"
#include "messages/changes.hpp"
#include "messages/command_interface.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// What to follow or list: a kind, narrowed.
struct selection {
  const kind_info* kind = nullptr;
  std::string ns;             ///< "" for all namespaces
  std::string label_selector; ///< "a=b,c in (d)"
  std::string field_selector; ///< "spec.nodeName=n1"
};

/// One object, named.
struct object_ref {
  const kind_info* kind = nullptr;
  std::string ns;
  std::string name;
};

/// What a delete asks for beyond the name.
struct delete_options {
  std::optional<int64_t> grace_period_seconds;
  std::string propagation_policy; ///< "", Orphan, Background, Foreground
  std::string precondition_uid;
};

enum class patch_type : uint8_t { merge, strategic, json };

/// The answer to a request.
struct answer {
  pb<call::Response> response;
  std::vector<object> objects;

  uint64_t revision() const;
  /// Returns the one object of get, create, update, patch and delete; none
  /// when there is none.
  object one() const;
};

/// A component's way to the API server: a session that opens by itself, opens
/// anew after it went down, and takes its subscriptions up again then, from the
/// last revision they were told; only where the store no longer has that they
/// begin again with a batch marked `reset`. A value that lives in the actor's
/// state; it does not move once opened.
///
/// The actor passes on what is for the session: every `down_msg` to `on_down`
/// and every `changes` to `on_changes`.
///
/// Where several processes run the same component, one of them is active: who
/// stands for an election is told when it is the one. Until then it follows
/// what it wants and writes nothing; its writes are refused. When it is no
/// longer the one it ends, to start anew as a standby: nothing of what it had
/// begun is left.
///
/// Requests made while there is no session wait for the next one. Those in
/// flight when it goes down fail with ServiceUnavailable: their outcome is
/// unknown, so whoever retries must be able to meet its own first try.
class api_session {
public:
  using on_answer = std::function<void(expected<answer>)>;
  using on_batch = std::function<void(const changes&)>;
  /// Its number, and who takes credit, input and the end.
  using on_stream = std::function<void(uint64_t, const stream_source_actor&)>;
  using on_error = std::function<void(const caf::error&)>;

  /// Stands for an election. Call before `open`. `won` is called, in the actor,
  /// when it is the active one.
  void stand_for(std::string election, std::function<void()> won);

  /// Whether it may write: always, without an election.
  bool is_active() const { return election_.empty() || term_ != 0; }
  /// Who is the active one, as far as is known: "server-2_INCARNATION".
  const std::string& holder() const { return holder_; }

  /// Begins to open a session as `user`. `self` is the actor whose state this
  /// lives in.
  void open(caf::scheduled_actor* self, const context& ctx, std::string user,
            std::vector<std::string> groups = {});

  /// Follows a selection. `batch` gets what is there (first batch `reset`,
  /// last of them `complete`), then what changes, in order. Returns a number
  /// for `unsubscribe`.
  uint64_t subscribe(const selection& what, on_batch batch);
  void unsubscribe(uint64_t stream);

  void get(const object_ref& ref, on_answer done);
  void list(const selection& what, on_answer done);
  /// The namespace is the object's own.
  void create(const object& what, on_answer done);
  /// Conditional on the object's revision, unless that is 0.
  void update(const object& what, on_answer done);
  void update_status(const object& what, on_answer done);
  /// Patches with a JSON document; `subresource` "" or "status".
  void patch(const object_ref& ref, patch_type type, std::string document,
             on_answer done, std::string subresource = {});
  void remove(const object_ref& ref, const delete_options& options,
              on_answer done);
  /// Any other request: bindings, evictions, scale.
  void request(call::Request msg, const object& body, on_answer done);

  /// Opens a stream that goes to `to`. Fails at once while there is no session.
  void open_stream(call::OpenStream msg, const container_stream_actor& to,
                   on_stream done, on_error failed);

  /// Tells users what happened to an object, as a core/v1 Event: behind
  /// everything else, few at a time, repeated ones counted in one object,
  /// rate-limited; dropped when a thousand wait. `type` is Normal or Warning.
  void emit(const object& about, const std::string& type,
            const std::string& reason, const std::string& message);

  /// Returns true when it was about this session.
  bool on_down(const caf::down_msg& down);
  void on_changes(const changes& batch);

  /// Whether a session is open now.
  bool is_open() const { return static_cast<bool>(api_); }

  time_point now() const { return ctx_->now(); }
  const context& ctx() const { return *ctx_; }

private:
  struct subscription {
    selection what;
    on_batch batch;
    uint64_t stream = 0; ///< number of the present incarnation
    uint64_t expected = 1;
    uint64_t revision = 0; ///< everything up to here was told; 0: begin anew
  };
  struct pending {
    call::Request msg;
    object body;
    on_answer done;
  };
  struct told_event {
    std::string name;
    std::string ns;
    int32_t count = 0;
    object fresh;      ///< not created yet
    bool due = false;  ///< waits to be written
    bool busy = false; ///< is being written
  };
  struct event_allowance {
    double tokens = 25;
    caf::actor_clock::time_point at;
  };

  void find_election(uint64_t known);
  void await_term(const election_actor& from, uint64_t known);
  void on_term(const system::Term& now, const election_actor& from,
               uint64_t known);
  void on_refused(uint64_t term);
  void step_down();
  void find_link();
  void ask_session(const link_actor& link);
  void opened(const api_actor& api);
  void start(uint64_t id);
  void start_again(uint64_t id, const caf::error& why);
  void send(pending p);
  void make_event(told_event& told, const object& about,
                  const std::string& type, const std::string& reason,
                  const std::string& message);
  bool allows_event(const std::string& uid);
  void write_events();
  void write_event(const std::string& key, told_event& told);
  void event_written(const std::string& key, const expected<answer>& result);
  call::Request about(call::Request msg, const object_ref& ref) const;

  caf::scheduled_actor* self_ = nullptr;
  std::optional<context> ctx_;
  calls calls_;
  std::string user_;
  std::vector<std::string> groups_;
  std::string election_; ///< "" for none
  std::function<void()> won_;
  election_actor electing_;
  uint64_t term_ = 0; ///< in which it is active
  std::string holder_;
  api_actor api_;
  bool opening_ = false;
  uint64_t last_stream_ = 0;
  std::map<uint64_t, subscription> subscriptions_;
  std::map<uint64_t, uint64_t> streams_; ///< stream → subscription
  std::vector<pending> waiting_;
  std::map<std::string, told_event> events_;
  std::deque<std::string> events_due_; ///< keys, in the order of writing
  size_t events_busy_ = 0;
  std::map<std::string, event_allowance> allowances_;
};

/// What a component says of its decisions while it is a standby.
system::Explanation standby_explanation(const api_session& api);

} // namespace troupe

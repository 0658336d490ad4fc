#pragma once

#include "actors/client/api_session.hpp"
#include "actors/controllers/keyed_queue.hpp"
#include "actors/controllers/reasons.hpp"
#include "actors/controllers/shown.hpp"
#include "runtime/rules/event_note.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// What all controllers do alike: follow views, take dirty keys one at a time
/// once all views are at the present, write through the session, look again
/// when it is time. Where several processes run the controller, all of this
/// only in the active one; in the others keys wait.
///
/// Lives in the actor's state and does not move. `decide` is called with a key
/// and must end in `finish` for it, now or when its writes are answered.
class reconciler {
public:
  using decision = std::function<void(const std::string& key)>;
  using outcome = std::function<void(expected<answer>)>;
  using interest = std::function<bool(const std::string& key)>;

  /// Binds to the actor. Views are followed before `open`.
  void bind(caf::scheduled_actor* self, decision decide);

  /// Follows a kind; returns what it shows, which stays in place.
  shown& follow(const selection& what, shown::on_change heard);

  /// Follows a kind without keeping what it shows.
  void follow_only(const selection& what, api_session::on_batch heard);

  /// Which keys are still of interest though no view shows an object of that
  /// key. A standby forgets all others now and then.
  void keep(interest wanted) { wanted_ = std::move(wanted); }

  /// Opens the session; stands for the election of the controllers.
  void open(const context& ctx, std::string user);

  /// A key is to be looked at.
  void mark(const std::string& key);
  /// A key is to be looked at again then; on the wall's clock that is an
  /// instant as far from now as it looks.
  void mark_at(const std::string& key, time_point when);
  void mark_at(const std::string& key, steady_point when);

  /// Ends the turn of a key. With an error it comes again after a pause.
  void finish(const std::string& key, const caf::error& err = {});

  // Writes for a busy key. It is not looked at again before a view that
  // follows their kind shows them.
  void create(const std::string& key, const object& what, outcome done);
  void update(const std::string& key, const object& what, outcome done);
  void update_status(const std::string& key, const object& what, outcome done);
  void remove(const std::string& key, const object& what,
              const delete_options& options, outcome done);
  /// Any other write, of an object of that kind.
  void request(const std::string& key, const kind_info& kind, call::Request msg,
               const object& body, outcome done);

  /// Goes on with whether an object is still there and to stay, as the API
  /// server knows; with an error when that cannot be told. What a view shows
  /// may be old, and who is gone must not adopt: the garbage collector would
  /// take along what it adopted.
  void confirm(const object& what, std::function<void(expected<bool>)> done);

  void tell(const std::vector<rules::event_note>& events);
  void tell(const object& about, bool warning, const std::string& reason,
            const std::string& message);

  // What the actor passes on.
  void on_tick(const system::Tick& msg);
  void on_changes(const changes& batch);
  void on_down(const caf::down_msg& down);
  system::Explanation explain(const std::string& key) const;
  system::Description describe() const;

  time_point now() const { return api_.now(); }
  api_session& api() { return api_; }

  reasons why; ///< last decisions per key

private:
  struct followed {
    const kind_info* kind = nullptr;
    bool complete = false;
    shown view;
  };

  bool ready() const;
  bool is_wanted(const std::string& key) const;
  void prune();
  void go_on();
  void turn();
  void set_alarm();
  outcome noting(const std::string& key, const kind_info& kind, outcome done);

  caf::scheduled_actor* self_ = nullptr;
  decision decide_;
  api_session api_;
  std::vector<std::unique_ptr<followed>> views_;
  keyed_queue dirty_;
  interest wanted_;
  size_t prune_at_ = 0;   ///< size of the queue
  bool going_on_ = false; ///< a message to take the next keys is on its way
  uint64_t alarm_ = 0;    ///< number of the timer that counts
  std::optional<steady_point> alarm_at_;
};

/// Sends several requests at once and goes on when all are answered.
class gathering {
public:
  explicit gathering(std::function<void(const caf::error& first)> then);

  /// Returns what to pass to one request. An error for which `accept` returns
  /// true is as good as an answer.
  reconciler::outcome
  expect(std::function<bool(const caf::error&)> accept = {});

  /// No more requests: goes on, at once when nothing is open.
  void close();

private:
  struct progress {
    size_t open = 1;
    caf::error first;
    std::function<void(const caf::error&)> then;
  };

  static void end_one(const std::shared_ptr<progress>& p);

  std::shared_ptr<progress> state_;
};

} // namespace troupe

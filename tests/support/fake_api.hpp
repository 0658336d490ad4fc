#pragma once

#include "messages/call.pb.h"
#include "messages/changes.hpp"
#include "messages/interfaces.hpp"
#include "messages/time.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// One actor against a fake API server, in one thread and in virtual time.
namespace troupe::test {

/// What the fake API server holds and was asked. Tests look at it and change
/// it between two runs.
struct fake_api {
  struct asked {
    call::Request msg;
    object body;
  };
  using refusal = std::function<std::optional<caf::error>(const asked&)>;
  using on_write = std::function<object(const asked&)>;

  std::map<std::pair<std::string, std::string>, object> objects; ///< kind, key
  uint64_t revision = 0;
  std::vector<asked> requests;
  refusal refuse;      ///< asked first about every request
  on_write writes;     ///< answers subresources and patches; may change objects
  bool mute = false;   ///< requests are noted and never answered
  caf::error no_watch; ///< every watch is refused with this
  size_t refused_watches = 0;

  /// Adds or changes an object and tells who watches.
  object put(const google::protobuf::Message& msg);
  void put(object what);
  void remove(const std::string& kind, const std::string& key);

  object find(const std::string& kind, const std::string& key) const;

  /// The requests with this verb, kind and subresource.
  std::vector<asked> of(call::Verb verb, const std::string& kind,
                        const std::string& subresource = "") const;
  /// The messages of the events that were written, with this reason.
  std::vector<std::string> events(const std::string& reason) const;

  struct watch {
    call::Watch msg;
    watcher_actor to;
    uint64_t sequence = 0;
  };
  std::vector<watch> watches;
  void tell(watch& w, changes batch);
  void tell_all(change_type type, const object& what);
};

/// Virtual time, an actor system with one thread, a directory and a fake API
/// server in it.
class fake_world {
public:
  fake_world();
  ~fake_world();

  /// Runs until nothing is left to do.
  void run();

  /// Lets time pass, timers fall due one after the other, and runs.
  void advance(std::chrono::milliseconds by);

  /// Ends the API server's session of everybody and lets them open a new one.
  void break_sessions();

  /// Puts an actor at a path of the directory.
  void enter(const std::string& path, const caf::actor& what);

  /// What `topology` would show of an actor.
  std::vector<std::string> facts_of(const caf::actor& what);

  /// What the elections tell from now on: the term in which this process is
  /// the active one, 0 for a standby. At first it is 1.
  void set_term(uint64_t term);
  /// How often they were told that a write was refused for its term.
  size_t refusals() const { return *refusals_; }

  /// The context of an actor at `path`, of a process that was told that.
  context at(const std::string& path, const cluster_config& config);
  context at(const std::string& path);

  caf::actor_system& system() { return *system_; }
  std::shared_ptr<fake_api> api() { return api_; }

  /// The edges of every context that is made from now on.
  edges& outside() { return *edges_; }

  /// Ends an actor and runs.
  void end(const caf::actor& what);

private:
  struct clock;

  std::shared_ptr<fake_api> api_ = std::make_shared<fake_api>();
  std::shared_ptr<edges> edges_ = std::make_shared<edges>();
  std::shared_ptr<clock> clock_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* coordinator_ = nullptr;
  directory_actor directory_;
  caf::actor door_;
  caf::actor election_;
  std::shared_ptr<size_t> refusals_ = std::make_shared<size_t>(0);
  std::shared_ptr<std::vector<caf::actor>> sessions_ =
      std::make_shared<std::vector<caf::actor>>();
};

} // namespace troupe::test

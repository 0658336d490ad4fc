#pragma once

#include "actors/store/store.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "runtime/store/simulated_disk.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/simulated_wires.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// An answer that has come or not.
template <class T>
using later = std::shared_ptr<std::optional<expected<T>>>;

/// Several servers that have nothing but a store each, every one with a disk
/// of its own, joined by wires, under virtual time.
class store_group {
public:
  /// The first of several servers found the group; the others are blank.
  explicit store_group(size_t servers, uint64_t seed = 1,
                       const store_options& options = {});
  ~store_group();

  size_t size() const { return servers_.size(); }

  /// Another server, with a blank disk; not started. Returns its number.
  size_t add_server();
  /// Has `via` add it to the group, and starts it. Returns its id, 0 if that
  /// was refused.
  uint64_t join(size_t server, size_t via, bool voter = true);
  /// The machine of a server loses its power, and its store's folder.
  void lose_store(size_t server);
  /// Starts a blank server as the member that the group knows by this id.
  void adopt(size_t server, uint64_t id, bool voter = true);
  /// The member that lives on a server, 0 while it is blank; the server of a
  /// member.
  uint64_t id_of(size_t server) const { return servers_[server].member.id; }
  size_t server_of(uint64_t id) const;
  /// Whether all that are up say that these ids are the voters.
  bool voters_are(const std::vector<uint64_t>& ids);

  /// Lets everything happen that can happen now; lets time pass.
  void run();
  void advance(std::chrono::milliseconds time);
  /// Returns whether it holds before `most` has passed.
  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds most = std::chrono::seconds(30));
  std::chrono::nanoseconds passed() const;

  /// The machine of a server loses its power; it starts again.
  void crash(size_t server);
  void start(size_t server);
  bool is_up(size_t server) const { return servers_[server].root != nullptr; }
  /// It ends in good order, and its disk is as it was in the beginning.
  void wipe(size_t server);
  /// Kills the actor at a path below a server, as a failure would.
  void kill(size_t server, const std::string& path);

  /// The disk of a server, and how its store lies there.
  store::simulated_disk& disk(size_t server) { return *servers_[server].disk; }
  store_options options_of(size_t server) const;

  simulated_wires& wires() { return *wires_; }
  /// Cuts a server off from all others.
  void isolate(size_t server);
  static std::string path_of(size_t server);

  /// The store of a server as its clients see it; nobody while it is down.
  store_actor store(size_t server);

  /// As another interface of it.
  template <class Handle>
  static Handle as(const store_actor& store) {
    return caf::actor_cast<Handle>(store);
  }

  /// Sends a request; the answer comes as time passes, or never.
  template <class Response, class Request>
  later<Response> ask(size_t server, Request request) {
    auto result = std::make_shared<std::optional<expected<Response>>>();
    auto to = caf::actor_cast<caf::actor>(store(server));
    if (!to) {
      *result = expected<Response>{
          make_error(ec::service_unavailable, "the store is down")};
      return result;
    }
    auto over = [result](expected<Response> answer) {
      if (!result->has_value())
        *result = std::move(answer);
    };
    askers_.push_back(system_.spawn([=](caf::event_based_actor* self) {
      self->monitor(to);
      self->set_down_handler([=](const caf::down_msg&) {
        over(make_error(ec::service_unavailable, "the store went down"));
        self->quit();
      });
      self->request(to, caf::infinite, pb<Request>{request})
          .then(
              [=](const pb<Response>& x) {
                over(*x);
                self->quit();
              },
              [=](const caf::error& err) {
                over(err);
                self->quit();
              });
    }));
    return result;
  }

  /// The same, and waits for the answer.
  template <class Response, class Request>
  expected<Response> answer(size_t server, Request request) {
    auto result = ask<Response>(server, std::move(request));
    if (!run_until([&] { return result->has_value(); }))
      return make_error(ec::timeout, "no answer in virtual time");
    return **result;
  }

  later<store_api::TxnResponse> put(size_t server, const std::string& key,
                                    const std::string& value);
  /// Waits for the revision; 0 if it was refused.
  uint64_t put_now(size_t server, const std::string& key,
                   const std::string& value);
  /// "none" if there is none, or the error.
  std::string get_now(size_t server, const std::string& key);
  store_api::StatusResponse status(size_t server);

  /// The server that leads and that a majority follows; waits for one.
  size_t leader();
  /// Returns whether all that are up hold the same after a while.
  bool converge();

  caf::actor_system& system() { return system_; }

private:
  struct config_type : caf::actor_system_config {
    config_type();
  };

  struct machine {
    std::unique_ptr<store::simulated_disk> disk;
    std::shared_ptr<edges> outside;
    supervisor_actor root;
    store_member member;
  };

  config_type config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  caf::actor_clock::time_point begin_;
  std::shared_ptr<const world> world_;
  std::shared_ptr<simulated_wires> wires_;
  std::shared_ptr<cluster_config> settings_;
  store_options options_;
  uint64_t seed_;
  directory_actor directory_;
  std::vector<machine> servers_;
  /// Held, or they would end unheard with the store that they asked.
  std::vector<caf::actor> askers_;
};

} // namespace troupe::test

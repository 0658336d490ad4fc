#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/fleet.hpp"
#include "runtime/net/dns_edge.hpp"
#include "runtime/net/service_edge.hpp"
#include "runtime/store/simulated_disk.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/simulated_wires.hpp"
#include "tests/support/message_trace.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::http {
class simulated_http;
} // namespace troupe::http

/// A whole cluster in one thread and in virtual time.
namespace troupe::test {

struct simulation_options {
  uint64_t seed = 1;
  uint32_t nodes = 0;
  /// Every component is in a process of its own, as far as it can tell: see
  /// `wires`.
  bool apart = false;
  /// Each with a disk of its own, if there are several.
  uint32_t servers = 1;
  /// Note every message, for `trace`.
  bool traced = false;
  /// What servers sign with; null where nobody joins.
  std::shared_ptr<const signing_authority> authority{};
};

class simulated_cluster {
public:
  explicit simulated_cluster(const simulation_options& options);
  explicit simulated_cluster(uint64_t seed = 1, uint32_t nodes = 0);
  ~simulated_cluster();

  /// Lets everything happen that can happen now.
  void run();

  /// Lets time pass, in steps, until `done` holds or `most` has passed.
  /// Returns whether it holds.
  bool run_until(const std::function<bool()>& done,
                 std::chrono::seconds most = std::chrono::seconds(60));
  void advance(std::chrono::milliseconds time);

  /// One request as an administrator.
  expected<answer> ask(call::Request msg, const object& body = {});
  /// One request as somebody else, in a session of its own.
  expected<answer> ask_as(const std::string& user,
                          const std::vector<std::string>& groups,
                          call::Request msg, const object& body = {});
  expected<object> create(const object& what);
  expected<object> update(const object& what);
  expected<object> get(const kind_info& kind, const std::string& ns,
                       const std::string& name);
  std::vector<object> list(const kind_info& kind, const std::string& ns = {},
                           const std::string& labels = {});
  expected<object> remove(const kind_info& kind, const std::string& ns,
                          const std::string& name);

  /// All actors as `topology` shows them, and their paths alone.
  std::vector<system::ActorEntry> actors();
  std::vector<std::string> paths();
  /// Kills the actor of a path, as a failure would; "root" is the top of the
  /// tree, which is built anew then as by the process of a cluster.
  void kill(const std::string& path);

  /// The same, and keeps it and all below it away for a while.
  void keep_away(const std::string& path, std::chrono::milliseconds time);

  /// Shows each job before it runs.
  void observe(std::function<void(caf::resumable&)> by) { observer_ = by; }

  /// What `troupe why` tells of an object, a line per decision.
  std::string why(const std::string& kind, const std::string& key);

  /// The connections between the components. Precondition: they are apart.
  simulated_wires& wires() { return *wires_; }

  /// All servers' machines lose their power now, or in the middle of a write
  /// after so many more changes of the first one's disk; what was not synced
  /// may be gone.
  void fail_power();
  void fail_power_after(uint64_t changes);

  /// One of several servers' machines loses its power and starts again, now or
  /// in the middle of a write.
  void fail_power_of(size_t server);
  void fail_power_of_after(size_t server, uint64_t changes);

  /// From now on requests are asked of this server. Others may answer once its
  /// session has ended.
  void turn_to(size_t server);

  /// The actor at a path; null when there is none now.
  caf::actor find(const std::string& path);
  caf::actor_system& system() { return system_; }

  /// Where that actor of a server is: "store/replica", say.
  std::string path_at(size_t server, const std::string& path) const;

  /// Sets the wall clock forward, or back.
  void set_clock(std::chrono::milliseconds by) { set_ += by; }

  /// A node loses its power and starts again, without its containers.
  void restart_node(const std::string& name);

  time_point now() const;

  /// Virtual time since the beginning.
  std::chrono::nanoseconds passed() const;

  /// All messages so far. Precondition: they are noted.
  std::string trace() const { return trace_->text(); }

  /// What the nodes have in truth, whatever the API says.
  const simulation::fleet& fleet() const { return *fleet_; }

  /// Actors that are alive but at no path.
  size_t strays();

  /// What would answer if the network were real.
  const net::recorded_services& services() const { return *services_; }

  /// Who would answer names.
  net::simulated_dns& names() { return *names_; }

  /// Where clients come in that speak HTTP.
  http::simulated_http& http() { return *http_; }

private:
  struct config_type : caf::actor_system_config {
    config_type();
  };

  /// Runs until the answer to a request is there.
  template <class... Out, class Handle, class... Ts>
  expected<std::tuple<Out...>> request(const Handle& to, const Ts&... xs);

  void run_jobs();

  /// Whether the disk of any server is off.
  bool is_dark() const;

  /// Ends whoever knows of a disk that is off, and switches it on.
  void end_blackout();

  /// Builds the tree.
  void plant();

  /// Opens a session unless there is one.
  caf::error open_session();
  expected<session_actor> session_of(const std::string& user,
                                     const std::vector<std::string>& groups);

  config_type config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  std::vector<std::unique_ptr<store::simulated_disk>> disks_; ///< by server
  size_t server_ = 0;                                         ///< that is asked
  std::chrono::nanoseconds set_{0}; ///< by how much the clock was set
  std::shared_ptr<const world> world_;
  std::shared_ptr<net::recorded_services> services_ =
      std::make_shared<net::recorded_services>();
  std::shared_ptr<net::simulated_dns> names_ =
      std::make_shared<net::simulated_dns>();
  std::shared_ptr<simulation::fleet> fleet_;
  std::shared_ptr<simulated_wires> wires_;
  std::shared_ptr<http::simulated_http> http_;
  std::shared_ptr<const edges> outside_;
  std::shared_ptr<const cluster_config> settings_;
  caf::scoped_actor self_;
  caf::actor_clock::time_point begin_;
  std::unique_ptr<message_trace> trace_;
  std::function<void(caf::resumable&)> observer_;
  supervisor_actor root_;
  bool root_gone_ = false;
  directory_actor directory_;
  session_actor session_;
};

} // namespace troupe::test

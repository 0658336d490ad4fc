#include "cli/cluster_status.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {
namespace {

using namespace std::chrono_literals;

system::ActorEntry& add(system::ActorList& list, const std::string& path,
                        const std::string& fact = {}) {
  auto& x = *list.add_actors();
  x.set_path(path);
  if (!fact.empty())
    x.add_facts(fact);
  return x;
}

system::ActorList all_well() {
  system::ActorList list;
  for (auto* path :
       {"root", "directory", "store", "apiserver", "scheduler", "controllers",
        "controllers/node", "proxy", "kubelet", "kubelet/node-1/runtime"})
    add(list, path);
  add(list, "store/replica", "revision=840");
  add(list, "apiserver/front_door", "version=1.2.3")
      .add_facts("kubernetes=v1.36.0");
  add(list, "kubelet/node-1", "runtime=process");
  return list;
}

object node(const std::string& name, const std::string& ready) {
  core::v1::Node x;
  x.mutable_metadata()->set_name(name);
  auto& condition = *x.mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status(ready);
  return object::of(x);
}

object pod(const std::string& phase, bool leaving = false) {
  core::v1::Pod x;
  x.mutable_metadata()->set_name("p");
  x.mutable_status()->set_phase(phase);
  if (leaving)
    x.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  return object::of(x);
}

std::string lines(const std::vector<component_status>& all) {
  std::string out;
  for (auto& c : all)
    out += c.name + " " + c.health + " " + std::to_string(c.actors) + " "
           + std::to_string(c.restarts)
           + (c.message.empty() ? "" : " " + c.message) + "\n";
  return out;
}

} // namespace

TEST(Components, AreRunningWhenTheirActorsAre) {
  EXPECT_EQ(lines(components_of(all_well(), {"node-1"})),
            "store Running 2 0\n"
            "apiserver Running 2 0\n"
            "scheduler Running 1 0\n"
            "controllers Running 2 0\n"
            "proxy Running 1 0\n"
            "kubelet/node-1 Running 2 0\n");
}

TEST(Components, TellWhatIsWrong) {
  auto list = all_well();
  auto& away = add(list, "controllers/replicaset");
  away.set_away_ms(1500);
  away.set_restarts(3);
  add(list, "store/log_writer", "refuses=the disk is full");
  add(list, "kubelet/node-2", "runtime=none");
  add(list, "kubelet/node-3").set_away_ms(9000);
  add(list, "kubelet/node-3/runtime").set_away_ms(9000);
  auto& failed = add(list, "apiserver/view/pods");
  failed.set_restarts(2);
  failed.set_last_failure("killed");
  EXPECT_EQ(
      lines(components_of(list, {"node-1", "node-2", "node-3", "node-4"})),
      "store Failed 3 0 store/log_writer: the disk is full\n"
      "apiserver Running 3 2 last failure: apiserver/view/pods: killed\n"
      "scheduler Running 1 0\n"
      "controllers Degraded 2 3 controllers/replicaset is kept away, back in "
      "2s\n"
      "proxy Running 1 0\n"
      "kubelet/node-1 Running 2 0\n"
      "kubelet/node-2 Degraded 1 0 waits for its container runtime\n"
      "kubelet/node-3 Stopped 0 0 kubelet/node-3 is kept away, back in 9s\n"
      "kubelet/node-4 Stopped 0 0\n");
}

TEST(ClusterStatus, TellsWhoStandsIn) {
  cluster_status x;
  for (auto* name : {"scheduler", "controllers", "proxy"})
    x.components.push_back({name, "Stopped", 0, 0, ""});
  auto lease = [](const char* name, const char* holder, int64_t renewed) {
    coordination::v1::Lease result;
    result.mutable_metadata()->set_name(name);
    result.mutable_metadata()->set_namespace_("kube-system");
    result.mutable_spec()->set_holder_identity(holder);
    result.mutable_spec()->set_lease_duration_seconds(15);
    result.mutable_spec()->mutable_renew_time()->set_seconds(renewed);
    return object::of(result);
  };
  std::vector<object> leases{lease("kube-scheduler", "host_1", 100),
                             lease("kube-controller-manager", "host_2", 80),
                             lease("proxy", "host_3", 100)};
  tell_stand_ins(x, leases, time_point{110s});
  EXPECT_EQ(lines(x.components), "scheduler Elsewhere 0 0 done by host_1\n"
                                 "controllers Stopped 0 0\n"
                                 "proxy Stopped 0 0\n");
  // Ours is there: whoever is active, it is as it is.
  x.components = {{"scheduler", "Running", 1, 0, ""}};
  tell_stand_ins(x, leases, time_point{110s});
  EXPECT_EQ(lines(x.components), "scheduler Running 1 0\n");
}

TEST(ClusterStatus, CountsNodesAndPods) {
  cluster_status x;
  x.data_dir = "/d";
  x.address = "127.0.0.1:6444";
  x.pid = 42;
  x.since = time_point{1'800'000'000s};
  x.store_bytes = 3 * 1024 * 1024 / 2;
  std::vector<object> nodes{node("node-1", "True"), node("node-2", "Unknown")};
  std::vector<object> pods{pod("Running"), pod("Running"), pod("Pending"),
                           pod("Running", true), pod("")};
  fill_status(x, all_well(), nodes, pods);
  auto text = status_text(x, x.since + 90s);
  for (auto* part :
       {"running for 90s", "2027-01-15T08:00:00Z", "/d", "127.0.0.1:6444", "42",
        "1.2.3 (Kubernetes v1.36.0)", "revision 840, 1.5 MiB",
        "1 of 2 Ready; not Ready: node-2",
        "5: 2 Pending, 2 Running, 1 Terminating", "kubelet/node-2"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  auto doc = status_document(x);
  EXPECT_EQ(doc["running"], true);
  EXPECT_EQ(doc["since"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(doc["store"]["revision"], 840);
  EXPECT_EQ(doc["nodes"]["notReady"][0], "node-2");
  EXPECT_EQ(doc["pods"]["Running"], 2);
  EXPECT_EQ(doc["components"][0]["name"], "store");
}

TEST(ClusterStatus, OfAClusterThatDoesNotRunIsShort) {
  cluster_status x;
  x.data_dir = "/d";
  x.problem = "no process";
  auto text = status_text(x, time_point{});
  EXPECT_NE(text.find("not running"), std::string::npos) << text;
  EXPECT_NE(text.find("no process"), std::string::npos) << text;
  EXPECT_EQ(text.find("COMPONENT"), std::string::npos) << text;
  EXPECT_EQ(status_document(x).dump(),
            R"({"dataDirectory":"/d","problem":"no process","running":false})");
}

TEST(ClusterStatus, TellsWhatDoesNotGoOnWithoutUp) {
  cluster_status x;
  EXPECT_EQ(problem_without_up(x),
            "the process of `troupe up` does not run: nothing schedules, "
            "controls or runs pods of its nodes; `troupe up` starts it");
  // Another server took over.
  x.components = {{"scheduler", "Running", 2, 0, {}},
                  {"controllers", "Running", 34, 0, {}}};
  EXPECT_EQ(problem_without_up(x),
            "the process of `troupe up` does not run: nothing runs pods of its "
            "nodes; `troupe up` starts it");
}

TEST(ClusterStatus, KnowsServersOfOneProcess) {
  auto list = all_well();
  list.clear_actors();
  for (auto* path : {"server-1/store", "server-1/apiserver", "server-2/store",
                     "server-2/apiserver", "scheduler", "controllers", "proxy"})
    add(list, path);
  auto text = lines(components_of(list, {}, {}));
  EXPECT_EQ(text.find("Stopped"), std::string::npos) << text;
}

TEST(ClusterStatus, KnowsTheServerThatWasAloneWhenItStarted) {
  auto list = all_well();
  add(list, "server-2/store");
  add(list, "server-2/apiserver");
  auto text = lines(components_of(list, {}, {"server-1", "server-2"}));
  EXPECT_EQ(text.find("Stopped"), std::string::npos) << text;
  EXPECT_NE(text.find("server-2/store Running"), std::string::npos) << text;
  EXPECT_EQ(text.find("server-1/"), std::string::npos) << text;
}

} // namespace troupe::cli

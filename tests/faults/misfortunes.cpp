#include "misfortune.hpp"
#include "tests/support/machine_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

/// Whoever asks a server that says nothing gives it up after 10 s, and one that
/// has ended at once.
constexpr std::chrono::seconds hang_patience{15};

void wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

void kill_server(spread_cluster& all, const std::string& server) {
  all.servers().kill(server);
  all.expect_writes();
}

void kill_leader(spread_cluster& all) {
  kill_server(all, all.leader());
}

void kill_any_server(spread_cluster& all) {
  kill_server(all, all.any_server());
}

/// Its pods run on, as they are.
void restart_node(spread_cluster& all) {
  auto before = all.sets().running();
  auto& node = all.any_node();
  node.kill();
  node.start();
  all.recover("a node's restart");
  EXPECT_EQ(all.sets().running(), before) << "pods of " << node.name();
}

/// They stay away until others have their pods.
void lose_two_nodes(spread_cluster& all) {
  auto& first = all.any_node();
  auto& second = all.any_node();
  first.kill();
  second.kill();
  all.recover("the loss of " + first.name() + " and " + second.name());
  first.start();
  second.start();
}

void kill_all(spread_cluster& all) {
  for (auto& node : all.nodes())
    node->kill();
  for (auto& server : server_names)
    all.servers().kill(server);
  for (auto& node : all.nodes())
    node->start();
}

void stop_server(spread_cluster& all) {
  auto pid = all.servers().process(all.leader());
  if (pid == 0)
    return;
  kill(pid, SIGSTOP);
  all.expect_writes(hang_patience);
  wait(all.between(100, 2'000));
  kill(pid, SIGCONT);
}

void stop_node(spread_cluster& all) {
  auto& node = all.any_node();
  node.program().signal(SIGSTOP);
  // Now and then for longer than connections live without a word.
  wait(all.one_in(3) ? all.between(11'000, 15'000) : all.between(100, 3'000));
  node.program().signal(SIGCONT);
}

/// Something has to be done there meanwhile.
void spoil_node(spread_cluster& all, const std::string& how) {
  auto& node = all.any_node();
  all.spoil(node.name(), how);
  if (auto pod = all.sets().pod_on(node.name()); !pod.empty())
    all.sets().remove(pod);
  wait(all.between(1'000, 3'000));
  all.spoil(node.name(), "");
}

void garble(const fs::path& file) {
  auto size = fs::file_size(file);
  std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
  out.seekp(static_cast<std::streamoff>(size / 4));
  for (uintmax_t i = 0; i < size / 2; ++i)
    out.put('#');
}

bool run(spread_cluster& all, const std::string& words) {
  return all.servers().cluster().run(words);
}

/// Who comes under the name of a node that may come back is refused until that
/// one is deleted.
void take_over(spread_cluster& all, joined_node& node) {
  node.start();
  EXPECT_TRUE(node.program().ends()) << node.name() << " took a name";
  EXPECT_NE(node.program().code(), 0);
  EXPECT_NE(node.said().find("has a node \"" + node.name()), std::string::npos)
      << node.said();
  all.expect("the node is not deleted",
             [&] { return run(all, "delete node " + node.name()); });
  node.start();
  // Its labels went with it.
  all.expect("the node is not there", [&] {
    return run(all, "label node " + node.name() + " for-pods=yes --overwrite");
  });
}

/// The new machine of that name is refused until the old one is deleted.
void blank_node(spread_cluster& all) {
  auto& node = all.any_node();
  node.blank();
  take_over(all, node);
}

/// Who cannot prove to be the node that it was is another one.
void garble_credential(spread_cluster& all) {
  auto& node = all.any_node();
  node.kill();
  garble(node.folder() / "joined" / "credential.pem");
  take_over(all, node);
}

void garble_facts(spread_cluster& all) {
  auto& node = all.any_node();
  node.kill();
  garble(node.folder() / "joined" / "cluster.json");
  node.start();
}

void garble_pods(spread_cluster& all) {
  auto& node = all.any_node();
  node.kill();
  for (auto& each : fs::recursive_directory_iterator(node.folder() / "nodes"))
    if (each.is_regular_file() && each.file_size() > 0)
      garble(each.path());
  node.start();
}

void remove_volumes(spread_cluster& all) {
  auto& node = all.any_node();
  node.kill();
  fs::remove_all(node.folder() / "nodes" / node.name() / "pods");
  node.start();
}

void replace_member(spread_cluster& all) {
  // The third can be away while the second and the first decide.
  auto& cluster = all.servers().cluster();
  all.expect("no member is removed",
             [&] { return cluster.run("store member remove server-3"); });
  all.expect("no member is added",
             [&] { return cluster.run("store member add server-3"); });
}

std::vector<size_t> all_servers() {
  std::vector<size_t> result;
  for (auto& server : server_names)
    result.push_back(machine_of(server));
  return result;
}

/// Until its pods are elsewhere; then it hears what became of them.
void isolate_node(spread_cluster& all) {
  auto& node = all.any_node();
  all.apart()->isolate(node.machine());
  auto pod = all.sets().pod_on(node.name());
  all.expect("the pods of a node that is cut off stay", [&] {
    auto now = all.sets().pod_on(node.name());
    return now.empty() || now != pod
           || all.sets().ailment().find(" is not Ready") != std::string::npos;
  });
  wait(all.between(0, 4'000));
  all.apart()->join_all();
}

void isolate_node_shortly(spread_cluster& all) {
  auto& node = all.any_node();
  all.apart()->isolate(node.machine());
  wait(all.between(500, 4'000));
  all.apart()->join_all();
}

void isolate_leader(spread_cluster& all) {
  all.apart()->isolate(machine_of(all.leader()));
  all.expect_writes(hang_patience);
  wait(all.between(0, 4'000));
  all.apart()->join_all();
}

/// It goes on with another server.
void cut_node_from_server(spread_cluster& all) {
  auto& node = all.any_node();
  all.apart()->cut(node.machine(), machine_of(all.any_server()));
  wait(all.between(2'000, 6'000));
  all.apart()->join_all();
}

void silence_node(spread_cluster& all) {
  auto& node = all.any_node();
  for (auto server : all_servers())
    all.apart()->silence(node.machine(), server);
  wait(all.between(2'000, 6'000));
  all.apart()->join_all();
}

void deafen_node(spread_cluster& all) {
  auto& node = all.any_node();
  for (auto server : all_servers())
    all.apart()->silence(server, node.machine());
  wait(all.between(2'000, 6'000));
  all.apart()->join_all();
}

} // namespace

const std::vector<misfortune>& misfortunes() {
  static const std::vector<misfortune> result{
      {"kill -9 of the leader", kill_leader},
      {"kill -9 of a server", kill_any_server},
      {"kill -9 of a node", restart_node},
      {"two nodes are lost", lose_two_nodes},
      {"kill -9 of all", kill_all},
      {"SIGSTOP of the leader", stop_server},
      {"SIGSTOP of a node", stop_node},
      {"a node's clock is ahead",
       [](spread_cluster& all) { spoil_node(all, "clock"); }},
      {"a node's disk is full",
       [](spread_cluster& all) { spoil_node(all, "space"); }},
      {"a node's certificate is damaged", garble_credential},
      {"a node's facts are damaged", garble_facts},
      {"the files of a node's pods are damaged", garble_pods},
      {"the volumes of a node's pods are gone", remove_volumes},
      {"a node is replaced by a blank one", blank_node},
      {"a server is replaced by a blank one", replace_member},
  };
  return result;
}

const std::vector<misfortune>& network_misfortunes() {
  static const std::vector<misfortune> result{
      {"a node is cut off", isolate_node},
      {"a node is cut off for a moment", isolate_node_shortly},
      {"the leader is cut off", isolate_leader},
      {"a node is cut off from a server", cut_node_from_server},
      {"a node is not heard", silence_node},
      {"a node hears nothing", deafen_node},
  };
  return result;
}

} // namespace troupe::test

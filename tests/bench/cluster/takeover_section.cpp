#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "runtime/rules/election.hpp"
#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/requests.hpp"
#include "tests/bench/cluster/sections.hpp"

#include <signal.h>
#include <thread>

namespace troupe::bench {

namespace {

constexpr int kills = 20;
/// A server that ends soon after its start, again and again, is started later
/// and later; kills this far apart count as single failures.
constexpr auto between_kills = std::chrono::milliseconds(2'500);
constexpr auto patience = std::chrono::seconds(30);
/// Until one that was killed is found out not to answer.
constexpr auto one_try = std::chrono::seconds(5);

call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& ns, const std::string& name) {
  call::Request result;
  result.set_verb(verb);
  result.set_api_version(kind.api_version());
  result.set_kind(std::string{kind.kind});
  result.set_namespace_(ns);
  result.set_name(name);
  return result;
}

/// Asks again and again until it is so; returns how long that took.
double ms_until(clock::time_point begin, const std::string& what,
                const std::function<bool()>& so) {
  while (!so()) {
    if (clock::now() - begin > patience)
      fail("never: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ms_since(begin);
}

/// The server whose scheduler and controllers act; "" where they are of two.
std::string deciding(command_client& client) {
  std::string result;
  for (auto name : {"kube-scheduler", "kube-controller-manager"}) {
    auto lease = client.ask(about(call::GET, kind_of<coordination::v1::Lease>(),
                                  "kube-system", name));
    if (!lease)
      return {};
    auto holder = rules::holder_of(lease->one());
    auto server = holder.substr(0, holder.find('_'));
    if (!result.empty() && result != server)
      return {};
    result = server;
  }
  return result;
}

/// Waits until one server decides. Returns its number, from 0.
size_t await_decider(command_client& client) {
  std::string result;
  ms_until(clock::now(), "a server decides", [&] {
    result = deciding(client);
    return !result.empty();
  });
  return static_cast<size_t>(result.back() - '1');
}

bool write_once(command_client& client, int number) {
  core::v1::ConfigMap what;
  what.mutable_metadata()->set_namespace_("default");
  what.mutable_metadata()->set_name("takeover");
  (*what.mutable_data())["number"] = std::to_string(number);
  auto& kind = kind_of<core::v1::ConfigMap>();
  auto verb = number == 0 ? call::CREATE : call::UPDATE;
  return static_cast<bool>(client.ask(about(verb, kind, "default", "takeover"),
                                      object::of(what), one_try));
}

/// How far a Deployment of one pod has come.
struct progress {
  bool made = false;
  bool bound = false;
};

progress progress_of(command_client& client, const std::string& app) {
  auto msg = about(call::LIST, kind_of<core::v1::Pod>(), "default", {});
  msg.set_label_selector("app=" + app);
  auto found = client.ask(msg, {}, one_try);
  progress result;
  if (!found)
    return result;
  for (auto& each : found->objects) {
    result.made = true;
    result.bound = !each.as<core::v1::Pod>().spec().node_name().empty();
  }
  return result;
}

} // namespace

void measure_takeovers(const setup& how, table& out) {
  folder data{how.where};
  cluster all{how.program, data.path(),
              how.up({"--nodes", "1", "--runtime", "simulated", "--servers",
                      "3", "--processes"})};
  all.up();
  write_once(*all.connect(), 0);
  sample writes;
  sample controllers;
  sample scheduler;
  for (int i = 1; i <= kills; ++i) {
    auto victim = await_decider(*all.connect());
    // The one whom it asks is the one that goes.
    auto own = all.connect(victim);
    auto other = all.connect(victim + 1);
    std::this_thread::sleep_for(between_kills);
    write_once(*own, i);
    auto app = "takeover-" + std::to_string(i);
    auto begin = clock::now();
    kill(all.server("server-" + std::to_string(victim + 1)), SIGKILL);
    writes.add(ms_until(begin, "a write", [&] { return write_once(*own, i); }));
    create(*other, deployment(app, 1));
    controllers.add(ms_until(begin, "a pod",
                             [&] { return progress_of(*other, app).made; }));
    scheduler.add(ms_until(begin, "a pod on a node",
                           [&] { return progress_of(*other, app).bound; }));
    // Nobody starts the first one again.
    if (victim == 0)
      all.start_again();
  }
  auto times = ", of " + std::to_string(kills);
  out.add("server killed until who asked it has written" + times,
          writes.outage("ms"), "2,000 ms");
  out.add("server killed until other controllers act" + times,
          controllers.outage("ms"), "1,000 ms");
  out.add("server killed until another scheduler acts" + times,
          scheduler.outage("ms"), "1,000 ms");
}

} // namespace troupe::bench

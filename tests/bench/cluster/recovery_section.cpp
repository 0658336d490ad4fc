#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/requests.hpp"
#include "tests/bench/cluster/sections.hpp"

#include <thread>

namespace troupe::bench {

namespace {

const std::string victim = "controllers/replicaset";

constexpr int kills = 15;
/// A supervisor pauses before it restarts what keeps dying, so kills are as
/// far apart as single failures would be.
constexpr auto between_kills = std::chrono::milliseconds(800);

/// The one object of a kind in the namespace "default".
object only(command_client& client, const kind_info& kind) {
  call::Request list;
  list.set_verb(call::LIST);
  list.set_api_version(kind.api_version());
  list.set_kind(std::string{kind.kind});
  list.set_namespace_("default");
  auto found = client.ask(std::move(list));
  if (!found)
    fail(message_of(found.error()));
  if (found->objects.size() != 1)
    fail("there is not one " + std::string{kind.kind});
  return found->objects.front();
}

void end_victim(command_client& client) {
  std::this_thread::sleep_for(between_kills);
  if (auto killed = client.kill(victim); !killed)
    fail(message_of(killed.error()));
}

/// Whether the controller has decided about a set since it started.
bool has_decided(command_client& client, const std::string& set) {
  auto why = client.explain("ReplicaSet", set);
  if (!why)
    fail(message_of(why.error()));
  for (auto& decision : why->decisions())
    if (decision.rfind(victim + ":", 0) == 0)
      return true;
  return false;
}

void measure_decisions(command_client& client, table& out) {
  auto set = only(client, kind_of<apps::v1::ReplicaSet>()).key();
  sample asked;
  sample decided;
  for (int i = 0; i < kills; ++i) {
    auto begin = clock::now();
    has_decided(client, set);
    asked.add(ms_since(begin));
    end_victim(client);
    begin = clock::now();
    // Each question is a way there and back.
    while (!has_decided(client, set))
      continue;
    decided.add(ms_since(begin));
  }
  out.add("killed controller to its first decision, as a client sees it",
          decided.middle_and_tail("ms"), "5 ms");
  out.add("  of it a client's way there and back", asked.middle_and_tail("ms"));
}

/// From the delete of the only pod to the sight of the one in its place.
double replace(command_client& client, pod_watch& watch, bool kill) {
  size_t seen = 0;
  watch.until([&](auto& x) {
    seen = x.seen;
    return x.pods == 1 && x.ready == 1;
  });
  auto pod = only(client, kind_of<core::v1::Pod>());
  if (kill)
    end_victim(client);
  auto begin = clock::now();
  remove(client, {&pod.kind(), pod.ns(), pod.name()}, true);
  watch.until([&](auto& x) { return x.seen > seen; });
  return ms_since(begin);
}

} // namespace

void measure_recovery(const setup& how, table& out) {
  folder data{how.where};
  cluster all{how.program, data.path(),
              how.up({"--nodes", "3", "--runtime", "simulated"})};
  all.up();
  auto client = all.connect();
  pod_watch watch{all};
  create(*client, deployment("bench", 1));
  watch.until([](auto& seen) { return seen.ready == 1; });
  measure_decisions(*client, out);
  sample plain;
  sample killed;
  for (int i = 0; i < kills; ++i) {
    plain.add(replace(*client, watch, false));
    killed.add(replace(*client, watch, true));
  }
  out.add("deleted pod to the create of its replacement",
          plain.middle_and_tail("ms"));
  out.add("  with the controller killed just before",
          killed.middle_and_tail("ms"));
}

} // namespace troupe::bench

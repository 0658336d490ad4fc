#include "messages/api/core_config.pb.h"
#include "messages/call.pb.h"
#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/sections.hpp"

#include <thread>

namespace troupe::bench {

namespace {

constexpr auto settling = std::chrono::seconds(3);
constexpr auto quiet_period = std::chrono::seconds(20);

/// From the start of the process to the answer to a request of a client that
/// connects once the program says that it is there.
double start_to_answer(cluster& all, clock::time_point begin) {
  all.up();
  auto client = all.connect();
  call::Request get;
  get.set_verb(call::GET);
  get.set_api_version("v1");
  get.set_kind("Namespace");
  get.set_name("default");
  if (auto result = client->ask(std::move(get)); !result)
    fail(message_of(result.error()));
  return ms_since(begin);
}

} // namespace

void measure_starts(const setup& how, table& out) {
  sample first, first_ready, again, again_ready, answered;
  for (int i = 0; i < how.runs; ++i) {
    folder data{how.where};
    cluster all{how.program, data.path(), how.up({"--nodes", "3"})};
    all.up();
    first.add(all.printed_ms("API server"));
    first_ready.add(all.printed_ms("Nodes"));
    all.stop();
    answered.add(start_to_answer(all, clock::now()));
    again.add(all.printed_ms("API server"));
    again_ready.add(all.printed_ms("Nodes"));
  }
  out.add("first `up` to API answering", first.spread("ms"), "500 ms");
  out.add("first `up` to three nodes Ready", first_ready.spread("ms"));
  out.add("`up` with existing keys to API answering", again.spread("ms"),
          "300 ms");
  out.add("`up` with existing keys to three nodes Ready",
          again_ready.spread("ms"));
  out.add("`up` with existing keys to the answer to a new client",
          answered.spread("ms"));
}

void measure_idle(const setup& how, table& out) {
  folder data{how.where};
  cluster all{how.program, data.path(), how.up({"--nodes", "3"})};
  all.up();
  std::this_thread::sleep_for(settling);
  auto before = all.now();
  std::this_thread::sleep_for(quiet_period);
  auto after = all.now();
  auto period = std::chrono::duration<double, std::milli>(quiet_period).count();
  out.add("three idle nodes, resident", text(after.resident_mb) + " MB",
          "40 MB");
  out.add("three idle nodes, own memory (anonymous)",
          text(after.anonymous_mb) + " MB");
  out.add("three idle nodes, processor",
          text((after.cpu_ms - before.cpu_ms) / period * 100) + " % of a core",
          "0.5 %");
}

} // namespace troupe::bench

#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/requests.hpp"
#include "tests/bench/cluster/sections.hpp"

#include <thread>

namespace troupe::bench {

namespace {

constexpr int pods_per_deployment = 1'000;
constexpr auto settling = std::chrono::seconds(10);
constexpr auto quiet_period = std::chrono::seconds(30);

std::string memory(const usage& used) {
  return text(used.resident_mb) + " MB, at most " + text(used.peak_mb) + " MB";
}

void measure_rest(cluster& all, const std::string& what, table& out) {
  std::this_thread::sleep_for(settling);
  auto before = all.now();
  std::this_thread::sleep_for(quiet_period);
  auto spent = all.now().cpu_ms - before.cpu_ms;
  auto period = std::chrono::duration<double, std::milli>(quiet_period).count();
  out.add("  " + what + ", processor at rest",
          text(spent / period * 100) + " % of a core");
  out.add("  " + what + ", resident", memory(all.now()));
}

} // namespace

void measure_scale(const setup& how, table& out) {
  auto nodes = std::to_string(how.nodes) + " simulated nodes";
  folder data{how.where};
  cluster all{
      how.program, data.path(),
      how.up({"--nodes", std::to_string(how.nodes), "--runtime", "simulated"})};
  all.up();
  out.add(nodes + " Ready", text(all.printed_ms("Nodes") / 1000) + " s");
  measure_rest(all, nodes, out);
  auto client = all.connect();
  pod_watch watch{all};
  auto before = all.now();
  auto begin = clock::now();
  auto wished = static_cast<size_t>(how.pods);
  for (int made = 0; made < how.pods; made += pods_per_deployment)
    create(*client, deployment("bench-" + std::to_string(made),
                               std::min(pods_per_deployment, how.pods - made)));
  watch.until([=](auto& seen) { return seen.ready == wished; });
  auto took = ms_since(begin);
  auto pods = std::to_string(how.pods) + " pods";
  out.add(pods + " Ready on " + nodes, text(took / 1000) + " s, "
                                           + text(how.pods / took * 1000)
                                           + " pods/s");
  out.add("  processor time per pod",
          text((all.now().cpu_ms - before.cpu_ms) / how.pods) + " ms");
  out.add("  resident", memory(all.now()), "4000 MB");
  measure_rest(all, pods, out);
}

} // namespace troupe::bench

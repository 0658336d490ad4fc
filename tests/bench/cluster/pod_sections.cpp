#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/requests.hpp"
#include "tests/bench/cluster/sections.hpp"

namespace troupe::bench {

namespace {

constexpr int deployment_pods = 500;
constexpr size_t single_pods = 50;

/// What one Deployment took.
struct deployment_figures {
  sample took;   ///< from the request to the last pod Ready, ms
  sample cpu;    ///< of the cluster's process per pod, ms
  sample writes; ///< store revisions per pod
  sample syncs;  ///< synced writes of the log
};

void deploy(cluster& all, command_client& client, pod_watch& watch,
            const std::string& name, deployment_figures& figures) {
  auto revision = all.fact(client, "store/replica", "revision");
  auto synced = all.fact(client, "store/log_writer", "writes");
  auto before = all.now();
  auto begin = clock::now();
  create(client, deployment(name, deployment_pods));
  watch.until([](auto& seen) { return seen.ready == deployment_pods; });
  figures.took.add(ms_since(begin));
  figures.cpu.add((all.now().cpu_ms - before.cpu_ms) / deployment_pods);
  auto written = all.fact(client, "store/replica", "revision") - revision;
  figures.writes.add(static_cast<double>(written) / deployment_pods);
  figures.syncs.add(static_cast<double>(
      all.fact(client, "store/log_writer", "writes") - synced));
  remove(client, {&kind_of<apps::v1::Deployment>(), "default", name}, false);
  watch.until([](auto& seen) { return seen.pods == 0; });
}

} // namespace

void measure_deployment(const setup& how, table& out) {
  folder data{how.where};
  cluster all{how.program, data.path(),
              how.up({"--nodes", "100", "--runtime", "simulated"})};
  all.up();
  auto client = all.connect();
  pod_watch watch{all};
  deployment_figures figures;
  for (int i = 0; i < how.runs; ++i)
    deploy(all, *client, watch, "bench-" + std::to_string(i), figures);
  out.add("500 pods of a Deployment Ready on 100 simulated nodes",
          figures.took.spread("ms"), "500 ms");
  out.add("  processor time per pod", figures.cpu.spread("ms"));
  out.add("  store revisions per pod", figures.writes.spread(""));
  out.add("  synced writes of the log", figures.syncs.spread(""));
  out.add("  resident", text(all.now().resident_mb) + " MB");
}

void measure_single_pods(const setup& how, table& out, bool simulated) {
  folder data{how.where};
  std::vector<std::string> mine{"--nodes", "3", "--runtime",
                                simulated ? "simulated" : "process"};
  cluster all{how.program, data.path(), how.up(mine)};
  all.up();
  auto client = all.connect();
  pod_watch watch{all};
  sample took;
  for (size_t i = 1; i <= single_pods; ++i) {
    auto begin = clock::now();
    create(*client, pod("bench-" + std::to_string(i)));
    watch.until([i](auto& seen) { return seen.running == i; });
    took.add(ms_since(begin));
  }
  out.add(simulated ? "pod created to Running, simulated"
                    : "pod created to Running, process",
          took.middle_and_tail("ms"), simulated ? "50 ms" : "150 ms");
}

} // namespace troupe::bench

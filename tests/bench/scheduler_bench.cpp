// How many pods per second the scheduler's core places: queue, filters,
// scores, reservation. The time with all places taken before the run and with
// none is printed side by side, since it must not grow.

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/scheduling/placer.hpp"
#include "runtime/scheduling/queue.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::scheduling;

core::v1::Node node_number(int64_t i) {
  core::v1::Node node;
  auto name = "node-" + std::to_string(i);
  node.mutable_metadata()->set_name(name);
  auto& labels = *node.mutable_metadata()->mutable_labels();
  labels["kubernetes.io/hostname"] = name;
  labels["kubernetes.io/os"] = "linux";
  labels["topology.kubernetes.io/zone"] = "zone-" + std::to_string(i % 3);
  auto& have = *node.mutable_status()->mutable_allocatable();
  have["cpu"].set_string("32");
  have["memory"].set_string("256Gi");
  have["pods"].set_string("110");
  return node;
}

core::v1::Pod pod_number(int64_t i) {
  core::v1::Pod pod;
  auto& meta = *pod.mutable_metadata();
  auto set = std::to_string(i / 100);
  meta.set_name("pod-" + std::to_string(i));
  meta.set_namespace_("default");
  meta.set_uid("uid-" + std::to_string(i));
  (*meta.mutable_labels())["app"] = set;
  auto owner = meta.add_owner_references();
  owner->set_kind("ReplicaSet");
  owner->set_uid("set-" + set);
  owner->set_controller(true);
  auto container = pod.mutable_spec()->add_containers();
  container->set_image("web");
  auto& want = *container->mutable_resources()->mutable_requests();
  want["cpu"].set_string("100m");
  want["memory"].set_string("500Mi");
  return pod;
}

void place_pods(benchmark::State& run) {
  auto nodes = run.range(0);
  auto before = run.range(1);
  cluster state;
  for (int64_t i = 0; i < nodes; ++i)
    state.set_node(make_node_spec(node_number(i)));
  int64_t made = 0;
  for (; made < before; ++made) {
    auto pod = pod_number(made);
    pod.mutable_spec()->set_node_name("node-" + std::to_string(made % nodes));
    state.place(make_pod_info(pod));
  }
  placer place{state};
  scheduling_queue queue;
  // Two rounds fit on the smallest cluster.
  auto batch = std::min<int64_t>(5000, nodes * 50);
  int64_t placed = 0;
  for (auto _ : run) {
    run.PauseTiming();
    std::vector<core::v1::Pod> pods;
    for (int64_t i = 0; i < batch; ++i)
      pods.push_back(pod_number(made++));
    run.ResumeTiming();
    for (const auto& pod : pods)
      queue.put(make_pod_info(pod), instant{0});
    while (auto next = queue.pop(instant{0})) {
      auto where = place.place(*next->pod, static_cast<uint64_t>(placed));
      if (where.node.empty()) {
        run.SkipWithError("a pod found no place");
        return;
      }
      state.assume(next->pod, where.node);
      ++placed;
    }
  }
  run.counters["pods/s"] = benchmark::Counter(static_cast<double>(placed),
                                              benchmark::Counter::kIsRate);
}

BENCHMARK(place_pods)
    ->ArgNames({"nodes", "placed"})
    ->Args({3, 0})
    ->Args({100, 0})
    ->Args({1000, 0})
    ->Args({5000, 0})
    ->Args({5000, 150000})
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();

#include "runtime/net/forwarder.hpp"
#include "runtime/rules/proxy_plan.hpp"
#include "tests/runtime/net/plain_sockets.hpp"
#include "tests/support/service_objects.hpp"

#include <benchmark/benchmark.h>
#include <thread>

namespace troupe::net {

namespace {

/// One service in front of one server.
struct forwarded {
  forwarded() {
    edge.update({{{protocol::tcp, place}, {local_endpoint(server.get())}, {}}},
                {});
    net.run([] {});
  }

  loop net;
  forwarder edge{net};
  unique_fd server = plain_listener();
  endpoint place = free_place();
};

void connect_and_close(benchmark::State& state, const endpoint& to,
                       const unique_fd& server) {
  for (auto _ : state) {
    auto client = connected(to);
    auto peer = accepted(server);
    send_text(client, "x");
    receive_text(peer, 1);
    // A reset leaves no port waiting.
    reset_on_close(client.get());
  }
  state.SetItemsProcessed(state.iterations());
}

void send_much(benchmark::State& state, const endpoint& to,
               const unique_fd& server) {
  constexpr size_t block = 16u << 20;
  auto client = connected(to);
  auto peer = accepted(server);
  std::string bytes(block, 'x');
  for (auto _ : state) {
    std::thread sender{[&] { send_text(client, bytes); }};
    receive_text(peer, block);
    sender.join();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * block));
}

void straight_connections(benchmark::State& state) {
  auto server = plain_listener();
  connect_and_close(state, local_endpoint(server.get()), server);
}

void forwarded_connections(benchmark::State& state) {
  forwarded x;
  connect_and_close(state, x.place, x.server);
}

void straight_bytes(benchmark::State& state) {
  auto server = plain_listener();
  send_much(state, local_endpoint(server.get()), server);
}

void forwarded_bytes(benchmark::State& state) {
  forwarded x;
  send_much(state, x.place, x.server);
}

object service_number(int64_t i) {
  return object::of(test::proxied_service(
      "s" + std::to_string(i),
      to_string(ipv4{0x0a600000 + static_cast<uint32_t>(i)})));
}

/// One endpoint changes among many services.
void plan_of_one_change(benchmark::State& state) {
  rules::proxy_table table;
  std::vector<object> none;
  for (int64_t i = 0; i < state.range(0); ++i)
    table.set("s" + std::to_string(i),
              rules::plan_service_proxy(service_number(i), none, {}).listeners);
  auto service = service_number(7);
  uint32_t turn = 0;
  for (auto _ : state) {
    auto slice = test::slice_of("s7", 8080);
    test::add_endpoint(slice, to_string(ipv4{0x0a010000 + (++turn & 0xffff)}));
    std::vector<object> slices{object::of(slice)};
    auto plan = rules::plan_service_proxy(service, slices, {});
    benchmark::DoNotOptimize(table.set("s7", std::move(plan.listeners)));
  }
}

BENCHMARK(straight_connections)->UseRealTime();
BENCHMARK(forwarded_connections)->UseRealTime();
BENCHMARK(straight_bytes)->UseRealTime();
BENCHMARK(forwarded_bytes)->UseRealTime();
BENCHMARK(plan_of_one_change)->Arg(100)->Arg(10000);

} // namespace

} // namespace troupe::net

BENCHMARK_MAIN();

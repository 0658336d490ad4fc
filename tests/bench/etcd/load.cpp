#include "load.hpp"

#include "messages/codec.hpp"
#include "messages/errors.hpp"
#include "messages/store.pb.h"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace troupe::bench {

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

namespace {

using namespace store_api;
using bench_clock = std::chrono::steady_clock;
using latencies = std::vector<double>; // milliseconds

struct client_job {
  store_actor store;
  caf::actor sink;
  bench_clock::time_point end;
  int number = 0;
  load_kind kind = load_kind::put;
};

void next_step(caf::event_based_actor* self, const client_job& job,
               std::shared_ptr<latencies> seen, int step) {
  if (bench_clock::now() >= job.end) {
    self->send(job.sink, std::move(*seen));
    self->quit();
    return;
  }
  auto start = bench_clock::now();
  auto key = "/pods/default/client-" + std::to_string(job.number) + "-"
             + std::to_string(step % 100);
  auto done = [=](const auto&) {
    seen->push_back(ms_since(start));
    next_step(self, job, seen, step + 1);
  };
  auto failed = [](const caf::error& err) {
    std::fprintf(stderr, "%s\n", message_of(err).c_str());
    std::exit(1);
  };
  if (job.kind == load_kind::get) {
    RangeRequest request;
    request.set_key(key);
    self->request(job.store, caf::infinite,
                  pb<RangeRequest>{std::move(request)})
        .then([done](const pb<RangeResponse>& x) { done(x); }, failed);
  } else {
    self->request(job.store, caf::infinite,
                  pb<TxnRequest>{put_request(key, std::string(1024, 'v'))})
        .then([done](const pb<TxnResponse>& x) { done(x); }, failed);
  }
}

figures summary(latencies all, double ms) {
  std::sort(all.begin(), all.end());
  auto at = [&](double share) {
    return all.empty() ? 0.0
                       : all[static_cast<size_t>(
                           share * static_cast<double>(all.size() - 1))];
  };
  return {static_cast<double>(all.size()) * 1000 / ms, at(0.5), at(0.99)};
}

} // namespace

} // namespace troupe::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<double>)

namespace troupe::bench {

figures measure(caf::actor_system& system,
                const std::vector<store_actor>& doors, load_kind kind,
                int clients, double seconds) {
  caf::scoped_actor self{system};
  auto start = bench_clock::now();
  client_job job;
  job.sink = caf::actor_cast<caf::actor>(self);
  job.end = start
            + std::chrono::duration_cast<bench_clock::duration>(
                std::chrono::duration<double>(seconds));
  job.kind = kind;
  for (int i = 0; i < clients; ++i) {
    job.number = i;
    job.store = doors[static_cast<size_t>(i) % doors.size()];
    system.spawn([job](caf::event_based_actor* client) {
      next_step(client, job, std::make_shared<latencies>(), 0);
    });
  }
  latencies all;
  for (int i = 0; i < clients; ++i)
    self->receive([&](latencies& some) {
      all.insert(all.end(), some.begin(), some.end());
    });
  return summary(std::move(all), ms_since(start));
}

figures repeat(const std::function<void()>& what, int times) {
  latencies all;
  auto start = bench_clock::now();
  for (int i = 0; i < times; ++i) {
    auto begin = bench_clock::now();
    what();
    all.push_back(ms_since(begin));
  }
  return summary(std::move(all), ms_since(start));
}

} // namespace troupe::bench

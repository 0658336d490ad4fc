// The store as it ships, on a real disk with every write synced: puts of 1 KB
// by so many clients at once, each waiting for its answer before the next.
// usage: store_bench [FOLDER [SECONDS]]

#include "actors/store/store.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::store_api;
using bench_clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

using latencies = std::vector<double>; // milliseconds

struct config : caf::actor_system_config {
  config() {
    register_types(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

double ms_since(bench_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(bench_clock::now() - start)
      .count();
}

struct client_job {
  store_actor store;
  caf::actor sink;
  bench_clock::time_point end;
  int number = 0;
  bool reads = false;
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
  auto failed = [=](const caf::error& err) {
    std::fprintf(stderr, "%s\n", message_of(err).c_str());
    std::exit(1);
  };
  if (job.reads) {
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

void measure(caf::actor_system& sys, const store_actor& store, int clients,
             bool reads, double seconds) {
  caf::scoped_actor self{sys};
  auto start = bench_clock::now();
  client_job job;
  job.store = store;
  job.sink = caf::actor_cast<caf::actor>(self);
  job.end = start
            + std::chrono::duration_cast<bench_clock::duration>(
                std::chrono::duration<double>(seconds));
  job.reads = reads;
  for (int i = 0; i < clients; ++i) {
    job.number = i;
    sys.spawn([job](caf::event_based_actor* client) {
      next_step(client, job, std::make_shared<latencies>(), 0);
    });
  }
  latencies all;
  for (int i = 0; i < clients; ++i)
    self->receive([&](latencies& some) {
      all.insert(all.end(), some.begin(), some.end());
    });
  auto took = ms_since(start) / 1000;
  std::sort(all.begin(), all.end());
  auto at = [&](double share) {
    return all.empty() ? 0.0
                       : all[static_cast<size_t>(
                           share * static_cast<double>(all.size() - 1))];
  };
  std::printf("%-5s %4d clients %9.0f/s   p50 %7.3f ms   p99 %7.3f ms\n",
              reads ? "get" : "put", clients,
              static_cast<double>(all.size()) / took, at(0.5), at(0.99));
}

/// What the disk itself takes for 1 KB appended and synced.
void measure_disk(const fs::path& folder) {
  auto path = folder / "fsync";
  int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::string block(1024, 'x');
  latencies all;
  for (int i = 0; i < 500; ++i) {
    auto start = bench_clock::now();
    if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0)
      std::exit(1);
    all.push_back(ms_since(start));
  }
  ::close(fd);
  std::sort(all.begin(), all.end());
  std::printf("disk  1 KB append and fdatasync         p50 %7.3f ms   p99 "
              "%7.3f ms\n",
              all[all.size() / 2], all[all.size() * 99 / 100]);
}

double resident_mb() {
  std::ifstream file{"/proc/self/statm"};
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

void wait_open(caf::scoped_actor& self, const store_actor& store) {
  RangeRequest request;
  request.set_key("a");
  self->request(store, caf::infinite, pb<RangeRequest>{std::move(request)})
      .receive([](const pb<RangeResponse>&) {},
               [](const caf::error& err) {
                 std::fprintf(stderr, "%s\n", message_of(err).c_str());
                 std::exit(1);
               });
}

void stop(caf::scoped_actor& self, store_actor& store) {
  self->monitor(store);
  self->send_exit(store, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
  store = nullptr;
}

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(latencies)

int main(int argc, char** argv) {
  auto pattern = std::string{argc > 1 ? argv[1] : "."} + "/store-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    return 1;
  }
  fs::path folder{pattern};
  double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  measure_disk(folder);
  {
    config cfg;
    caf::actor_system sys{cfg};
    caf::scoped_actor self{sys};
    store_options options;
    options.path = folder / "store";
    auto disk = make_store_disk(options);
    auto before = resident_mb();
    auto start = bench_clock::now();
    auto store = spawn_store(sys, options, disk);
    wait_open(self, store);
    std::printf("open  an empty store %8.2f ms, %.1f MB more resident\n",
                ms_since(start), resident_mb() - before);
    for (int clients : {1, 16, 128})
      measure(sys, store, clients, false, seconds);
    for (int clients : {1, 128})
      measure(sys, store, clients, true, seconds);
    std::printf("resident %.1f MB\n", resident_mb());
    stop(self, store);
    start = bench_clock::now();
    store = spawn_store(sys, options, disk);
    wait_open(self, store);
    std::printf("open  the same store again %8.2f ms\n", ms_since(start));
    stop(self, store);
  }
  fs::remove_all(folder);
}

// The REST API as it ships, under a closed loop of clients over mutual TLS,
// each with a connection of its own: a cluster of the program with its
// defaults (every write synced) and one node. The generator shares the machine;
// what it could make of a server that only answers is printed first.
// usage: http_bench [--seconds N] [--only SECTION]... [--kubeconfig FILE
//                    --pid PID]
// With --kubeconfig some other server is measured, with --pid its memory and
// its CPU time for each request too. That time hardly depends on what else the
// machine does.

#include "runtime/crypto/key_files.hpp"
#include "runtime/http/https_edge.hpp"
#include "tests/bench/http/load.hpp"
#include "tests/support/real_cluster.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <optional>
#include <semaphore>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;
using namespace troupe::bench;
namespace fs = std::filesystem;
using clock_type = std::chrono::steady_clock;

constexpr int many = 32;
constexpr int watchers = 100;
const std::string maps = "/api/v1/namespaces/bench/configmaps";
const std::string pods = "/api/v1/namespaces/bench/pods";

/// CPU time that a process has taken so far, in seconds.
double cpu_seconds(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  // What stands before the last bracket may hold anything; see proc(5).
  std::istringstream rest{
      text.substr(std::min(text.rfind(')') + 1, text.size()))};
  std::string skipped;
  for (int field = 3; field < 14; ++field)
    rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void print_head() {
  std::printf("%-34s %10s %9s %9s %9s\n", "", "1/s", "p50 ms", "p99 ms",
              "CPU us");
}

void print_row(const std::string& what, const load_figures& seen,
               double cpu = 0) {
  std::printf("%-34s %10.0f %9.2f %9.2f", what.c_str(), seen.per_second,
              seen.p50_ms, seen.p99_ms);
  if (cpu > 0 && seen.count > 0)
    std::printf(" %9.0f", cpu * 1e6 / static_cast<double>(seen.count));
  std::printf("\n");
  std::fflush(stdout);
}

/// Who is measured.
struct subject {
  http_place place;
  pid_t pid = 0; ///< 0 for one that is not known
};

using one_request = std::function<bool(http_client&, int, int)>;

/// Measures a load and prints its row.
void run_row(const std::string& what, const subject& of, int clients,
             double seconds, const one_request& one) {
  auto before = of.pid == 0 ? 0 : cpu_seconds(of.pid);
  auto seen = measure_load(of.place, clients, seconds, one);
  print_row(what, seen, of.pid == 0 ? 0 : cpu_seconds(of.pid) - before);
}

std::string name_of(const std::string& kind, int client, int number) {
  return kind + "-" + std::to_string(client) + "-" + std::to_string(number);
}

std::string config_map(const std::string& name, const std::string& value) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name
         + R"(","namespace":"bench"},"data":{"key":")" + value + "\"}}";
}

/// Nobody schedules it, so that only the API is measured.
std::string pod(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name
         + R"(","namespace":"bench","labels":{"app":"bench"}},"spec":{)"
           R"("schedulerName":"nobody","containers":[{"name":"c","image":"i",)"
           R"("resources":{"requests":{"cpu":"10m","memory":"10Mi"}},)"
           R"("env":[{"name":"A","value":"b"}],"ports":[{"containerPort":80}]}]}})";
}

// -- the generator ------------------------------------------------------------

/// A server that answers everything at once, in a process of its own.
class bare_server {
public:
  bare_server() {
    std::string name = fs::temp_directory_path() / "http-bench-XXXXXX";
    int ends[2];
    if (mkdtemp(name.data()) == nullptr || pipe(ends) != 0)
      std::exit(1);
    folder_ = name;
    std::fflush(stdout);
    pid_ = fork();
    if (pid_ == 0)
      serve(folder_, ends[1]);
    close(ends[1]);
    if (read(ends[0], &port_, sizeof(port_)) != sizeof(port_))
      std::exit(1);
    close(ends[0]);
  }

  ~bare_server() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    fs::remove_all(folder_);
  }

  bare_server(const bare_server&) = delete;
  bare_server& operator=(const bare_server&) = delete;

  uint16_t port() const { return port_; }

private:
  [[noreturn]] static void serve(const fs::path& folder, int tell) {
    auto keys = crypto::open_cluster_keys(folder / "pki",
                                          {{"localhost"}, {"127.0.0.1"}},
                                          std::chrono::system_clock::now());
    if (!keys)
      _exit(1);
    http::https_edge edge{std::make_shared<net::loop>()};
    if (edge.prepare({keys->server_file.string(), keys->authority.certificate}))
      _exit(1);
    auto at = edge.open({net::ipv4{INADDR_LOOPBACK}, 0});
    if (!at)
      _exit(1);
    auto body = config_map("name", std::string(200, 'x'));
    edge.listen([&](uint64_t connection, http::peer) {
      edge.serve(connection, [&, connection](http::event x) {
        if (x.kind == http::event::type::request)
          edge.answer(connection, x.exchange, {200, {}}, body);
      });
    });
    auto port = at->port;
    if (write(tell, &port, sizeof(port)) != sizeof(port))
      _exit(1);
    for (;;)
      pause();
  }

  fs::path folder_;
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

void measure_generator(double seconds) {
  bare_server server;
  http_place place{server.port()};
  for (auto clients : {1, many})
    print_row(
        "the generator alone, " + std::to_string(clients),
        measure_load(place, clients, seconds, [](http_client& by, int, int) {
          expect_success(by.ask("GET", "/"), "nothing");
          return true;
        }));
}

// -- the API ------------------------------------------------------------------

double memory_mb(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:"))
      return std::stod(line.substr(6)) * 1024 / 1e6;
  return 0;
}

void print_memory(const std::string& when, pid_t pid) {
  if (pid != 0)
    std::printf("%-34s %10.0f MB\n", ("memory, " + when).c_str(),
                memory_mb(pid));
}

/// The ConfigMaps that each client made.
class made_maps {
public:
  one_request create(const std::string& kind, bool counts) {
    return [this, kind, counts](http_client& by, int client, int number) {
      auto name = name_of(kind, client, number);
      expect_success(by.ask("POST", maps, config_map(name, "value")), "create");
      if (counts)
        count_[static_cast<size_t>(client)] = number + 1;
      return true;
    };
  }

  int count(int client) const { return count_[static_cast<size_t>(client)]; }

  /// What this client made, one after the other.
  std::string path(int client, int number) const {
    auto all = std::max(count(client), 1);
    return maps + "/" + name_of("map", client, number % all);
  }

private:
  std::vector<int> count_ = std::vector<int>(many, 0);
};

bool get(http_client& by, const std::string& path) {
  expect_success(by.ask("GET", path), "get");
  return true;
}

bool update(http_client& by, const std::string& path, int number) {
  auto name = path.substr(path.rfind('/') + 1);
  expect_success(by.ask("PUT", path, config_map(name, std::to_string(number))),
                 "update");
  return true;
}

bool patch(http_client& by, const std::string& path, int number) {
  auto value = "p" + std::to_string(number);
  expect_success(by.ask("PATCH", path, R"({"data":{"key":")" + value + "\"}}",
                        "application/merge-patch+json"),
                 "patch");
  return true;
}

void measure_maps(const subject& of, double seconds) {
  made_maps made;
  run_row("ConfigMap create, 1", of, 1, seconds, made.create("one", false));
  run_row("ConfigMap create, 32", of, many, seconds, made.create("map", true));
  for (auto clients : {1, many})
    run_row("get, " + std::to_string(clients), of, clients, seconds,
            [&](auto& by, int client, int number) {
              return get(by, made.path(client, number));
            });
  run_row("update, 32", of, many, seconds,
          [&](auto& by, int client, int number) {
            return update(by, made.path(client, number), number);
          });
  run_row("merge patch, 32", of, many, seconds,
          [&](auto& by, int client, int number) {
            return patch(by, made.path(client, number), number);
          });
  run_row("delete, 32", of, many, 10 * seconds,
          [&](auto& by, int client, int number) {
            if (number >= made.count(client))
              return false;
            expect_success(by.ask("DELETE", made.path(client, number)),
                           "delete");
            return true;
          });
}

void measure_pods(const subject& of, double seconds) {
  run_row("pod create, 32", of, many, seconds,
          [](auto& by, int client, int number) {
            expect_success(
                by.ask("POST", pods, pod(name_of("pod", client, number))),
                "pod");
            return true;
          });
  http_client by{of.place};
  expect_success(by.ask("DELETE", pods + "?gracePeriodSeconds=0"), "delete");
  for (int i = 0; i < 1000; ++i)
    expect_success(by.ask("POST", pods, pod(name_of("listed", 0, i))), "pod");
  auto list = [&](const std::string& what, const std::string& accept) {
    run_row(what, of, 1, seconds, [&](auto& x, int, int) {
      expect_success(x.ask("GET", pods, {}, {}, accept), "list");
      return true;
    });
  };
  list("list of 1,000 pods", "application/json");
  list("the same as Table", "application/json;as=Table;v=v1;g=meta.k8s.io");
}

std::string now_text() {
  return std::to_string(clock_type::now().time_since_epoch().count());
}

/// 100 watchers of ConfigMaps, each in a thread.
class audience {
public:
  explicit audience(const http_place& place) : late_(watchers) {
    for (int i = 0; i < watchers; ++i) {
      auto& each = clients_.emplace_back(std::make_unique<http_client>(place));
      each->watch(maps + "?watch=true&resourceVersion=0&labelSelector=!old");
      threads_.emplace_back([this, i, &by = *each] {
        listen(by, late_[static_cast<size_t>(i)]);
      });
    }
  }

  ~audience() { end(); }

  audience(const audience&) = delete;
  audience& operator=(const audience&) = delete;

  size_t events() const { return events_; }

  /// Waits, without taking the server's time, until there were so many.
  void await(size_t wanted) {
    awaited_ = wanted;
    for (auto seen = events_.load(); seen < wanted; seen = events_)
      reached_.acquire();
  }

  /// Ends it; returns the milliseconds from write to event.
  std::vector<double> end() {
    for (auto& each : clients_)
      each->hang_up();
    for (auto& each : threads_)
      each.join();
    threads_.clear();
    clients_.clear();
    std::vector<double> all;
    for (auto& each : late_)
      all.insert(all.end(), each.begin(), each.end());
    return all;
  }

private:
  void listen(http_client& by, std::vector<double>& late) {
    constexpr std::string_view mark = "\"key\":\"at-";
    for (std::string line; by.next_line(line);) {
      auto at = line.find(mark);
      if (at == std::string::npos)
        continue;
      auto then = std::atoll(line.c_str() + at + mark.size());
      auto ns = clock_type::now().time_since_epoch().count() - then;
      late.push_back(static_cast<double>(ns) / 1e6);
      if (++events_ == awaited_)
        reached_.release();
    }
  }

  std::vector<std::unique_ptr<http_client>> clients_;
  std::vector<std::thread> threads_;
  std::vector<std::vector<double>> late_;
  std::atomic<size_t> events_ = 0;
  std::atomic<size_t> awaited_ = 0;
  std::counting_semaphore<> reached_{0};
};

void measure_watches(const subject& of, double seconds) {
  auto write = [](const std::string& kind) {
    return [kind](http_client& by, int client, int number) {
      expect_success(
          by.ask("POST", maps,
                 config_map(name_of(kind, client, number), "at-" + now_text())),
          "create");
      return true;
    };
  };
  audience calm{of.place};
  // As fast as one writer goes that lets each be seen.
  measure_load(of.place, 1, seconds,
               [&, one = write("seen")](http_client& by, int c, int n) {
                 auto wanted = calm.events() + watchers;
                 one(by, c, n);
                 calm.await(wanted);
                 return true;
               });
  auto late = calm.end();
  print_row("write to event, 100 watchers",
            {0, share_of(late, 0.5), share_of(late, 0.99), late.size()});
  audience busy{of.place};
  auto cpu = of.pid == 0 ? 0 : cpu_seconds(of.pid);
  auto begin = clock_type::now();
  auto written = measure_load(of.place, many, seconds, write("burst"));
  auto all = written.count * watchers;
  busy.await(all);
  auto took = std::chrono::duration<double>(clock_type::now() - begin).count();
  late = busy.end();
  print_row("events, 100 watchers, 32 writers",
            {static_cast<double>(all) / took, share_of(late, 0.5),
             share_of(late, 0.99), all},
            of.pid == 0 ? 0 : cpu_seconds(of.pid) - cpu);
}

/// Which sections there are, in their order.
const std::vector<std::string> sections{"maps", "pods", "watches"};

void measure(const subject& of, double seconds,
             const std::vector<std::string>& only) {
  auto wanted = [&](const std::string& section) {
    return only.empty()
           || std::find(only.begin(), only.end(), section) != only.end();
  };
  {
    http_client by{of.place};
    expect_success(by.ask("POST", "/api/v1/namespaces",
                          R"({"metadata":{"name":"bench"}})"),
                   "namespace");
  }
  print_memory("idle", of.pid);
  if (wanted("maps"))
    measure_maps(of, seconds);
  if (wanted("pods"))
    measure_pods(of, seconds);
  if (wanted("watches"))
    measure_watches(of, seconds);
  print_memory("after all that", of.pid);
}

} // namespace

int main(int argc, char** argv) {
  double seconds = 5;
  std::string kubeconfig;
  pid_t pid = 0;
  CLI::App app{"Measures the REST API"};
  app.add_option("--seconds", seconds, "How long each load lasts");
  app.add_option("--kubeconfig", kubeconfig, "Of another server to measure");
  app.add_option("--pid", pid, "Its process");
  std::vector<std::string> only;
  app.add_option("--only", only, "Sections to measure instead of all")
      ->check(CLI::IsMember(sections));
  CLI11_PARSE(app, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  print_head();
  measure_generator(seconds);
  if (!kubeconfig.empty()) {
    measure({http_place{fs::path{kubeconfig}}, pid}, seconds, only);
    return 0;
  }
  test::real_options options;
  options.nodes = 1;
  options.runtime = "simulated";
  test::real_cluster cluster{options};
  if (!cluster.up()) {
    std::fprintf(stderr, "error: %s\n", cluster.output().c_str());
    return 1;
  }
  measure({http_place{cluster.data() / "kubeconfig"}, cluster.server()},
          seconds, only);
  return 0;
}

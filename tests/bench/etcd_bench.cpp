// The store beside etcd: the same clients, the same machine, the same disk,
// every write synced, runs in turn. Ours is the program as it ships, a whole
// cluster with one server or with three in processes of their own; its stores
// are asked as servers ask each other. etcd is asked by our client over gRPC,
// by four connections. Clients are in a process of their own, ask the leader
// over mutual TLS, and take their share of the processor on either side. Ours
// count syncs where the C library is asked for them, etcd by its own counters.
// usage: etcd_bench [FOLDER [SECONDS [ROUNDS]]]

#include "etcd/load.hpp"
#include "etcd/side.hpp"
#include "messages/store.pb.h"
#include "tests/support/etcd_servers.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sstream>
#include <unistd.h>

namespace {

using namespace troupe;
using namespace troupe::bench;
using namespace troupe::store_api;
namespace fs = std::filesystem;

constexpr int client_counts[] = {1, 16, 128};
constexpr size_t many_keys = 1'000'000;
constexpr size_t keys_at_once = 100;

std::unique_ptr<side> start(const std::string& name, size_t members,
                            const fs::path& folder) {
  return name == "own" ? side::own(members, folder)
                       : side::etcd(members, folder);
}

/// A figure for whoever started this run.
void say(const std::string& name, double value) {
  std::printf("%s %.4f\n", name.c_str(), value);
  std::fflush(stdout);
}

void run_load(side& of, double seconds) {
  for (auto kind : {load_kind::put, load_kind::get})
    for (auto clients : client_counts) {
      auto name = std::string{kind == load_kind::put ? "put " : "get "}
                  + std::to_string(clients) + " ";
      auto before = of.syncs();
      auto seen = measure(of.system(), of.doors(), kind, clients, seconds);
      auto syncs = static_cast<double>(of.syncs() - before);
      say(name + "rate", seen.per_second);
      say(name + "p50", seen.p50_ms);
      say(name + "p99", seen.p99_ms);
      say(name + "syncs", syncs / (seen.per_second * seconds));
    }
  say("memory 0 own", of.anonymous_mb());
  say("memory 0 resident", of.resident_mb());
}

std::string key_of(size_t number) {
  char text[32];
  std::snprintf(text, sizeof(text), "/many/%08zu", number);
  return text;
}

void run_many(side& of) {
  for (size_t i = 0; i < many_keys; i += keys_at_once) {
    TxnRequest request;
    for (size_t k = i; k < i + keys_at_once; ++k)
      *request.add_then() =
          put_request(key_of(k), std::string(100, 'v')).then(0);
    of.ask<TxnResponse>(std::move(request));
  }
  say("many 0 start", of.restart_ms());
  size_t turn = 0;
  auto seen = repeat(
      [&] {
        RangeRequest request;
        request.set_key(key_of(turn++ * 7919 % (many_keys - 1000)));
        request.set_range_end(std::string(1, '\0'));
        request.set_limit(1000);
        auto found = of.ask<RangeResponse>(std::move(request));
        if (found.kvs_size() != 1000)
          std::exit(1);
      },
      200);
  say("many 0 range", seen.p50_ms);
  say("many 0 own", of.anonymous_mb());
  say("many 0 resident", of.resident_mb());
}

/// What the disk itself takes for 1 KB appended and synced.
void run_disk(const fs::path& folder, double seconds) {
  auto path = folder / "sync";
  auto fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::string block(1024, 'x');
  auto seen = repeat(
      [&] {
        if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0)
          std::exit(1);
      },
      static_cast<int>(1000 * seconds));
  ::close(fd);
  say("disk 0 rate", seen.per_second);
  say("disk 0 p50", seen.p50_ms);
  say("disk 0 p99", seen.p99_ms);
}

int run_part(char** words) {
  std::string what = words[0];
  std::string name = words[1];
  auto members = static_cast<size_t>(std::atoi(words[2]));
  fs::path folder{words[3]};
  auto seconds = std::atof(words[4]);
  if (what == "disk") {
    run_disk(folder, seconds);
    return 0;
  }
  auto subject = start(name, members, folder);
  if (what == "load")
    run_load(*subject, seconds);
  else
    run_many(*subject);
  return 0;
}

/// Figures of all runs, by side and name.
using table = std::map<std::string, std::vector<double>>;

void run_process(table& into, const std::string& prefix,
                 const std::string& words, const fs::path& folder,
                 double seconds) {
  auto place = folder / "data";
  fs::create_directories(place);
  std::error_code ignored;
  auto self = fs::read_symlink("/proc/self/exe", ignored).string();
  auto line = self + " --part " + words + " " + place.string() + " "
              + std::to_string(seconds);
  auto* out = popen(line.c_str(), "r");
  char text[256];
  while (out != nullptr && std::fgets(text, sizeof(text), out) != nullptr) {
    std::istringstream in{text};
    std::string group, count, name;
    double value = 0;
    in >> group >> count >> name >> value;
    into[prefix + " " + group + " " + count + " " + name].push_back(value);
  }
  if (out == nullptr || pclose(out) != 0)
    std::fprintf(stderr, "failed: %s\n", line.c_str());
  fs::remove_all(place, ignored);
}

double median(table& of, const std::string& name) {
  auto& all = of[name];
  if (all.empty())
    return 0;
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

constexpr std::array sides{
    std::pair{"own", "ours"},
    std::pair{"etcd", "etcd"},
};

void print_load(table& all, size_t members) {
  std::printf("\n%zu member%s          ", members, members == 1 ? " " : "s");
  for (auto& [side, title] : sides)
    std::printf("%-36s", title);
  std::printf("\n%-17s", "");
  for (size_t i = 0; i < sides.size(); ++i)
    std::printf("%8s %8s %8s %7s   ", "1/s", "p50 ms", "p99 ms", "syncs");
  std::printf("\n");
  for (std::string kind : {"put", "get"})
    for (auto clients : client_counts) {
      std::printf("%s %4d clients ", kind.c_str(), clients);
      for (auto& [side, title] : sides) {
        auto at = [&, who = side + std::to_string(members)](const char* what) {
          return median(all, who + " " + kind + " " + std::to_string(clients)
                                 + " " + what);
        };
        std::printf("%8.0f %8.3f %8.3f %7.3f   ", at("rate"), at("p50"),
                    at("p99"), at("syncs"));
      }
      std::printf("\n");
    }
  for (auto& [side, title] : sides) {
    auto who = side + std::to_string(members) + " memory 0 ";
    std::printf("memory: %-24s %6.1f MB own, %6.1f MB resident\n", title,
                median(all, who + "own"), median(all, who + "resident"));
  }
}

void print_many(table& all) {
  std::printf("\n1,000,000 keys of 100 bytes, one member\n");
  for (auto& [side, title] : sides) {
    auto at = [&, who = std::string{side}](const char* what) {
      return median(all, who + " many 0 " + what);
    };
    std::printf("%-24s start %6.0f ms   range of 1,000 %6.2f ms   memory %6.1f "
                "MB own, %6.1f MB resident\n",
                title, at("start"), at("range"), at("own"), at("resident"));
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 7 && std::strcmp(argv[1], "--part") == 0)
    return run_part(argv + 2);
  if (argc > 1 && argv[1][0] == '-') {
    std::printf("usage: etcd_bench [FOLDER [SECONDS [ROUNDS]]]\n");
    return std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  if (!test::etcd_servers::installed()) {
    std::fprintf(stderr, "no etcd on this machine: apt-get install "
                         "etcd-server\n");
    return 1;
  }
  auto pattern = std::string{argc > 1 ? argv[1] : "."} + "/etcd-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    return 1;
  }
  fs::path folder{pattern};
  double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  table all;
  for (int i = 0; i < rounds; ++i) {
    run_process(all, "disk", "disk none 0", folder, seconds);
    for (std::string members : {"1", "3"})
      for (auto& [side, title] : sides)
        run_process(all, side + members,
                    std::string{"load "} + side + " " + members, folder,
                    seconds);
  }
  std::printf("medians of %d rounds, %.1f s each; values of 1 KB\n", rounds,
              seconds);
  std::printf("disk: 1 KB append and fdatasync %.0f/s, p50 %.3f ms, p99 %.3f "
              "ms\n",
              median(all, "disk disk 0 rate"), median(all, "disk disk 0 p50"),
              median(all, "disk disk 0 p99"));
  print_load(all, 1);
  print_load(all, 3);
  for (auto& [side, title] : sides)
    run_process(all, side, std::string{"many "} + side + " 1", folder, seconds);
  print_many(all);
  fs::remove_all(folder);
}

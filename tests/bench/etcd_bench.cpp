// Our store beside etcd: the same clients, the same machine, the same disk,
// every write synced, runs in turn. Each run is a process of its own, this
// program again. Ours are the actors as they ship, asked in their own process,
// as the API server asks them; with three members all of them are in it. etcd
// is asked by our client over gRPC and loopback, by four connections to the
// leader; its members are processes of their own. The clients take their share
// of the processor on both sides. Syncs: ours are counted where LevelDB asks
// for them, etcd's by its own counters.
// usage: etcd_bench [FOLDER [SECONDS [ROUNDS]]]

#include "etcd/load.hpp"
#include "etcd/side.hpp"

#include <algorithm>
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
      auto seen = measure(of.store(), of.doors(), kind, clients, seconds);
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
  std::snprintf(text, sizeof(text), "/registry/%08zu", number);
  return text;
}

void run_many(side& of) {
  for (size_t i = 0; i < many_keys; i += keys_at_once) {
    TxnRequest request;
    for (size_t k = i; k < i + keys_at_once; ++k)
      *request.add_then() =
          put_request(key_of(k), std::string(100, 'v')).then(0);
    auto done = of.store().ask<TxnResponse>(std::move(request));
    if (!done) {
      std::fprintf(stderr, "%s\n", message_of(done.error()).c_str());
      std::exit(1);
    }
  }
  say("many 0 start", of.restart_ms());
  size_t turn = 0;
  auto seen = repeat(
      [&] {
        RangeRequest request;
        request.set_key(key_of(turn++ * 7919 % (many_keys - 1000)));
        request.set_range_end(std::string(1, '\0'));
        request.set_limit(1000);
        auto found = of.store().ask<RangeResponse>(std::move(request));
        if (!found || found->kvs_size() != 1000)
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

void print_load(table& all, size_t members) {
  auto own = "own" + std::to_string(members) + " ";
  auto other = "etcd" + std::to_string(members) + " ";
  std::printf("\n%zu member%s        %-38s %-38s\n", members,
              members == 1 ? " " : "s", "ours", "etcd");
  std::printf("%-17s %8s %9s %9s %8s  %8s %9s %9s %8s  %5s\n", "", "1/s",
              "p50 ms", "p99 ms", "syncs", "1/s", "p50 ms", "p99 ms", "syncs",
              "ratio");
  for (std::string kind : {"put", "get"})
    for (auto clients : client_counts) {
      auto name = kind + " " + std::to_string(clients) + " ";
      auto at = [&](const std::string& who, const char* what) {
        return median(all, who + name + what);
      };
      std::printf("%s %4d clients  %8.0f %9.3f %9.3f %8.3f  %8.0f %9.3f %9.3f "
                  "%8.3f  %5.2f\n",
                  kind.c_str(), clients, at(own, "rate"), at(own, "p50"),
                  at(own, "p99"), at(own, "syncs"), at(other, "rate"),
                  at(other, "p50"), at(other, "p99"), at(other, "syncs"),
                  at(own, "rate") / at(other, "rate"));
    }
  std::printf("memory, MB: ours with its clients %.1f own, %.1f resident; etcd "
              "%.1f own, %.1f resident\n",
              median(all, own + "memory 0 own"),
              median(all, own + "memory 0 resident"),
              median(all, other + "memory 0 own"),
              median(all, other + "memory 0 resident"));
}

void print_many(table& all) {
  std::printf("\n1,000,000 keys of 100 bytes, one member\n");
  for (std::string who : {"own", "etcd"}) {
    auto at = [&](const char* what) {
      return median(all, who + " many 0 " + what);
    };
    std::printf("%-5s start %7.0f ms   range of 1,000 %6.2f ms   memory %6.1f "
                "MB own, %6.1f MB resident\n",
                who == "own" ? "ours" : "etcd", at("start"), at("range"),
                at("own"), at("resident"));
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 7 && std::strcmp(argv[1], "--part") == 0)
    return run_part(argv + 2);
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
      for (std::string who : {"own", "etcd"})
        run_process(all, who + members, "load " + who + " " + members, folder,
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
  for (std::string who : {"own", "etcd"})
    run_process(all, who, "many " + who + " 1", folder, seconds);
  print_many(all);
  fs::remove_all(folder);
}

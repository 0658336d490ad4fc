// A cluster as it ships, measured as its users see it: the program `troupe`
// with its defaults (every write synced), spoken to over mutual TLS as the
// command line does.
// usage: cluster_bench [--where FOLDER] [--runs N] [--network MODE]
//                      [--only SECTION]... [--scale [NODES PODS]]

#include "tests/bench/cluster/sections.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace troupe::bench;

using section = void (*)(const setup&, table&);

const std::vector<std::pair<std::string, section>> sections{
    {"starts", measure_starts},
    {"idle", measure_idle},
    {"deployment", measure_deployment},
    {"simulated",
     [](const setup& how, table& out) { measure_single_pods(how, out, true); }},
    {"process", [](const setup& how,
                   table& out) { measure_single_pods(how, out, false); }},
    {"recovery", measure_recovery},
    {"outages", measure_outages},
    {"takeovers", measure_takeovers},
    {"scale", measure_scale},
};

} // namespace

int main(int argc, char** argv) {
  setup how;
  std::error_code ignored;
  how.program = std::filesystem::read_symlink("/proc/self/exe", ignored)
                    .replace_filename("troupe");
  how.where = std::filesystem::temp_directory_path();
  std::string network;
  std::vector<std::string> only;
  std::vector<int> scale;
  CLI::App app{"Measures a cluster as it ships"};
  app.add_option("--where", how.where, "Where data directories are made");
  app.add_option("--runs", how.runs, "Runs of what takes long");
  app.add_option("--network", network, "For `up`; its own choice otherwise");
  app.add_option("--only", only, "Sections to measure");
  auto* large = app.add_option("--scale", scale, "Measure so many nodes, pods")
                    ->expected(0, 2);
  CLI11_PARSE(app, argc, argv);
  if (!network.empty())
    how.words = {"--network", network};
  if (scale.size() == 2) {
    how.nodes = scale[0];
    how.pods = scale[1];
  }
  auto wanted = [&](const std::string& name) {
    if (!only.empty())
      return std::find(only.begin(), only.end(), name) != only.end();
    return name != "scale" || large->count() > 0;
  };
  std::printf("%s\n\n", machine_line().c_str());
  table out;
  for (auto& [name, measure] : sections)
    if (wanted(name))
      measure(how, out);
  out.print();
  std::printf("\n%s\n", machine_line().c_str());
}

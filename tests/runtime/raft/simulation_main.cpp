#include "tests/runtime/raft/simulation.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

// Runs seeds of the simulation; with --trace shows every step of them.
namespace {

using namespace troupe::raft::sim;

struct options {
  uint64_t first = 1;
  uint64_t seeds = 1;
  uint64_t events = 20'000;
  bool trace = false;
  bool expect_failure = false;
};

int usage() {
  std::cerr << "usage: raft_simulation [--first SEED] [--seeds COUNT]"
               " [--events COUNT] [--trace] [--expect-failure]\n";
  return 2;
}

bool parse(int argc, char** argv, options& to) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--trace")
      to.trace = true;
    else if (name == "--expect-failure")
      to.expect_failure = true;
    else if (i + 1 == argc)
      return false;
    else if (name == "--first")
      to.first = std::strtoull(argv[++i], nullptr, 10);
    else if (name == "--seeds")
      to.seeds = std::strtoull(argv[++i], nullptr, 10);
    else if (name == "--events")
      to.events = std::strtoull(argv[++i], nullptr, 10);
    else
      return false;
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  options with;
  if (!parse(argc, argv, with))
    return usage();
  tally all;
  for (auto seed = with.first; seed < with.first + with.seeds; ++seed) {
    try {
      simulation::sink trace;
      if (with.trace)
        trace = [](const std::string& line) { std::cout << line << '\n'; };
      all.add(simulation{seed, trace}.run(with.events));
    } catch (const std::exception& err) {
      std::cout << "seed " << seed << ": " << err.what() << '\n'
                << how_to_repeat(seed, with.events) << '\n';
      return with.expect_failure ? 0 : 1;
    }
  }
  std::cout << with.seeds << " seeds passed: " << show(all) << '\n';
  return with.expect_failure ? 1 : 0;
}

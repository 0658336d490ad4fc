#include "tests/bench/etcd/side.hpp"

#include "messages/errors.hpp"
#include "messages/store.pb.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace troupe::bench {

void fail(const caf::error& why) {
  std::fprintf(stderr, "%s\n", message_of(why).c_str());
  std::exit(1);
}

double side::memory_mb(const std::string& what) {
  double result = 0;
  for (auto pid : processes()) {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    for (std::string word; in >> word;)
      if (word == what) {
        double kb = 0;
        in >> kb;
        result += kb * 1024 / 1e6;
      }
  }
  return result;
}

} // namespace troupe::bench

#include "tests/fuzz/targets.hpp"

#include <cstdio>
#include <cstdlib>

namespace troupe::fuzz {

const std::vector<target>& targets() {
  static const std::vector<target> all{
      {"http", http},         {"http2", http2},
      {"json", json},         {"yaml", yaml},
      {"protobuf", protobuf}, {"patch", patch},
      {"selector", selector}, {"websocket", websocket},
      {"spdy", spdy},         {"spdyheaders", spdyheaders},
      {"remote", remote},     {"forward", forward},
      {"response", response}, {"token", token},
      {"dns", dns},           {"image", image},
  };
  return all;
}

void demand(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

} // namespace troupe::fuzz

#include "runtime/http/health.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace troupe::http {

// Kubernetes' conformance tests: what kubectl makes of it must look so.
TEST(ServerVersion, TellsACommit) {
  std::regex looks{R"X([^]*"major": "\d",\s*"minor": "\d+\+?",\s*)X"
                   R"X("gitVersion": "v\d\.\d+\.[\w\-.+]+",\s*)X"
                   R"X("gitCommit": "[0-9a-f]+"[^]*)X"};
  EXPECT_TRUE(std::regex_match(server_version("v1.36.0"), looks))
      << server_version("v1.36.0");
}

} // namespace troupe::http

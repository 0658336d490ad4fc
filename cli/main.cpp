#include "cli/command_line.hpp"

#include <google/protobuf/stubs/logging.h>

#include <cstdlib>
#include <iostream>

using namespace troupe::cli;

int main(int argc, char** argv) {
  // Whoever sends what is no message is told so; the log is not for strangers.
  google::protobuf::SetLogHandler(nullptr);
  environment env{std::cout, std::cerr};
  auto code = run_command_line({argv + 1, argv + argc}, env);
  std::cout.flush();
  std::cerr.flush();
  // The server sees the connection close; taking the network apart in order
  // would only keep the user waiting.
  std::_Exit(code);
}

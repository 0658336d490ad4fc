#include "cli/commands.hpp"
#include "cli/environment.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  using namespace troupe::cli;
  environment env{std::cout, std::cerr};
  auto code = run_line({argv + 1, argv + argc}, env);
  std::cout.flush();
  std::cerr.flush();
  // The server sees the connection close; taking the network apart in order
  // would only keep the user waiting.
  std::_Exit(code);
}

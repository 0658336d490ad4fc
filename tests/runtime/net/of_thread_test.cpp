#include "runtime/net/of_thread.hpp"

#include <gtest/gtest.h>

#include <link.h>
#include <thread>

namespace troupe::net {
namespace {

struct one;
struct another;

TEST(OfThread, IsOfOneThreadAndOneUser) {
  auto& mine = of_thread<int, one>();
  EXPECT_EQ(&mine, (&of_thread<int, one>()));
  EXPECT_NE(&mine, (&of_thread<int, another>()));
  std::thread{[&] { EXPECT_NE(&mine, (&of_thread<int, one>())); }}.join();
}

// Of each of them the program's variables per thread are made, all of them.
TEST(OfThread, LeavesThreadsSmall) {
  size_t size = 0;
  auto look = [](dl_phdr_info* program, size_t, void* out) {
    for (int i = 0; i < program->dlpi_phnum; ++i)
      if (program->dlpi_phdr[i].p_type == PT_TLS)
        *static_cast<size_t*>(out) = program->dlpi_phdr[i].p_memsz;
    return 1; // what was loaded with it is not ours
  };
  dl_iterate_phdr(look, &size);
  EXPECT_LT(size, size_t{4} << 10);
}

} // namespace
} // namespace troupe::net

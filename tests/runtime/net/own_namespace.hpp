#pragma once

#include "runtime/net/links.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <fcntl.h>
#include <sched.h>
#include <thread>

namespace troupe::net {

inline unique_fd this_namespace() {
  return unique_fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
}

/// A network namespace that nobody else is in; empty where not allowed.
inline unique_fd new_namespace() {
  unique_fd out;
  std::thread{[&] {
    if (::unshare(CLONE_NEWNET) == 0)
      out = this_namespace();
  }}.join();
  return out;
}

/// Runs `what` on a thread inside of a namespace.
template <class F>
void in_namespace(const unique_fd& ns, F what) {
  std::thread{[&] {
    ASSERT_EQ(::setns(ns.get(), CLONE_NEWNET), 0);
    what();
  }}.join();
}

/// A test whose thread lives in a network namespace of its own, with the
/// loopback up; skipped where that is not allowed.
struct isolated : ::testing::Test {
  void SetUp() override {
    outside = this_namespace();
    if (::unshare(CLONE_NEWNET) != 0) {
      outside.reset();
      GTEST_SKIP() << "needs root: no network namespace of its own";
    }
    auto kernel = netlink::open();
    ASSERT_TRUE(kernel);
    ASSERT_TRUE(set_up_link(*kernel, 1, "", 0));
  }

  void TearDown() override {
    if (outside) {
      ASSERT_EQ(::setns(outside.get(), CLONE_NEWNET), 0);
    }
  }

  unique_fd outside;
};

} // namespace troupe::net

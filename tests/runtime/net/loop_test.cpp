#include "runtime/net/loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <sys/epoll.h>
#include <unistd.h>

using namespace troupe::net;
using namespace std::chrono_literals;

TEST(Loop, RunsTasksInTheOrderTheyWerePosted) {
  loop x;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i)
    x.post([&order, i] { order.push_back(i); });
  x.run([] {});
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Loop, RunsTimersWhenTheyAreDueAndNotBefore) {
  loop x;
  std::promise<std::vector<int>> done;
  auto begin = loop::clock::now();
  x.post([&] {
    auto order = std::make_shared<std::vector<int>>();
    x.after(20ms, [&, order] {
      order->push_back(2);
      done.set_value(*order);
    });
    x.after(10ms, [order] { order->push_back(1); });
    auto cancelled = x.after(5ms, [order] { order->push_back(0); });
    x.cancel(cancelled);
    x.cancel(cancelled);
  });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2}));
  EXPECT_GE(loop::clock::now() - begin, 20ms);
}

TEST(Loop, TellsWhenADescriptorIsReady) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  loop x;
  std::promise<uint32_t> ready;
  uint64_t id = 0;
  x.run([&] {
    id = x.watch(ends[0], EPOLLIN, [&](uint32_t events) {
      x.forget(id); // a handler may end its own watch
      ready.set_value(events);
    });
  });
  EXPECT_NE(id, 0u);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ(ready.get_future().get(), static_cast<uint32_t>(EPOLLIN));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Loop, HearsNothingOfAPausedDescriptor) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  loop x;
  int calls = 0;
  uint64_t id = 0;
  x.run([&] {
    id = x.watch(ends[0], EPOLLIN, [&](uint32_t) {
      ++calls;
      x.pause(id);
    });
  });
  std::promise<void> later;
  x.post([&] { x.after(5ms, [&] { later.set_value(); }); });
  later.get_future().wait();
  x.run([&] {
    EXPECT_EQ(calls, 1);
    x.change(id, EPOLLIN);
  });
  std::promise<void> again;
  x.post([&] { x.after(5ms, [&] { again.set_value(); }); });
  again.get_future().wait();
  x.run([&] {
    EXPECT_EQ(calls, 2);
    x.forget(id);
  });
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Loop, RefusesADescriptorThatCannotBeWatched) {
  loop x;
  x.run([&] { EXPECT_EQ(x.watch(-1, EPOLLIN, [](uint32_t) {}), 0u); });
}

TEST(Loop, DropsWhatIsLeftWhenItEnds) {
  auto kept = std::make_shared<int>(7);
  {
    loop x;
    x.run([&] { x.after(1h, [kept] {}); });
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
}

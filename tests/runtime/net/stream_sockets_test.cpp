#include "runtime/net/stream_sockets.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

using namespace troupe;
using namespace troupe::net;
using namespace std::chrono_literals;

namespace {

/// What was told of sockets, in order.
class heard_news {
public:
  stream_sockets::listener hook() {
    return [this](socket_news news) {
      std::lock_guard guard{mutex_};
      all_.push_back(std::move(news));
      changed_.notify_all();
    };
  }

  /// The next event as "data:text"; "nothing" when none comes.
  std::string next() {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, 10s, [this] { return !all_.empty(); }))
      return "nothing";
    auto news = std::move(all_.front());
    all_.pop_front();
    static const char* names[] = {"connected", "data", "ended", "written",
                                  "over"};
    std::string result = names[static_cast<int>(news.what)];
    return news.text.empty() ? result : result + ":" + news.text;
  }

  bool empty() {
    std::lock_guard guard{mutex_};
    return all_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<socket_news> all_;
};

struct StreamSockets : ::testing::Test {
  heard_news heard;
  loop net;
  stream_sockets sockets{net};
  unique_fd server = plain_listener();

  /// Connects to the server; returns the socket's number.
  uint64_t connect() {
    auto result = sockets.connect(protocol::tcp, local_endpoint(server.get()),
                                  heard.hook());
    EXPECT_EQ(heard.next(), "connected");
    return result;
  }

  /// Waits until the loop has done what it was told.
  void settle() {
    net.run([] {});
  }
};

} // namespace

TEST_F(StreamSockets, ReadAsManyChunksAsWereAllowed) {
  auto socket = connect();
  auto peer = accepted(server);
  ASSERT_TRUE(send_text(peer, "one"));
  settle();
  EXPECT_TRUE(heard.empty());
  sockets.allow(socket, 1);
  EXPECT_EQ(heard.next(), "data:one");
  ASSERT_TRUE(send_text(peer, "two"));
  settle();
  EXPECT_TRUE(heard.empty());
  sockets.allow(socket, 5);
  EXPECT_EQ(heard.next(), "data:two");
}

TEST_F(StreamSockets, WriteAndSayOfEachChunkThatItIsTaken) {
  auto socket = connect();
  auto peer = accepted(server);
  sockets.write(socket, "question");
  EXPECT_EQ(heard.next(), "written");
  EXPECT_EQ(receive_text(peer, 8), "question");
}

TEST_F(StreamSockets, PassTheEndOfOneDirectionOnAndEndWithTheOther) {
  auto socket = connect();
  auto peer = accepted(server);
  sockets.write(socket, "all");
  sockets.end(socket);
  EXPECT_EQ(heard.next(), "written");
  EXPECT_EQ(receive_text(peer, 3), "all");
  EXPECT_EQ(receive_text(peer, 1), "");
  ASSERT_TRUE(send_text(peer, "answer"));
  peer.reset();
  sockets.allow(socket, 8);
  EXPECT_EQ(heard.next(), "data:answer");
  EXPECT_EQ(heard.next(), "ended");
  EXPECT_EQ(heard.next(), "over");
}

TEST_F(StreamSockets, DeliverWhatIsLeftBeforeTheyFinish) {
  auto socket = connect();
  auto peer = accepted(server);
  // More than the system takes at once.
  std::string chunk(64 << 10, 'x');
  for (int i = 0; i < 12; ++i)
    sockets.write(socket, chunk);
  sockets.finish(socket);
  EXPECT_EQ(receive_text(peer, 12 * chunk.size()).size(), 12 * chunk.size());
  EXPECT_EQ(receive_text(peer, 1), "");
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(heard.next(), "written");
  EXPECT_EQ(heard.next(), "over");
}

TEST_F(StreamSockets, SayThatNobodyAnswers) {
  auto place = free_place();
  sockets.connect(protocol::tcp, place, heard.hook());
  EXPECT_EQ(heard.next(), "over:Connection refused");
}

TEST_F(StreamSockets, SayThatThePeerWasReset) {
  auto socket = connect();
  auto peer = accepted(server);
  ASSERT_TRUE(send_text(peer, "last"));
  reset_on_close(peer.get());
  peer.reset();
  sockets.allow(socket, 8);
  auto first = heard.next();
  if (first == "data:last") // the reset may have overtaken it
    first = heard.next();
  EXPECT_EQ(first, "over:Connection reset by peer");
}

TEST_F(StreamSockets, ResetThePeerOfOneThatIsAbandonedAndSayNothing) {
  auto socket = connect();
  auto peer = accepted(server);
  sockets.abandon(socket);
  char byte = 0;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  settle();
  EXPECT_TRUE(heard.empty());
}

TEST_F(StreamSockets, EndOneWhoseWriterHeedsNoCredit) {
  auto socket = connect();
  auto peer = accepted(server);
  for (int i = 0; i < 1000 && heard.empty(); ++i) {
    for (int k = 0; k < 20; ++k)
      sockets.write(socket, std::string(64 << 10, 'x'));
    settle();
    while (!heard.empty())
      if (auto news = heard.next(); news != "written") {
        EXPECT_EQ(news, "over:more was sent than there was room for");
        return;
      }
  }
  ADD_FAILURE() << "it went on for ever";
}

TEST_F(StreamSockets, CarryDatagramsOneToAChunk) {
  auto answerer = plain_datagram_socket();
  auto socket = sockets.connect(protocol::udp, local_endpoint(answerer.get()),
                                heard.hook());
  EXPECT_EQ(heard.next(), "connected");
  sockets.allow(socket, 8);
  sockets.write(socket, "one");
  sockets.write(socket, "two");
  EXPECT_EQ(heard.next(), "written");
  EXPECT_EQ(heard.next(), "written");
  char bytes[16];
  EXPECT_EQ(::recv(answerer.get(), bytes, sizeof(bytes), 0), 3);
  EXPECT_EQ(::recv(answerer.get(), bytes, sizeof(bytes), 0), 3);
}

#include "messages/interfaces.hpp"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/secure_network.hpp"
#include "runtime/transport/tls_session.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A process of its own, as far as CAF knows.
struct process {
  explicit process(const secure_files& files) : network(system, files) {}

  actor_config config{1, reach::other_processes};
  caf::actor_system system{config};
  secure_network network;
};

describe_actor::behavior_type answers() {
  return {[](const pb<system::Describe>&) {
    system::Description result;
    result.add_facts("here");
    return pb<system::Description>{std::move(result)};
  }};
}

class SecureNetwork : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "secure-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    files_ = make_keys("ours");
    server_ = std::make_unique<process>(files_);
    actor_ = server_->system.spawn(answers);
    auto bound = server_->network.publish(actor_, "127.0.0.1", 0);
    ASSERT_TRUE(bound) << message_of(bound.error());
    port_ = *bound;
  }

  void TearDown() override {
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
    actor_ = nullptr;
    server_.reset();
    fs::remove_all(folder_);
  }

  secure_files make_keys(const std::string& name) {
    auto keys = crypto::open_cluster_keys(folder_ / name,
                                          {{"localhost"}, {"127.0.0.1"}},
                                          std::chrono::system_clock::now());
    EXPECT_TRUE(keys) << message_of(keys.error());
    return {keys->server_file.string(), keys->authority_file.string()};
  }

  expected<describe_actor> dial(process& from) {
    return from.network.dial<describe_actor>("127.0.0.1", port_, 10s);
  }

  bool answered(process& from, const describe_actor& by) {
    bool result = false;
    caf::scoped_actor self{from.system};
    self->request(by, 10s, pb<system::Describe>{system::Describe{}})
        .receive([&](const pb<system::Description>&) { result = true; },
                 [](const caf::error&) {});
    return result;
  }

  /// A connection that says something else than TLS.
  net::unique_fd knock(const std::string& words) {
    auto fd =
        net::start_connect(net::protocol::tcp, {net::ipv4{0x7f000001}, port_});
    EXPECT_TRUE(fd);
    pollfd writable{fd->get(), POLLOUT, 0};
    EXPECT_EQ(poll(&writable, 1, 10'000), 1);
    if (!words.empty()) {
      EXPECT_GT(send(fd->get(), words.data(), words.size(), MSG_NOSIGNAL), 0);
    }
    return std::move(*fd);
  }

  /// The other side has closed it.
  static bool is_closed(const net::unique_fd& fd) {
    pollfd readable{fd.get(), POLLIN, 0};
    char bytes[1024];
    while (poll(&readable, 1, 10'000) == 1)
      if (recv(fd.get(), bytes, sizeof(bytes), 0) <= 0)
        return true;
    return false;
  }

  fs::path folder_;
  secure_files files_;
  std::unique_ptr<process> server_;
  describe_actor actor_;
  uint16_t port_ = 0;
};

} // namespace

TEST_F(SecureNetwork, LeadsToAPublishedActor) {
  process client{files_};
  auto found = dial(client);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_TRUE(answered(client, *found));
}

TEST_F(SecureNetwork, KeepsConnectionsWhenAnotherBeginsBadly) {
  process client{files_};
  auto found = dial(client);
  ASSERT_TRUE(found);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(is_closed(knock("GET / HTTP/1.0\r\n\r\n")));
    ASSERT_TRUE(answered(client, *found)) << i;
  }
}

TEST_F(SecureNetwork, KeepsConnectionsWhenAnotherBreaksOff) {
  process client{files_};
  auto found = dial(client);
  ASSERT_TRUE(found);
  for (int i = 0; i < 5; ++i) {
    {
      process other{files_};
      auto theirs = dial(other);
      ASSERT_TRUE(theirs);
      ASSERT_TRUE(answered(other, *theirs));
    }
    knock("");
    ASSERT_TRUE(answered(client, *found)) << i;
  }
}

/// As a server does that is killed: nothing reads any more, and what is written
/// meets a closed connection.
TEST_F(SecureNetwork, OutlivesAConnectionClosedWhileItWrites) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  net::unique_fd ours{ends[0]};
  auto context = tls_files{files_}.current();
  ASSERT_TRUE(context) << message_of(context.error());
  auto session =
      tls_session::make(*context, ours.get(), tls_session::side::client);
  ASSERT_TRUE(session) << message_of(session.error());
  close(ends[1]);
  session->greet();
  char byte = 0;
  size_t size = 0;
  EXPECT_EQ(session->read_some(size, &byte, 1), tls_session::state::failure);
}

TEST_F(SecureNetwork, RefusesAnotherAuthority) {
  process stranger{make_keys("theirs")};
  auto found = dial(stranger);
  ASSERT_FALSE(found);
  EXPECT_TRUE(is(found.error(), ec::service_unavailable));
  // One who trusts ours but has nothing of it.
  process pretender{{make_keys("others").credential, files_.authority}};
  EXPECT_FALSE(dial(pretender));
  process client{files_};
  EXPECT_TRUE(dial(client));
}

TEST_F(SecureNetwork, DoesNotWaitForEverForWhoDoesNotAnswer) {
  auto silent =
      net::open_listener(net::protocol::tcp, {net::ipv4{0x7f000001}, 0});
  ASSERT_TRUE(silent);
  process client{files_};
  auto found = client.network.dial<describe_actor>(
      "127.0.0.1", net::local_endpoint(silent->get()).port, 1s);
  ASSERT_FALSE(found);
  EXPECT_TRUE(is(found.error(), ec::service_unavailable));
}

} // namespace troupe

#include "actors/client/command_client.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/system/context.hpp"

#include <gtest/gtest.h>

#include <future>
#include <poll.h>
#include <utility>
#include <vector>

namespace troupe::cli {

namespace {

/// A port where connections are taken by the kernel, and nobody says anything.
struct silent_server {
  net::unique_fd listener = std::move(*net::open_listener(
      net::protocol::tcp, {*net::parse_ipv4("127.0.0.1"), 0},
      net::sharing::no));
  std::string address = to_string(net::local_endpoint(listener.get()));

  bool is_dialled(std::chrono::milliseconds patience) const {
    pollfd one{listener.get(), POLLIN, 0};
    return poll(&one, 1, static_cast<int>(patience.count())) == 1;
  }
};

} // namespace

TEST(CommandClient, TriesTheNextServerSoonWhenOneDoesNotAnswer) {
  auto now = real_world()->now();
  auto authority = *crypto::make_authority("test", now);
  auto mine = *crypto::issue(authority, {"admin", {}}, {}, now);
  std::vector<silent_server> servers(2);
  crypto::kubeconfig_access access;
  access.cluster.authority = authority.certificate;
  access.cluster.actors = servers[0].address + "," + servers[1].address;
  access.user.certificate = mine.certificate;
  access.user.key = mine.key;
  auto failed = std::async(std::launch::async, [&access] {
    return !command_client::connect(access);
  });
  EXPECT_TRUE(servers[0].is_dialled(std::chrono::seconds(20)));
  EXPECT_TRUE(servers[1].is_dialled(std::chrono::seconds(6)));
  // Whoever is connected is refused at once.
  servers.clear();
  EXPECT_TRUE(failed.get());
}

} // namespace troupe::cli

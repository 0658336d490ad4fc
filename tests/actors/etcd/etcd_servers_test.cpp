#include "messages/store.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/context.hpp"
#include "tests/support/etcd_servers.hpp"
#include "tests/support/live_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

namespace troupe::test {

namespace {

using namespace store_api;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct EtcdServers : ::testing::Test {
  void SetUp() override {
    if (!etcd_servers::installed())
      GTEST_SKIP() << "no etcd on this machine: apt-get install etcd-server";
    std::string name = fs::temp_directory_path() / "troupe-etcd-test-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }

  void TearDown() override {
    std::error_code ignored;
    if (!folder.empty())
      fs::remove_all(folder, ignored);
  }

  etcd_servers::secrets secrets() {
    crypto::server_names names{{"localhost"}, {"127.0.0.1"}};
    auto keys = crypto::open_cluster_keys(folder, names, real_world()->now());
    EXPECT_TRUE(keys);
    // For a server and a client alike.
    auto write = [&](const char* name, const std::string& text) {
      std::ofstream{folder / name} << text;
      return (folder / name).string();
    };
    return {keys->authority_file, write("server.crt", keys->server.certificate),
            write("server.key", keys->server.key)};
  }

  static std::string first_error(live_store& store) {
    auto status = store.ask<StatusResponse>(StatusRequest{});
    if (!status)
      return message_of(status.error());
    return status->errors_size() == 0 ? "" : status->errors(0);
  }

  fs::path folder;
};

WatchRequest all_of(const std::string& prefix) {
  WatchRequest request;
  request.set_key(prefix);
  request.set_range_end(prefix_end(prefix));
  return request;
}

} // namespace

TEST_F(EtcdServers, AreLostOneAfterTheOtherAndNothingIsMissed) {
  etcd_servers servers{3};
  auto store = live_store::of_etcd(servers.place());
  auto err = store->wait_ready();
  ASSERT_FALSE(err) << message_of(err);
  live_watch watch{*store, all_of("k")};
  ASSERT_TRUE(watch.next());
  std::atomic<bool> stop{false};
  std::vector<uint64_t> acknowledged;
  std::thread writer{[&] {
    for (int i = 0; !stop; ++i) {
      auto done = store->ask<TxnResponse>(
          put_request("k" + std::to_string(i), std::to_string(i)));
      if (done)
        acknowledged.push_back(done->revision());
    }
  }};
  std::vector<uint64_t> told;
  auto listen = [&](size_t count) {
    for (auto& event : watch.events(count))
      told.push_back(event.kv().mod_revision());
  };
  listen(50);
  for (size_t i = 0; i < servers.size(); ++i) {
    // Whichever it talks to, it is lost once.
    if (i == 1)
      servers.pause(i);
    else
      servers.kill(i);
    listen(50);
    if (i == 1)
      servers.resume(i);
    else
      servers.start(i);
    listen(50);
  }
  stop = true;
  writer.join();
  ASSERT_FALSE(acknowledged.empty());
  auto last = put_request("k-last", "x");
  auto done = store->ask<TxnResponse>(std::move(last));
  ASSERT_TRUE(done) << message_of(done.error());
  while (told.empty() || told.back() < done->revision()) {
    auto before = told.size();
    listen(1);
    ASSERT_GT(told.size(), before);
  }
  // In order, each once, and all that was acknowledged among them.
  for (size_t i = 1; i < told.size(); ++i)
    ASSERT_EQ(told[i], told[i - 1] + 1);
  for (auto revision : acknowledged)
    EXPECT_TRUE(std::binary_search(told.begin(), told.end(), revision))
        << revision;
}

TEST_F(EtcdServers, SpeakTlsToWhomTheyKnow) {
  auto files = secrets();
  etcd_servers servers{1, {}, &files};
  auto store = live_store::of_etcd(servers.place());
  auto err = store->wait_ready();
  ASSERT_FALSE(err) << message_of(err);
  auto done = store->ask<TxnResponse>(put_request("a", "1"));
  EXPECT_TRUE(done);
  EXPECT_EQ(first_error(*store), "");
  // Without a certificate it is not let in; without TLS it is not understood.
  auto unknown = servers.place();
  unknown.certificate_file.clear();
  unknown.key_file.clear();
  EXPECT_NE(first_error(*live_store::of_etcd(unknown)), "");
  auto plain = *etcd::parse_place(servers.url());
  EXPECT_NE(first_error(*live_store::of_etcd(plain)), "");
  auto missing = servers.place();
  missing.key_file = folder / "none";
  EXPECT_EQ(first_error(*live_store::of_etcd(missing)),
            "cannot read " + missing.key_file);
}

TEST_F(EtcdServers, AreNotTrustedIfAnotherAuthorityNamedThem) {
  auto files = secrets();
  etcd_servers servers{1, {}, &files};
  auto trusted = live_store::of_etcd(servers.place());
  ASSERT_FALSE(trusted->wait_ready());
  auto other = folder / "other";
  auto keys = crypto::open_cluster_keys(other, {{"localhost"}, {}},
                                        real_world()->now());
  ASSERT_TRUE(keys);
  auto where = servers.place();
  where.authority_file = keys->authority_file;
  auto error = first_error(*live_store::of_etcd(where));
  EXPECT_NE(error.find("certificate verify failed"), std::string::npos)
      << error;
}

TEST_F(EtcdServers, ThatAreNotThereAreNamed) {
  etcd::place where = *etcd::parse_place("etcd://127.0.0.1:1");
  auto error = first_error(*live_store::of_etcd(where));
  EXPECT_EQ(error.rfind("etcd at 127.0.0.1:1 does not serve: ", 0), 0u)
      << error;
  EXPECT_NE(error.find("Connection refused"), std::string::npos) << error;
}

} // namespace troupe::test

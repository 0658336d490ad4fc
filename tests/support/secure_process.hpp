#pragma once

#include "messages/interfaces.hpp"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/secure_network.hpp"

#include <caf/actor_system.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// Returns the serial number of the first certificate in `pem`, as `revoke`
/// takes it.
std::string serial_of(const std::string& pem);

/// A process of its own, as far as CAF knows.
struct secure_process {
  explicit secure_process(
      const secure_files& files, const transport_limits& limits = {},
      std::chrono::milliseconds silence = std::chrono::milliseconds(10'000));

  struct settings : actor_config {
    explicit settings(std::chrono::milliseconds silence);
  };

  settings config;
  caf::actor_system system;
  secure_network network;
};

/// An actor that tells of itself.
describe_actor::behavior_type answers();

/// A server with an actor that answers `Describe`, and whoever comes to it.
class SecureProcesses : public ::testing::Test {
protected:
  using milliseconds = std::chrono::milliseconds;

  void SetUp() override;
  void TearDown() override;

  /// Starts the server; its processes may be silent for so long.
  void serve(const transport_limits& limits = {},
             milliseconds silence = milliseconds(10'000));

  /// Files of an authority that is not the cluster's.
  secure_files make_keys(const std::string& name);
  /// Files of somebody whom the cluster's authority knows; may be dialled.
  secure_files issue(const std::string& user,
                     const std::vector<std::string>& groups = {});
  secure_files issue_node(const std::string& name) {
    return issue("system:node:" + name, {"system:nodes"});
  }

  expected<describe_actor> dial(secure_process& from);
  static bool answered(secure_process& from, const describe_actor& by);
  /// Somebody can come in and is answered.
  bool serves();

  /// Waits until it is so; for 10 s.
  static bool wait_until(const std::function<bool()>& done);

  std::filesystem::path folder_;
  crypto::cluster_keys keys_;
  secure_files files_; ///< a server's
  std::unique_ptr<secure_process> server_;
  describe_actor actor_;
  uint16_t port_ = 0;
};

} // namespace troupe::test

#pragma once

#include "actors/client/command_client.hpp"
#include "tests/support/machine_view.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// How a cluster of the real program is run.
struct real_options {
  uint32_t nodes = 3;
  std::string runtime = "process";
  std::string network; ///< "" for the best that the machine allows
  /// As a user without rights. Where the test itself is one it always is.
  bool plain_user = false;
  uint32_t servers = 1;
  bool processes = false;           ///< each server but the first in its own
  bool apart = false;               ///< every component in its own
  std::vector<std::string> hosts{}; ///< where they answer
  std::string without{}; ///< of what decides, with commas: `up --without`
  /// What `up` is started by: "nsenter ... ".
  std::string launcher{};
  /// A library that the program's processes load first. It is told of a folder
  /// `faults` in the cluster's folder by TROUPE_FAULTS.
  std::filesystem::path preload{};
  /// Where its folder is made; "" for where temporary files are.
  std::filesystem::path where{};
};

/// A cluster of the real program, in a process and a folder of its own, on any
/// free port. Commands are run as a user would run them; `client` is a session
/// that stays, for what would take too long so.
class real_cluster {
public:
  explicit real_cluster(real_options options = {});

  /// Ends the cluster and all that is left of it.
  ~real_cluster();

  real_cluster(const real_cluster&) = delete;
  real_cluster& operator=(const real_cluster&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path data() const { return folder_ / "data"; }

  /// Path of a program of the build that the cluster's user may run.
  std::string program(const std::string& name);

  /// Runs a command of the program for a minute at most; returns whether it
  /// did what it was asked. What it printed is in `output`, its exit code in
  /// `code`.
  bool run(const std::string& words);
  const std::string& output() const { return output_; }
  int code() const { return code_; }

  bool up();
  bool down() { return run("down"); }

  /// The process of the cluster; 0 when it does not run.
  pid_t server() const;

  /// Ends the process as kill -9 does, and with it those of all components that
  /// have their own; returns once it is gone.
  void kill_server();

  /// The same of a server that has a process of its own.
  pid_t server(const std::string& name) const;
  void kill_server(const std::string& name);

  /// The folders of all processes of components that have their own.
  std::vector<std::filesystem::path> components() const;

  /// The process of a node or of other components that joined from here.
  pid_t joined(const std::string& name) const;

  /// A session with the cluster. It is opened anew after `up`; it survives
  /// the death of any actor. Throws when there is no cluster.
  command_client& client();
  /// One more, for another thread.
  std::unique_ptr<command_client> connect() const;

  /// All objects of a kind; nothing when the server does not answer.
  expected<std::vector<object>> list(const kind_info& kind,
                                     const std::string& ns = "default",
                                     const std::string& labels = {});
  expected<object> get(const kind_info& kind, const std::string& name,
                       const std::string& ns = "default");

  /// The range of addresses, as "10.7."; "" before the first `up`.
  std::string addresses() const;

  /// What is still there of a cluster that was ended: processes, interfaces,
  /// mounts, locks. Empty when all is gone.
  std::vector<std::string> remains() const;

private:
  std::string as_user() const;

  real_options options_;
  std::filesystem::path folder_;
  std::string output_;
  std::string addresses_;
  int code_ = 0;
  bool plain_ = false; ///< runs as another user than the test
  std::unique_ptr<command_client> client_;
};

/// The process of a node or of other components that joined from that data
/// directory; 0 when it does not run.
pid_t process_that_joined(const std::filesystem::path& data,
                          const std::string& name);

// One request each, in namespace default.
expected<object> create(command_client& by, const object& what);
expected<object> remove(command_client& by, const kind_info& kind,
                        const std::string& name, int64_t grace = -1);
expected<object> patch(command_client& by, const kind_info& kind,
                       const std::string& name, const std::string& merge);

/// Asks until it is so, or for so long.
bool wait_until(const std::function<bool()>& done,
                std::chrono::seconds most = std::chrono::seconds(60));

} // namespace troupe::test

#pragma once

#include "cli/detaching.hpp"
#include "cli/server_settings.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

/// What a server consists of; in a cluster that runs apart, each has a process
/// of its own.
inline constexpr std::array server_roles{"store", "apiserver", "http"};

/// What `server --roles` is told.
struct part_options {
  std::filesystem::path data_dir;
  std::vector<std::string> roles;
  uint16_t discovery_port = 0; ///< where the cluster is found; 0: nowhere

  bool has(const std::string& role) const;
};

/// Returns the name of the process that runs these parts: "store-1" and the
/// like; who has the API server is "server-1".
std::string process_of(const part_options& options);

/// Some parts of the server of a cluster that `up --apart` made, in this
/// process. Threads of the process must not take SIGINT and SIGTERM before
/// this.
class part_process : public serving_process {
public:
  part_process(part_options options, report tell);
  ~part_process() override;

  caf::error start() override;
  void serve() override;

private:
  struct parts;

  part_options options_;
  report tell_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli

#pragma once

#include "actors/client/command_client.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// Ends and removes all pods' processes of one node, whose folder this is;
/// returns the uids of the pods that there were. No kubelet may hold the
/// folder.
expected<std::vector<std::string>> end_pods(const std::filesystem::path& node);

/// Whether pods of any node are on this machine, be they alive or not.
bool has_pods(const std::filesystem::path& data_dir);

/// Deletes Nodes that nobody runs any more, and their pods at once, so that
/// others take their place; returns how many pods there were.
expected<size_t> forget_nodes(command_client& client,
                              const std::vector<std::string>& names);

} // namespace troupe::cli

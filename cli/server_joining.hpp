#pragma once

#include "actors/client/command_client.hpp"
#include "cli/front_options.hpp"
#include "cli/joining.hpp"
#include "cli/server_settings.hpp"
#include "runtime/system/member_address.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// What `server` is told.
struct server_options {
  std::filesystem::path data_dir;
  std::string name;                 ///< "": that of the directory, or any
  std::string host;                 ///< "": the address towards the others
  std::optional<uint16_t> port;     ///< of the actors; 0 for any
  std::optional<uint16_t> api_port; ///< of the REST API; 0 for any
  join_options joining;
  front_options front{}; ///< of who comes over HTTP
};

/// What a data directory is of.
struct server_role {
  std::string name;
  uint64_t joined = 0; ///< the member that it became just now; 0 for none
};

/// Finds out which server runs from a data directory, and makes it one of a
/// cluster's first where it is none: a member of the store, which has no vote
/// yet, with keys and settings of its own. One that was broken off goes on.
/// Precondition: no server runs from there, nor does `up`.
expected<server_role>
become_server(const server_options& options,
              const std::function<void(const std::string&)>& tell);

/// What who joins asks of the store's group.
struct group_access {
  std::function<expected<std::vector<member_address>>()> members;
  /// Fails with AlreadyExists where a member has that name.
  std::function<expected<uint64_t>(const server_place&)> add;
};

/// Becomes a member under the name that the settings tell, or where they let it
/// have any, under the first that is free: somebody else may have joined a
/// moment ago. The settings are kept before the group hears of a name, so that
/// whoever is broken off finds itself again. It is found by its name and its
/// HOST:PORT: one by the latter alone may be a member that lost its disk, whose
/// votes an empty store must not go on with.
expected<uint64_t> enlist(const group_access& group,
                          const std::filesystem::path& data_dir,
                          server_settings& settings);

/// A session as the administrator at one of the other servers.
expected<std::unique_ptr<command_client>>
connect_to_others(const std::filesystem::path& data_dir,
                  const server_settings& settings);

} // namespace troupe::cli

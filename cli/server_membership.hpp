#pragma once

#include "actors/client/command_client.hpp"
#include "cli/server_settings.hpp"
#include "messages/errors.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace troupe::store_api {
class Member;
} // namespace troupe::store_api

namespace troupe::cli {

/// Returns "server-2" of a member of the store, whatever its address adds.
std::string server_of(const store_api::Member& member);

/// Whether it is one that a server may have: "server-7". It is a folder's name,
/// too.
bool is_server_name(const std::string& name);

/// "server-7/store@HOST:PORT", as the group knows a server that was added.
std::string address_in_group(const server_place& place);

/// Makes a server a member of the store, without a vote at first; returns its
/// id. Fails with AlreadyExists when one of that name is.
expected<uint64_t> add_member(command_client& client,
                              const server_place& place);

/// Waits until a member has a vote in the store. Fails with Conflict when it
/// does not come so far in time.
caf::error wait_for_vote(command_client& client, uint64_t member);

/// Waits until all members of the store say that they are well. Returns what is
/// wrong with those that do not in time, "server-3: why".
std::vector<std::string> wait_for_members(command_client& client);

/// Returns the members of the store as the cluster knows them.
expected<std::vector<store_api::Member>> members_of(command_client& client);

/// Adds a server to the cluster of a data directory on this machine, in a
/// process of its own which the process of `up` starts, and waits until it has
/// a vote in the store. An empty name chooses one. Fails with Conflict, and
/// the server stays as it is by then, when it does not come so far in time.
/// While `up` does not run: only the server in its process, once that was
/// removed; nothing is waited for then.
expected<server_place> add_server(command_client& client,
                                  const std::filesystem::path& data_dir,
                                  const std::string& name);

/// Removes a member for ever: from the store's group, and its server's process
/// and folder if it is one of the data directory. Fails with Conflict for the
/// server in the process of `up` while that runs.
caf::error remove_server(command_client& client,
                         const std::filesystem::path& data_dir,
                         const store_api::Member& member);

/// The same where the cluster's servers are on other machines.
caf::error remove_member(command_client& client, uint64_t id);

/// Adds and removes servers until there are so many; removes the newest first.
/// Tells of each.
caf::error settle_servers(command_client& client,
                          const std::filesystem::path& data_dir, size_t wished,
                          const std::function<void(const std::string&)>& tell);

} // namespace troupe::cli

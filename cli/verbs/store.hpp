#pragma once

#include "cli/environment.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::call {
class StoreAnswer;
class StoreQuestion;
} // namespace troupe::call

namespace troupe::store_api {
class StatusResponse;
} // namespace troupe::store_api

namespace troupe::cli {

/// Asks; has told the user where there is no answer.
std::optional<call::StoreAnswer> ask_store(environment& env,
                                           const call::StoreQuestion& what);

/// How the member that answers is, and each of the others if asked for.
std::optional<store_api::StatusResponse> store_status(environment& env,
                                                      bool everyone);

/// The id of a member by that or its server's name; has told the user where it
/// is neither.
std::optional<uint64_t> member_of(environment& env, const std::string& text);

/// Why a store that is there serves nobody.
constexpr auto no_leader = "no member leads the store: more than half of its "
                           "voters must be there and well";

/// `store member` (store_members.cpp).
void add_store_members(CLI::App& store, environment& env);

/// `store snapshot` and `store restore` (store_files.cpp).
void add_store_files(CLI::App& store, environment& env);

} // namespace troupe::cli

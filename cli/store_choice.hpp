#pragma once

#include "messages/errors.hpp"
#include "runtime/etcd/place.hpp"

#include <filesystem>
#include <string>

namespace troupe::cli {

/// Where a cluster keeps its state, as `up` is told.
struct store_choice {
  std::string where; ///< an etcd's URL, "leveldb" or "": as last time
  std::string authority_file;
  std::string certificate_file;
  std::string key_file;
};

/// What is wrong with a value of --store; "" if nothing is.
std::string check_store_choice(const std::string& where);

/// Fills in what is as it was in this data directory, and returns where that
/// is: a place without servers for our own. ec::bad_request says what does not
/// fit together.
expected<etcd::place> settle_store(const std::filesystem::path& data_dir,
                                   store_choice& choice);

/// Keeps it, at once or not at all.
expected<void> keep_store(const std::filesystem::path& data_dir,
                          const store_choice& choice);

} // namespace troupe::cli

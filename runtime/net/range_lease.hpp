#pragma once

#include "runtime/net/layout.hpp"
#include "runtime/net/socket.hpp"

#include <filesystem>
#include <optional>

namespace troupe::net {

/// The addresses that a cluster has for itself on this machine. A file per
/// range in a directory that all users share names the cluster's data
/// directory and is locked while the cluster runs; the data directory records
/// the range. So the same cluster finds the same addresses again, and a range
/// is free once the data directory of its last owner is gone.
class range_lease {
public:
  /// Takes the recorded range, or the one that was wished for, or the first
  /// free one of `mode` that overlaps nothing in `used`. Fails with
  /// ec::conflict when the recorded range is used by a running cluster, or when
  /// none is free.
  static expected<range_lease> take(const std::filesystem::path& registry,
                                    const std::filesystem::path& data_dir,
                                    network_mode mode,
                                    const std::vector<cidr>& used);

  const layout& addresses() const { return addresses_; }

private:
  range_lease(layout addresses, unique_fd lock)
      : addresses_(addresses), lock_(std::move(lock)) {
    // nop
  }

  layout addresses_;
  unique_fd lock_;
};

/// Returns the addresses that `data_dir` has on record, if any.
std::optional<layout> recorded_layout(const std::filesystem::path& data_dir);

/// Lets `data_dir` have these addresses when it takes any for the first time,
/// if nobody has them then: what is restored there knows of them.
expected<void> wish_for_layout(const std::filesystem::path& data_dir,
                               const layout& wished);

/// Returns what was wished for, if anything.
std::optional<layout> wished_layout(const std::filesystem::path& data_dir);

/// Forgets the addresses of `data_dir`: they are free for others.
void forget_layout(const std::filesystem::path& data_dir);

/// Returns the directory that all clusters of this machine share.
std::filesystem::path machine_registry();

} // namespace troupe::net

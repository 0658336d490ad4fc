#pragma once

#include "tests/support/etcd_servers.hpp"
#include "tests/support/live_store.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace troupe::bench {

/// One of the two that are compared: a store with its data on disk, and the
/// ways to it that clients use.
class side {
public:
  static std::unique_ptr<side> own(size_t members,
                                   const std::filesystem::path& folder);
  /// The same in a process of its own, asked over CAF's network.
  static std::unique_ptr<side> served(size_t members,
                                      const std::filesystem::path& folder);
  static std::unique_ptr<side> etcd(size_t members,
                                    const std::filesystem::path& folder);

  virtual ~side() = default;

  virtual test::live_store& store() = 0;
  /// The leader, over as many connections as clients use.
  virtual std::vector<store_actor> doors() = 0;
  /// Syncs of files so far, by all members.
  virtual uint64_t syncs() = 0;
  /// MB of memory that is its own, and all that is resident; of all members.
  virtual double anonymous_mb() = 0;
  virtual double resident_mb() = 0;

  /// Ends it and starts it anew over the same data; returns the milliseconds
  /// until it answers a linearizable read.
  virtual double restart_ms() = 0;
};

} // namespace troupe::bench

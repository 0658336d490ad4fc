#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class Service;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Slots 0 to size-1, each free or taken. The first few are given out last, so
/// that users who choose for themselves find them free.
class slots {
public:
  slots(uint32_t size, uint32_t reserved);

  uint32_t size() const { return size_; }
  uint32_t taken() const { return taken_; }
  bool has(uint32_t slot) const;

  /// Returns false when the slot was taken already.
  bool take(uint32_t slot);
  void release(uint32_t slot);

  /// Takes a free slot, chosen by chance; nothing when all are taken.
  std::optional<uint32_t> take_any(const entropy& next);

private:
  std::optional<uint32_t> find_free(uint32_t first, uint32_t last,
                                    const entropy& next) const;

  uint32_t size_;
  uint32_t reserved_;
  uint32_t taken_ = 0;
  std::vector<uint64_t> words_;
};

/// Hands out the addresses of Services. The first address of the range and,
/// for IPv4, the last are never given out; of a very large range the first
/// million addresses are used.
class ip_allocator {
public:
  explicit ip_allocator(ip_range range);

  const ip_range& range() const { return range_; }
  uint32_t free() const { return slots_.size() - slots_.taken(); }
  bool has(const ip_address& address) const;

  /// Returns why this address cannot be had; "" when it was taken.
  std::string take(const ip_address& address);
  std::optional<ip_address> take_any(const entropy& next);
  void release(const ip_address& address);

private:
  std::optional<uint32_t> slot_of(const ip_address& address) const;

  ip_range range_;
  slots slots_;
};

/// Hands out node ports.
class port_allocator {
public:
  port_allocator(uint16_t first = 30000, uint16_t last = 32767);

  uint16_t first() const { return first_; }
  uint16_t last() const { return last_; }
  uint32_t free() const { return slots_.size() - slots_.taken(); }
  bool has(int32_t port) const;

  /// Returns why this port cannot be had; "" when it was taken.
  std::string take(int32_t port);
  std::optional<int32_t> take_any(const entropy& next);
  void release(int32_t port);

private:
  bool inside(int32_t port) const { return port >= first_ && port <= last_; }

  uint16_t first_;
  uint16_t last_;
  slots slots_;
};

/// All that Services are given. Rebuilt by occupying what stored Services
/// have.
struct service_ranges {
  std::vector<ip_allocator> addresses; ///< one per family, the primary first
  port_allocator node_ports;

  /// Marks as taken what a stored Service has. Returns what was taken already
  /// or lies outside, as text for a log; that Service keeps it all the same.
  std::vector<std::string> occupy(const core::v1::Service& service);
};

/// Gives `service` the cluster addresses, families, node ports and health
/// check port that it needs and lacks, and takes those that it names. What
/// `old`, its state before an update, has is its own already. Fails with
/// Invalid or InternalError, and then nothing is kept.
caf::error allocate(core::v1::Service& service, const core::v1::Service* old,
                    service_ranges& ranges, const entropy& next);

/// Gives back what `gone` has and `kept` does not: after a deletion (nothing
/// kept), after an update (the old state is gone) or after a write that failed
/// (the new state is gone).
void release(const core::v1::Service& gone, const core::v1::Service* kept,
             service_ranges& ranges);

} // namespace troupe::rules

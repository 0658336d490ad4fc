#pragma once

#include "runtime/net/address.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net {

/// How pods of real processes get addresses of their own.
enum class network_mode {
  loopback, ///< addresses of 127.0.0.0/8, open to everybody on the machine
  bridge,   ///< a network namespace per pod, joined by a bridge (needs root)
};

std::string_view to_string(network_mode x);

/// The addresses of one cluster: a /16 of its own, cut into nodes (the first
/// 4,096), services (the next 4,096) and, in its upper half, pods: 256 for each
/// node.
class layout {
public:
  layout(network_mode mode, cidr whole) : mode_(mode), whole_(whole) {}

  network_mode mode() const { return mode_; }
  const cidr& whole() const { return whole_; }

  cidr nodes() const { return {whole_.base, 20}; }
  cidr services() const { return {whole_.at(1u << 12), 20}; }

  cidr pods() const { return {whole_.at(1u << 15), 17}; }

  /// How many nodes can have pods of their own.
  static constexpr size_t max_nodes = 128;

  /// Returns the address of a node, the first being 0; ec::invalid when there
  /// are more than max_nodes.
  expected<ipv4> node_address(size_t index) const;

  /// Returns the addresses of a node's pods.
  expected<cidr> pod_range(size_t index) const;

  /// Returns the address that pods use as their gateway.
  ipv4 gateway() const { return nodes().at(nodes().size() - 2); }

  /// Returns the address of the Service default/kubernetes.
  ipv4 api_service() const { return services().at(1); }

  bool operator==(const layout&) const = default;

private:
  network_mode mode_;
  cidr whole_;
};

/// Addresses of nodes that are simulated, and of their pods. Nobody answers at
/// them, so they are no lease of the machine's, and there are thousands.
class simulated_layout {
public:
  static constexpr size_t max_nodes = 1u << 15;

  static cidr pods() { return {{10u << 24 | 128u << 16}, 9}; }

  /// Both as `layout` has them.
  static expected<ipv4> node_address(size_t index);
  static expected<cidr> pod_range(size_t index);
};

/// Gives out the addresses of a range, without its first and last, each once.
/// A released address comes back last, so that nobody who still speaks to its
/// old owner meets the new one soon.
class address_pool {
public:
  explicit address_pool(cidr range) : range_(range) {}

  /// Returns an address that nobody has, or nothing when all are taken.
  std::optional<ipv4> take(std::string owner);

  /// Gives `x` to `owner`, as after a restart; false when it is outside of the
  /// range or somebody else's.
  bool claim(ipv4 x, std::string owner);

  /// Frees what `owner` has.
  void release(std::string_view owner);

  std::optional<ipv4> find(std::string_view owner) const;

  bool is_taken(ipv4 x) const { return owners_.count(x) > 0; }

  size_t taken() const { return owners_.size(); }

  const cidr& range() const { return range_; }

private:
  cidr range_;
  uint64_t next_ = 1;
  std::map<ipv4, std::string> owners_;
  std::map<std::string, ipv4, std::less<>> addresses_;
};

/// Returns the first candidate, counted from `start` on and around, that
/// overlaps nothing in `used`.
std::optional<cidr> choose_range(const std::vector<cidr>& candidates,
                                 size_t start, const std::vector<cidr>& used);

/// Returns the ranges that a cluster may take in `mode`.
std::vector<cidr> candidate_ranges(network_mode mode);

} // namespace troupe::net

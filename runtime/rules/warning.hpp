#pragma once

#include "messages/object.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::rules {

/// What acts on more than the least that any cluster has, as bits.
enum helper : unsigned {
  own_nodes = 1,          ///< a node that runs containers of images
  foreign_nodes = 2,      ///< a node that is another's
  foreign_controllers = 4 ///< controllers that are not ours
};

constexpr unsigned any_nodes = own_nodes | foreign_nodes;
constexpr unsigned all_helpers = any_nodes | foreign_controllers;

/// Something that a client should know about what it wrote.
struct warning {
  std::string text;
  unsigned unless = 0; ///< helpers of which any makes it untrue
};

/// Which helpers there are, or may be, among `helpers`: known by the nodes
/// (where `complete`; there may be more otherwise) and by the Lease of the
/// controllers' election. What is not known may be there.
unsigned helpers_among(std::span<const object> nodes, bool complete);
unsigned helpers_by(const object& lease);

/// The warning that nothing acts on objects of a kind; none for those on which
/// something does.
std::vector<warning> warn_of_kind(const kind_info& kind);

/// Which of the warnings depend on helpers that are not known yet.
unsigned doubts(const std::vector<warning>& all);

/// The texts of those that hold where these helpers are.
std::vector<std::string> that_hold(const std::vector<warning>& all,
                                   unsigned helpers);

} // namespace troupe::rules

#pragma once

#include "messages/api/discovery.pb.h"
#include "messages/object.hpp"
#include "runtime/rules/endpointslice_plan.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

// How endpoints are laid out over slices; for the files that decide which.

namespace troupe::rules {

/// Endpoints with the same ports and family; they may share slices.
struct slice_group {
  std::string family;
  std::vector<discovery::v1::EndpointPort> ports;
  std::map<std::string, discovery::v1::Endpoint> endpoints; ///< by pod
};

struct slice_wish {
  object owner; ///< its name is the prefix of the slices' names
  std::string service;
  std::string manager;
  std::map<std::string, std::string> labels; ///< beyond those of every slice
  std::map<std::string, slice_group> groups; ///< by family and ports
  /// Families that keep an empty slice when nothing else is there.
  std::vector<std::string> families;
};

/// Returns what tells an endpoint from others: its target's uid, or else its
/// address.
std::string endpoint_key(const discovery::v1::Endpoint& endpoint);

/// Returns the key under which a group of this family and these ports goes.
std::string group_key(const std::string& family,
                      std::vector<discovery::v1::EndpointPort> ports);

/// Keeps what can stay where it is, fills what has room, makes what is
/// missing, and empties what is no longer wished.
slices_plan fill_slices(const slice_wish& wish,
                        std::span<const object> existing);

} // namespace troupe::rules

#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/apply/comparison.hpp"
#include "runtime/apply/managed_fields.hpp"

#include <functional>
#include <memory>
#include <string>

/// Who owns which field (metadata.managedFields), as Kubernetes' API server
/// keeps it.
///
/// What comes with a field manager is tracked: everything over HTTP and from
/// the command line. Components write without one: nothing is noted for them,
/// since that would double what the pods of a large cluster take. What they
/// change is taken from whoever owned it, and nothing else is lost; an object
/// that only components wrote has no entries, and the first apply to it finds
/// what Kubernetes calls `before-first-apply`.
namespace troupe::apply {

/// Who writes what.
struct writer {
  std::string manager; ///< "" for a component
  std::string subresource;
  time_point now{};
  std::string api_version{}; ///< that it speaks; "": that of the store
};

/// Tells what differs between two states at another version of their kind;
/// null where there is no such version.
using compare_at =
    std::function<const comparison*(const std::string& api_version)>;

/// Sets the entries of `after`, the state that a write without apply makes of
/// `live`; null for a new object. What `after` says of entries counts as in
/// Kubernetes: none, or none that can be read, means those of `live`; one empty
/// entry removes all. To be called once defaults are set and before the server
/// changes anything itself.
void track_update(google::protobuf::Message& after, const object& live,
                  const writer& who);

/// The same for a write to the scale of an object.
void track_scale(google::protobuf::Message& after, const object& live,
                 const writer& who);

/// Gives `after` the entries of `live`, with their times, where nothing else
/// differs: such a write is none.
void forget_times(google::protobuf::Message& after,
                  const google::protobuf::Message& live);

/// What owners of the replicas of an object own of its scale.
managed_fields to_scale(const managed_fields& parent);

/// Returns the entries of an object after its scale's became `scale`.
managed_fields from_scale(const managed_fields& parent,
                          const managed_fields& scale,
                          const std::string& api_version);

/// Takes from all but one entry what was written by somebody else, or is gone.
/// Entries of versions that there are no more are dropped.
void take_written(managed_fields& managed, const std::string& but,
                  const compare_at& at);

} // namespace troupe::apply

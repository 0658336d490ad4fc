#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <span>
#include <vector>

/// ResourceQuota as admission: what is written is paid for.
namespace troupe::rules {

/// What a write does to a namespace's quotas.
struct quota_request {
  const kind_info* kind = nullptr;
  const google::protobuf::Message* fresh = nullptr;
  const google::protobuf::Message* old = nullptr; ///< null on create
  time_point now;
};

/// Whether a write of a kind can take of a quota: any create; an update of
/// pods, services and claims.
bool may_take(const quota_request& request);

/// Charges a write to the quotas of its namespace. Returns those whose status
/// changes by it, changed, at the revisions that they had: they are to be
/// written with it or not at all. Fails with Forbidden when one of them would
/// be exceeded, asks for what the object leaves open, or is not counted yet.
expected<std::vector<object>> charge(std::span<const object> quotas,
                                     const quota_request& request);

} // namespace troupe::rules

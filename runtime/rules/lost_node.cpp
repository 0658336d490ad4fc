#include "runtime/rules/lost_node.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

namespace troupe::rules {

namespace {

using coordination::v1::Lease;

std::string renewal(const Lease& lease) {
  return lease.spec().has_renew_time()
             ? text::micro_time_text(lease.spec().renew_time())
             : "never";
}

} // namespace

std::string lost_mark(const Lease& lease) {
  // Refused if the lease is another one by then.
  nlohmann::json patch;
  patch["metadata"]["resourceVersion"] = lease.metadata().resource_version();
  patch["metadata"]["annotations"][lost_key] = renewal(lease);
  return patch.dump();
}

bool is_marked_lost(const Lease& lease) {
  auto& notes = lease.metadata().annotations();
  auto mark = notes.find(lost_key);
  return mark != notes.end() && mark->second == renewal(lease);
}

} // namespace troupe::rules

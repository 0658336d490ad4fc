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

/// Refused if the lease is another one by then.
nlohmann::json conditional(const Lease& lease) {
  return {
      {"metadata", {{"resourceVersion", lease.metadata().resource_version()}}}};
}

} // namespace

std::string lost_mark(const Lease& lease) {
  auto patch = conditional(lease);
  patch["metadata"]["annotations"][lost_key] = renewal(lease);
  return patch.dump();
}

bool is_marked_lost(const Lease& lease) {
  auto& notes = lease.metadata().annotations();
  auto mark = notes.find(lost_key);
  return mark != notes.end() && mark->second == renewal(lease);
}

std::string released(const Lease& lease) {
  auto patch = conditional(lease);
  patch["spec"]["holderIdentity"] = "";
  return patch.dump();
}

bool is_held_by(const Lease& lease, const std::string& process) {
  auto& holder = lease.spec().holder_identity();
  return holder.rfind(process + "_", 0) == 0
         && holder.find('_', process.size() + 1) == std::string::npos;
}

} // namespace troupe::rules

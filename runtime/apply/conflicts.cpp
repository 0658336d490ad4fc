#include "runtime/apply/conflicts.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/json_writer.hpp"

#include <algorithm>

namespace troupe::apply {

namespace {

std::string quoted(const std::string& name) {
  std::string out;
  text::append_json_string(out, name);
  return out;
}

std::string owner_text(const managed_entry& owner) {
  auto out = quoted(owner.manager);
  if (!owner.subresource.empty())
    out += " with subresource " + quoted(owner.subresource);
  if (!owner.applied)
    out += " using " + owner.api_version;
  return out;
}

std::string message(const std::vector<conflict>& found) {
  if (found.size() == 1)
    return "Apply failed with 1 conflict: conflict with "
           + owner_text(found.front().owner) + ": "
           + to_string(found.front().field);
  auto out =
      "Apply failed with " + std::to_string(found.size()) + " conflicts: ";
  std::string last;
  for (auto& each : found) {
    if (auto identity = each.owner.identity(); identity != last) {
      out += last.empty() ? "" : "\n";
      out += "conflicts with " + owner_text(each.owner) + ":";
      last = identity;
    }
    out += "\n- " + to_string(each.field);
  }
  return out;
}

} // namespace

void sort(std::vector<conflict>& found) {
  std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) {
    return a.owner.identity() < b.owner.identity();
  });
}

caf::error conflict_error(const std::vector<conflict>& found) {
  meta::v1::StatusDetails details;
  for (auto& each : found) {
    auto* cause = details.add_causes();
    cause->set_reason("FieldManagerConflict");
    cause->set_message("conflict with " + owner_text(each.owner));
    cause->set_field(to_string(each.field));
  }
  return make_error(ec::conflict, message(found), details);
}

} // namespace troupe::apply

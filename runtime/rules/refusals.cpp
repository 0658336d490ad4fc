#include "runtime/rules/refusals.hpp"

#include "messages/api/meta.pb.h"

namespace troupe::rules {

namespace {

meta::v1::StatusDetails details_of(const refused_object& what) {
  meta::v1::StatusDetails details;
  details.set_name(std::string{what.name});
  details.set_group(std::string{what.group});
  details.set_kind(std::string{what.resource});
  return details;
}

std::string title_of(const refused_object& what) {
  std::string text{what.resource};
  if (!what.group.empty())
    (text += '.') += what.group;
  return text;
}

std::string quoted(std::string_view text) {
  return " \"" + std::string{text} + "\"";
}

} // namespace

caf::error forbidden(const refused_object& what, const std::string& why) {
  auto text = title_of(what);
  if (!what.name.empty())
    text += quoted(what.name);
  text += " is forbidden: " + why;
  return make_error(ec::forbidden, std::move(text), details_of(what));
}

caf::error forbidden(const caller& who, const access& what,
                     const std::string& reason) {
  return make_error(ec::forbidden, refusal_text(who, what, reason),
                    details_of({what.group, what.resource, what.name}));
}

caf::error in_conflict(const refused_object& what, const std::string& why) {
  return make_error(ec::conflict,
                    "Operation cannot be fulfilled on " + title_of(what)
                        + quoted(what.name) + ": " + why,
                    details_of(what));
}

} // namespace troupe::rules

#include "actors/system/selection_filter.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/rules/field_labels.hpp"

namespace troupe {

expected<selection_filter> selection_filter::parse(const kind_info& kind,
                                                   const std::string& ns,
                                                   const std::string& labels,
                                                   const std::string& fields) {
  selection_filter result;
  result.ns_ = ns;
  auto parsed = text::label_selector::parse(labels);
  if (!parsed)
    return parsed.error();
  result.labels_ = std::move(*parsed);
  auto terms = text::field_selector::parse(fields);
  if (!terms)
    return make_error(ec::bad_request,
                      "unable to parse field selector \"" + fields
                          + "\": " + message_of(terms.error()));
  for (auto& t : terms->terms)
    if (auto err = rules::check_field_label(kind, t.field))
      return err;
  result.fields_ = std::move(*terms);
  return result;
}

bool selection_filter::matches(const object& what) const {
  if (!ns_.empty() && what.ns() != ns_)
    return false;
  if (!fields_.terms.empty() && !fields_.matches([&](const std::string& field) {
        return rules::field_label_value(what, field);
      }))
    return false;
  return labels_.is_everything() || labels_.matches(what.meta().labels());
}

std::optional<std::string> selection_filter::node() const {
  return fields_.required("spec.nodeName");
}

std::optional<std::string> selection_filter::name() const {
  return fields_.required("metadata.name");
}

} // namespace troupe

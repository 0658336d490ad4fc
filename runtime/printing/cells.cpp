#include "runtime/printing/cells.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/duration.hpp"
#include "runtime/text/selector.hpp"
#include "runtime/text/timestamp.hpp"

#include <map>

namespace troupe::printing {

std::string or_else(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::string join_first(const std::vector<std::string>& list, size_t most) {
  if (list.size() <= most)
    return join(list, ",");
  std::vector<std::string> head(list.begin(),
                                list.begin() + static_cast<long>(most));
  return join(head, ",") + " + " + std::to_string(list.size() - most)
         + " more...";
}

std::string labels_text(const string_map& labels) {
  std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  if (sorted.empty())
    return none;
  return join(sorted, ",",
              [](const auto& x) { return x.first + "=" + x.second; });
}

std::string selector_text(const meta::v1::LabelSelector& selector) {
  auto parsed = text::label_selector::from(selector);
  if (!parsed)
    return "<error>";
  return or_else(parsed->str(), none);
}

std::string age_of(const meta::v1::ObjectMeta& meta, time_point now) {
  return text::age_text(meta.creation_timestamp(), now);
}

std::string age_of(const meta::v1::MicroTime& since, time_point now) {
  meta::v1::Time whole;
  whole.set_seconds(since.seconds());
  return text::age_text(whole, now);
}

std::string made_at(const meta::v1::ObjectMeta& meta) {
  if (!meta.has_creation_timestamp())
    return {};
  return text::time_text(meta.creation_timestamp());
}

std::string containers_of(const core::v1::PodSpec& spec) {
  return join(
      spec.containers(), ",",
      [](const auto& x) -> const auto& { return x.name(); });
}

std::string images_of(const core::v1::PodSpec& spec) {
  return join(
      spec.containers(), ",",
      [](const auto& x) -> const auto& { return x.image(); });
}

std::string truth_text(bool value) {
  return value ? "true" : "false";
}

} // namespace troupe::printing

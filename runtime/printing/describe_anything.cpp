#include "messages/api/meta.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace troupe::printing {

namespace {

using nlohmann::json;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// A field's name for people: "creationTimestamp" is "Creation Timestamp".
std::string label_of(const std::string& field) {
  static const std::array<const char*, 5> acronyms{"API", "URL", "UID", "OSB",
                                                   "GUID"};
  // Words begin at a capital, capitals that follow each other are one word.
  std::vector<std::string> words;
  auto is_upper = [](char c) {
    return std::isupper(static_cast<unsigned char>(c)) != 0;
  };
  for (size_t i = 0; i < field.size(); ++i) {
    auto starts = is_upper(field[i])
                  && (i == 0 || !is_upper(field[i - 1])
                      || (i + 1 < field.size() && !is_upper(field[i + 1])));
    if (i == 0 || starts)
      words.emplace_back();
    words.back() += field[i];
  }
  for (auto& word : words) {
    auto big = upper(word);
    if (std::find(acronyms.begin(), acronyms.end(), big) != acronyms.end())
      word = big;
    else if (!word.empty())
      word[0] =
          static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  }
  return join(words, " ");
}

std::string plain_text(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_null())
    return "<nil>";
  return value.dump();
}

void describe_fields(description& d, int level, const json& fields) {
  // nlohmann's objects are sorted by key.
  for (const auto& [name, value] : fields.items()) {
    auto label = label_of(name);
    if (value.is_object()) {
      d.line(level, "{}:", label);
      describe_fields(d, level + 1, value);
    } else if (value.is_array()) {
      d.line(level, "{}:", label);
      for (const auto& item : value) {
        if (item.is_object())
          describe_fields(d, level + 1, item);
        else
          d.line(level + 1, "{}", plain_text(item));
      }
    } else {
      d.line(level, "{}:\t{}", label, plain_text(value));
    }
  }
}

} // namespace

void describe_anything(description& d, const subject& x) {
  d.line(0, "Name:\t{}", x.what.name());
  d.line(0, "Namespace:\t{}", x.what.ns());
  describe_labels(d, "Labels", x.what.meta().labels());
  describe_annotations(d, x.what.meta().annotations());
  auto document = json::parse(text::to_json(x.what), nullptr, false);
  if (!document.is_object())
    return;
  if (document.contains("metadata"))
    for (const char* told :
         {"name", "namespace", "labels", "annotations", "managedFields"})
      document["metadata"].erase(told);
  describe_fields(d, 0, document);
}

} // namespace troupe::printing

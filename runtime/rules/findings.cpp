#include "runtime/rules/findings.hpp"

#include <iterator>
#include <map>

namespace troupe::rules {

namespace {

// Control characters come out escaped, so that a message stays on one line.
std::string quoted(std::string_view value) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string result = "\"";
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (result += '\\') += c;
    else if (c == '\n')
      result += "\\n";
    else if (c == '\t')
      result += "\\t";
    else if (c == '\r')
      result += "\\r";
    else if (byte < 0x20 || byte == 0x7f)
      ((result += "\\x") += hex[byte >> 4]) += hex[byte & 15];
    else
      result += c;
  }
  return result + '"';
}

} // namespace

shown::shown(std::string_view value) : text(quoted(value)) {
  // nop
}

shown::shown(const google::protobuf::Map<std::string, std::string>& value) {
  std::map<std::string, std::string> sorted{value.begin(), value.end()};
  text = "{";
  for (auto& [key, val] : sorted) {
    if (text.size() > 1)
      text += ',';
    text += quoted(key) + ':' + quoted(val);
  }
  text += '}';
}

void findings::required(const field_path& at, std::string_view detail) {
  std::string text = "Required value";
  if (!detail.empty())
    (text += ": ") += detail;
  list_.push_back({"FieldValueRequired", at.str(), std::move(text)});
}

void findings::invalid(const field_path& at, const shown& value,
                       std::string_view detail) {
  auto text = "Invalid value: " + value.text;
  if (!detail.empty())
    (text += ": ") += detail;
  list_.push_back({"FieldValueInvalid", at.str(), std::move(text)});
}

void findings::invalid(const field_path& at, std::string_view value,
                       const std::vector<std::string>& problems) {
  for (auto& problem : problems)
    invalid(at, shown{value}, problem);
}

void findings::not_supported(const field_path& at, const shown& value,
                             std::vector<std::string> supported) {
  auto text = "Unsupported value: " + value.text;
  for (size_t i = 0; i < supported.size(); ++i)
    text += (i == 0 ? ": supported values: " : ", ") + quoted(supported[i]);
  list_.push_back({"FieldValueNotSupported", at.str(), std::move(text)});
}

void findings::duplicate(const field_path& at, const shown& value) {
  list_.push_back(
      {"FieldValueDuplicate", at.str(), "Duplicate value: " + value.text});
}

void findings::not_found(const field_path& at, const shown& value) {
  list_.push_back({"FieldValueNotFound", at.str(), "Not found: " + value.text});
}

void findings::forbidden(const field_path& at, std::string_view detail) {
  std::string text = "Forbidden: ";
  list_.push_back({"FieldValueForbidden", at.str(), text.append(detail)});
}

void findings::too_long(const field_path& at, size_t most,
                        std::string_view unit) {
  auto text = "Too long: must have at most " + std::to_string(most) + " ";
  list_.push_back({"FieldValueTooLong", at.str(), text.append(unit)});
}

void findings::too_many(const field_path& at, size_t have, size_t most) {
  list_.push_back({"FieldValueTooMany", at.str(),
                   "Too many: " + std::to_string(have) + ": must have at most "
                       + std::to_string(most)
                       + (most == 1 ? " item" : " items")});
}

void findings::add(std::vector<field_error> found) {
  list_.insert(list_.end(), std::make_move_iterator(found.begin()),
               std::make_move_iterator(found.end()));
}

} // namespace troupe::rules

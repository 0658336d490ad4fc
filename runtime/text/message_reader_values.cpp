// Scalars, and what is said when something else stands in their place.

#include "runtime/text/base64.hpp"
#include "runtime/text/message_reader.hpp"
#include "runtime/text/source_map.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace troupe::text {

namespace {

std::string shortened(std::string_view str) {
  constexpr size_t bound = 64;
  if (str.size() <= bound)
    return std::string{str};
  auto cut = bound;
  while (cut > 0 && (static_cast<unsigned char>(str[cut]) & 0xC0U) == 0x80U)
    --cut;
  return std::string{str.substr(0, cut)} + "...";
}

} // namespace

std::string message_reader::path() const {
  std::string result;
  for (auto& s : path_) {
    if (s.key.data() == nullptr)
      result += "[" + std::to_string(s.index) + "]";
    else if (s.in_map)
      result += "[" + shortened(s.key) + "]";
    else
      result += (result.empty() ? "" : ".") + std::string{s.key};
  }
  return result;
}

caf::error message_reader::error() const {
  if (!refusal_.empty())
    return make_error(ec::bad_request, refusal_);
  std::string where;
  auto at = from_.places != nullptr
                ? from_.places->at(from_.offset + in_.offset())
                : place_of(in_.text(), in_.offset());
  where += "line " + std::to_string(at.line) + ", column "
           + std::to_string(at.column) + ": " + in_.failure();
  return make_error(ec::bad_request, "invalid JSON at " + where);
}

bool message_reader::refuse(std::string why) {
  if (in_.failed())
    return false;
  auto where = path();
  if (!where.empty())
    where += ": ";
  if (from_.places != nullptr) {
    auto at = from_.places->at(from_.offset + value_at_);
    where = "line " + std::to_string(at.line) + ", column "
            + std::to_string(at.column) + ": " + where;
  }
  refusal_ = where + why;
  return in_.fail(refusal_);
}

bool message_reader::mismatch(std::string_view wanted) {
  std::string found;
  std::string_view number;
  bool boolean = false;
  switch (in_.peek()) {
    case json_type::object:
      found = "an object";
      break;
    case json_type::array:
      found = "a list";
      break;
    case json_type::string:
      if (in_.read_string(scratch_))
        found = "string \"" + shortened(scratch_) + "\"";
      break;
    case json_type::number:
      if (in_.read_number(number))
        found = "number " + shortened(number);
      break;
    case json_type::boolean:
      if (in_.read_boolean(boolean))
        found = boolean ? "true" : "false";
      break;
    case json_type::null:
      if (in_.read_null())
        found = "null";
      break;
    case json_type::none:
      in_.skip();
      break;
  }
  return refuse("expected " + std::string{wanted} + ", got " + found);
}

void message_reader::note(std::string_view what, std::string_view key) {
  if (findings_ == nullptr)
    return;
  // A body full of unknown fields shall not become a list without end.
  constexpr size_t bound = 100;
  if (findings_->size() >= bound)
    return;
  auto where = path();
  auto found = std::string{what} + " field \"" + where
               + (where.empty() ? "" : ".") + shortened(key) + "\"";
  // Each is told once.
  if (std::find(findings_->begin(), findings_->end(), found)
      == findings_->end())
    findings_->push_back(std::move(found));
}

bool message_reader::take_null() {
  return in_.peek() == json_type::null && in_.read_null();
}

bool message_reader::take_string(std::string& out, std::string_view wanted) {
  if (in_.peek() != json_type::string)
    return mismatch(wanted);
  return in_.read_string(out);
}

bool message_reader::take_boolean(bool& out) {
  if (in_.peek() != json_type::boolean)
    return mismatch("true or false");
  return in_.read_boolean(out);
}

bool message_reader::take_integer(int64_t& out, int64_t low, int64_t high) {
  if (in_.peek() != json_type::number)
    return mismatch("integer");
  std::string_view digits;
  if (!in_.read_number(digits))
    return false;
  auto end = digits.data() + digits.size();
  auto [last, err] = std::from_chars(digits.data(), end, out);
  if (last != end)
    return refuse("expected integer, got number " + shortened(digits));
  if (err != std::errc{} || out < low || out > high)
    return refuse("number " + shortened(digits) + " is out of range: must be "
                  + std::to_string(low) + " to " + std::to_string(high));
  return true;
}

bool message_reader::take_double(double& out) {
  if (in_.peek() != json_type::number)
    return mismatch("number");
  std::string_view digits;
  if (!in_.read_number(digits))
    return false;
  auto end = digits.data() + digits.size();
  auto [last, err] = std::from_chars(digits.data(), end, out);
  if (last != end || err != std::errc{} || !std::isfinite(out))
    return refuse("number " + shortened(digits) + " is out of range");
  return true;
}

bool message_reader::take_bytes(std::string& out) {
  if (!take_string(scratch_, "base64 string"))
    return false;
  auto decoded = base64_decode(scratch_);
  if (!decoded)
    return refuse("expected base64, got string \"" + shortened(scratch_)
                  + "\"");
  out = std::move(*decoded);
  return true;
}

} // namespace troupe::text

#include "runtime/dns/zone.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::dns {

namespace {

std::optional<rules::ip_address>
reversed_v4(const std::vector<std::string_view>& labels) {
  rules::ip_address out;
  for (size_t i = 0; i < 4; ++i) {
    auto digits = labels[3 - i];
    auto wrong = digits.empty() || digits.size() > 3
                 || (digits.size() > 1 && digits[0] == '0');
    auto [end, err] = std::from_chars(
        digits.data(), digits.data() + digits.size(), out.bytes[i]);
    if (wrong || err != std::errc{} || end != digits.data() + digits.size())
      return std::nullopt;
  }
  return out;
}

std::optional<rules::ip_address>
reversed_v6(const std::vector<std::string_view>& labels) {
  rules::ip_address out;
  out.v6 = true;
  for (size_t i = 0; i < 32; ++i) {
    auto digit = labels[31 - i];
    uint8_t value = 0;
    auto [end, err] =
        std::from_chars(digit.data(), digit.data() + digit.size(), value, 16);
    if (digit.size() != 1 || err != std::errc{} || end != digit.data() + 1)
      return std::nullopt;
    auto& byte = out.bytes[i / 2];
    byte = static_cast<uint8_t>(byte << 4 | value);
  }
  return out;
}

} // namespace

std::optional<rules::ip_address> reversed(const name& x) {
  auto labels = x.labels();
  if (labels.size() != 6 && labels.size() != 34)
    return std::nullopt;
  if (lower(labels.back()) != "arpa")
    return std::nullopt;
  auto kind = lower(labels[labels.size() - 2]);
  if (labels.size() == 6 && kind == "in-addr")
    return reversed_v4(labels);
  if (labels.size() == 34 && kind == "ip6")
    return reversed_v6(labels);
  return std::nullopt;
}

std::optional<rules::ip_address> dashed(std::string_view label) {
  std::string text{label};
  auto dashes = std::count(text.begin(), text.end(), '-');
  auto four = dashes == 3 && text.find("--") == std::string::npos;
  std::replace(text.begin(), text.end(), '-', four ? '.' : ':');
  return rules::ip_address::parse(text);
}

std::string dashed(const rules::ip_address& x) {
  auto text = x.str();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '.' || c == ':'; },
      '-');
  return text;
}

} // namespace troupe::dns

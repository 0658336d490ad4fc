#include "runtime/rules/subnet_pool.hpp"

#include <algorithm>

namespace troupe::rules {

subnet_pool::subnet_pool(const std::string& range)
    : whole_(ip_range::parse(range)) {
  if (!whole_ || whole_->base.v6 || whole_->prefix > 30)
    return;
  bits_ = whole_->prefix <= 22 ? 24u : std::min(30u, whole_->prefix + 2);
  count_ = uint32_t{1} << (bits_ - whole_->prefix);
}

std::optional<std::string> subnet_pool::next() {
  for (uint32_t i = 0; i < count_; ++i) {
    auto number = (last_ + i) % count_;
    auto result = subnet(number);
    if (taken_.insert(result).second) {
      last_ = number + 1;
      return result;
    }
  }
  return std::nullopt;
}

std::string subnet_pool::subnet(uint32_t number) const {
  auto result = *whole_;
  result.prefix = bits_;
  auto added = number << (32 - bits_);
  for (int i = 0; i < 4; ++i)
    result.base.bytes[static_cast<size_t>(i)] |=
        static_cast<uint8_t>(added >> (24 - 8 * i));
  return result.str();
}

} // namespace troupe::rules

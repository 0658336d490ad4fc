#include "runtime/rules/field_path.hpp"

namespace troupe::rules {

std::string field_path::str() const {
  std::string result;
  write(result);
  return result;
}

void field_path::write(std::string& out) const {
  if (up_ != nullptr)
    up_->write(out);
  switch (kind_) {
    case step::name:
      if (!out.empty() && !word_.empty())
        out += '.';
      out += word_;
      break;
    case step::index:
      out += '[' + std::to_string(index_) + ']';
      break;
    case step::key:
      out += '[';
      out += word_;
      out += ']';
      break;
  }
}

} // namespace troupe::rules

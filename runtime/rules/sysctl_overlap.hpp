#pragma once

#include <google/protobuf/repeated_field.h>

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::rules {

/// Two kernel parameters, or patterns of them, of which one stands for the
/// other too.
struct sysctl_overlap {
  int allowed = 0;
  int forbidden = 0;
  bool of_allowed = false; ///< the allowed one is among what is forbidden
};

/// Returns where two lists overlap, in the order of the first, then of the
/// second: at most `most` places. What it costs grows with the length of the
/// lists, not with its square.
std::vector<sysctl_overlap>
overlaps_of(const google::protobuf::RepeatedPtrField<std::string>& allowed,
            const google::protobuf::RepeatedPtrField<std::string>& forbidden,
            size_t most);

} // namespace troupe::rules

#pragma once

#include "messages/errors.hpp"
#include "runtime/http/target.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::http {

/// Returns the number that a parameter of a query says; nothing where it is
/// absent or empty. BadRequest, in Kubernetes' words, for what is no number of
/// 64 bits.
expected<std::optional<int64_t>> number_parameter(const target& to,
                                                  std::string_view name);

} // namespace troupe::http

#pragma once

#include "runtime/crypto/certificate.hpp"

#include <chrono>

namespace troupe::crypto {

/// As `sign_request`, for a certificate that serves for being dialled alone,
/// under `names`: nobody can be somebody to a server by it.
expected<std::string>
sign_serving_request(const credential& authority, std::string_view request,
                     const identity& who, const server_names& names,
                     time_point now, std::chrono::seconds lifetime);

} // namespace troupe::crypto

#pragma once

#include "actors/client/api_session.hpp"

#include <functional>
#include <string>

namespace troupe {

/// Notes a certificate, PEM, in the record of its user's before it is given
/// away, so that it can be revoked. Tries again where somebody else wrote
/// meanwhile. `done` gets what was in the way. Lives as long as `api`.
void record_certificate(api_session& api, const std::string& user,
                        const std::string& certificate,
                        std::function<void(const caf::error&)> done);

/// Reads when a user got a certificate last; nothing where it has none.
void last_certificate(
    api_session& api, const std::string& user,
    std::function<void(expected<std::optional<time_point>>)> done);

} // namespace troupe

#pragma once

#include "actors/client/api_session.hpp"

#include <functional>
#include <string>

namespace troupe {

/// A certificate that is about to be given away.
struct issued_now {
  std::string user;
  std::string certificate; ///< PEM
  std::string request;     ///< the mark of what asked for it, or ""
};

/// Notes a certificate in the record of its user's before it is given
/// away, so that it can be revoked. Tries again where somebody else wrote
/// meanwhile. `done` gets what was in the way. Lives as long as `api`.
void record_certificate(api_session& api, const issued_now& what,
                        std::function<void(const caf::error&)> done);

/// The certificate that a user got last.
struct last_issued {
  time_point when{};
  uint64_t revision = 0; ///< of the record since then
  std::string request;   ///< the mark of what asked for it, or ""
};

/// Reads what a user got last; nothing where it has none.
void last_certificate(
    api_session& api, const std::string& user,
    std::function<void(expected<std::optional<last_issued>>)> done);

} // namespace troupe

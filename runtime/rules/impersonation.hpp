#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/access.hpp"

#include <string>
#include <utility>
#include <vector>

/// Who wants to act as somebody else: Kubernetes' Impersonate-* headers.
namespace troupe::rules {

/// What the headers of a request ask for.
struct impersonation {
  caller who;                ///< whom the requester wants to be, made whole
  std::vector<access> needs; ///< each of them must be allowed, in that order

  bool wanted() const { return !needs.empty(); }
};

/// Reads the headers; nothing is wanted where there are none. Fails with
/// ec::internal_error, as Kubernetes does, where no user is named beside the
/// rest.
expected<impersonation> read_impersonation(
    const std::vector<std::pair<std::string, std::string>>& headers);

/// Whether a header is one of these.
bool is_impersonation(std::string_view header);

} // namespace troupe::rules

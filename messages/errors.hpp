#pragma once

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::meta::v1 {
class Status;
class StatusDetails;
} // namespace troupe::meta::v1

namespace troupe {

struct kind_info;

template <class T>
using expected = caf::expected<T>;

/// Every way to refuse a request. Each has one HTTP code and one Kubernetes
/// reason; the table is in errors.cpp.
enum class ec : uint8_t {
  bad_request = 1,        ///< the request cannot be understood
  unauthorized,           ///< no valid identity
  forbidden,              ///< this identity may not, or admission says no
  not_found,              ///< no such object or resource
  method_not_allowed,     ///< the resource has no such verb
  not_acceptable,         ///< no common form of answer
  already_exists,         ///< create of a name that is taken
  conflict,               ///< resourceVersion or uid differ
  gone,                   ///< no longer there, for old paths
  expired,                ///< resourceVersion or continue token too old
  too_large,              ///< body above the limit
  unsupported_media_type, ///< unknown form of body
  invalid,                ///< validation found something
  too_many_requests,      ///< come back later
  internal_error,         ///< our fault
  server_timeout,         ///< not answered in time, try again
  service_unavailable,    ///< what is behind is not reachable
  timeout,                ///< the request's deadline passed
};

/// Returns an error with a message that a person can act on.
caf::error make_error(ec code, std::string message);

/// Returns an error that carries Kubernetes' StatusDetails as well.
caf::error make_error(ec code, std::string message,
                      const meta::v1::StatusDetails& details);

/// Returns the text given to make_error; a readable form of any other error.
std::string message_of(const caf::error& err);

/// Returns whether `err` is ours and has this code.
bool is(const caf::error& err, ec code);

/// Returns Kubernetes' Status for any error; errors that are not ours are
/// InternalError, or Timeout where CAF says so.
meta::v1::Status to_status(const caf::error& err);

/// Returns the error that a failure Status stands for.
caf::error from_status(const meta::v1::Status& status);

/// One finding of validation.
struct field_error {
  std::string reason; ///< FieldValueRequired, FieldValueInvalid, ...
  std::string field;  ///< path, such as spec.containers[0].name
  std::string detail; ///< what is wrong, as Kubernetes words it
};

/// Returns 422 Invalid with one cause per finding. `errors` is not empty.
caf::error invalid(const kind_info& kind, std::string_view name,
                   const std::vector<field_error>& errors);

/// The same about what is no object that the API serves, such as DeleteOptions
/// of meta.k8s.io.
caf::error invalid(std::string_view group, std::string_view kind,
                   std::string_view name,
                   const std::vector<field_error>& errors);

} // namespace troupe

#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace troupe::core::v1 {
class ConfigMap;
} // namespace troupe::core::v1

/// What is remembered of certificates: which were issued to whom, one ConfigMap
/// in kube-system for each user, and which of them are no longer good, one for
/// the cluster.
namespace troupe::rules {

/// The certificates of one user that are not over, by serial.
struct issued_certificates {
  std::string user;                        ///< system:node:n1
  time_point last{};                       ///< when one was issued last
  std::string last_request;                ///< the mark of what asked for that
  std::map<std::string, time_point> until; ///< by serial

  bool operator==(const issued_certificates&) const = default;

  /// Forgets what is over; then notes one more.
  void note(const std::string& serial, time_point end, time_point now);
};

constexpr auto certificates_namespace = "kube-system";

/// What the ConfigMaps about issued certificates have in common, with the value
/// "issued".
constexpr auto certificates_label = "troupe.dev/certificates";

/// Returns the name of a user's ConfigMap, of a fixed length.
std::string issued_name(std::string_view user);

core::v1::ConfigMap to_config_map(const issued_certificates& x);

/// Fails with ec::invalid where it is none.
expected<issued_certificates>
read_issued_certificates(const core::v1::ConfigMap& from);

/// A certificate that is not good any longer.
struct revoked_certificate {
  std::string user;
  time_point until; ///< its own end, from when on nobody need remember

  bool operator==(const revoked_certificate&) const = default;
};

/// By serial.
using revoked_certificates = std::map<std::string, revoked_certificate>;

constexpr auto revoked_name = "troupe-revoked-certificates";

/// Whether a text is a serial: lower-case hexadecimal digits, in pairs.
bool is_serial(std::string_view text);

/// Without those that are over at `now`.
core::v1::ConfigMap to_config_map(const revoked_certificates& all,
                                  time_point now);

/// What cannot be read counts as revoked until it is removed by hand.
revoked_certificates read_revoked(const core::v1::ConfigMap& from);

std::set<std::string> serials_of(const revoked_certificates& all);

} // namespace troupe::rules

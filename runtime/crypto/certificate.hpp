#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::crypto {

/// Who somebody is: in a certificate the common name and the organisations,
/// as in Kubernetes.
struct identity {
  std::string user;
  std::vector<std::string> groups;

  bool operator==(const identity&) const = default;
};

/// The names and addresses under which a server is reached.
struct server_names {
  std::vector<std::string> dns;
  std::vector<std::string> addresses;

  bool operator==(const server_names&) const = default;
};

/// A private key with its certificate, both PEM.
struct credential {
  std::string key;
  std::string certificate;

  /// Both in one text: one file that is replaced by one rename.
  std::string pem() const { return key + certificate; }

  bool operator==(const credential&) const = default;
};

/// What a certificate says.
struct certificate_info {
  identity who;
  server_names names;
  time_point not_before;
  time_point not_after;
  bool authority = false;
};

/// Returns a new authority that signs itself, with a P-256 key, good for ten
/// years from `now`.
expected<credential> make_authority(std::string_view name, time_point now);

/// Returns a new P-256 key and a certificate by `authority` for `who`, good
/// for a year from `now`. It serves to dial; where `names` has any, also to be
/// dialled under them. Fails with ec::invalid for a user or group that is empty
/// or has control characters, and for an address that is none.
expected<credential> issue(const credential& authority, const identity& who,
                           const server_names& names, time_point now);

/// Returns the key and the first certificate in `pem`. Fails when one is
/// absent or when they do not belong together.
expected<credential> parse_credential(std::string_view pem);

/// Returns what the first certificate in `pem` says.
expected<certificate_info> inspect_certificate(std::string_view pem);

/// Returns the identity in `certificate` when `authority` signed it for a
/// client and it is valid at `now`; else ec::unauthorized with the reason.
expected<identity> check_certificate(std::string_view authority,
                                     std::string_view certificate,
                                     time_point now);

/// Returns `sha256:` and the hash of the authority's public key, as kubeadm
/// computes it: what a join token carries.
expected<std::string> authority_hash(std::string_view certificate);

} // namespace troupe::crypto

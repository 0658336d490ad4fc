#pragma once

#include "runtime/crypto/openssl_handles.hpp"

#include <chrono>

namespace troupe::crypto {

/// Whether an identity can stand in a certificate; ec::invalid otherwise.
caf::error check_identity(const identity& who);

/// Adds a part of a name, of any length.
bool add_name(X509_NAME* name, int nid, std::string_view value);

/// Returns `names` as an extension holds them; null when one is none.
name_handle to_alternatives(const server_names& names);

/// The reverse.
server_names from_alternatives(const GENERAL_NAMES* all);

/// Who stands in a name.
identity identity_in(X509_NAME* name);

/// Makes the certificate of a key by `authority`, as `issue` does, or one that
/// serves for being dialled alone.
expected<certificate_handle> certify(const credential& authority, EVP_PKEY* key,
                                     const identity& who,
                                     const server_names& names, time_point now,
                                     std::chrono::seconds lifetime,
                                     bool serves_only = false);

/// Returns it as PEM text.
expected<std::string> to_pem(X509* certificate);

/// Fails with ec::unauthorized unless `authority`, PEM, signed `subject` for
/// that purpose (X509_PURPOSE_...) and it is valid at `now`.
caf::error check_signed(std::string_view authority, X509* subject, int purpose,
                        time_point now);

} // namespace troupe::crypto

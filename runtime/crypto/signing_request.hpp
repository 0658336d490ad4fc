#pragma once

#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/proof.hpp"

#include <chrono>

namespace troupe::crypto {

/// A key with the request to certify it, both PEM. The key stays here.
struct signing_request {
  std::string key;
  std::string request;
};

/// How long a certificate is good unless something else is asked for.
constexpr std::chrono::hours leaf_lifetime{24 * 365};

/// Makes a P-256 key and the request to certify it for `who`, to be dialled
/// under `names` if there are any. Fails as `issue` does.
expected<signing_request> request_certificate(const identity& who,
                                              const server_names& names = {});

/// What a request asks for.
struct asked_certificate {
  identity who;
  server_names names;
};

/// Returns what a request asks for when the key in it signed it; else
/// ec::invalid.
expected<asked_certificate> inspect_request(std::string_view request);

/// Returns the certificate by `authority` of the key in `request`, for `who`
/// and `names` whatever the request says, good for `lifetime` from `now`.
expected<std::string>
sign_request(const credential& authority, std::string_view request,
             const identity& who, const server_names& names, time_point now,
             std::chrono::seconds lifetime = leaf_lifetime);

/// Returns the serial number of a certificate in lower-case hexadecimal digits.
expected<std::string> serial_of(std::string_view certificate);

/// Whether the key in `request` is the one of `certificate`.
bool is_of_same_key(std::string_view certificate, std::string_view request);

/// Returns the proof that whoever makes `request` holds the key of `earlier`.
expected<proof> prove_return(const credential& earlier,
                             std::string_view request);

/// Returns who made `request`, when `authority` signed the certificate, be it
/// over by now, and its key signed the request; else ec::unauthorized.
expected<identity> verify_return(std::string_view authority, const proof& x,
                                 std::string_view request, time_point now);

/// Checks who answered before anything is told to it: returns the authority
/// out of `chain` whose key has `hash` ("sha256:..."), when it signed the first
/// certificate of the chain, for a server of a cluster. Else ec::unauthorized
/// with the reason.
expected<std::string> check_server_chain(std::string_view chain,
                                         std::string_view hash, time_point now);

} // namespace troupe::crypto

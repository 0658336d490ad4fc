#pragma once

#include "runtime/crypto/certificate.hpp"

namespace troupe::crypto {

/// What a peer sends to show who it is: the connection's own certificates are
/// not visible to actors, so the first message carries this.
struct proof {
  std::string certificate; ///< PEM
  std::string signature;   ///< over the verifier's nonce, by the peer's key
};

/// Returns a nonce for one proof. Whoever gives it out accepts it once, from
/// the peer it was given to.
std::string new_nonce();

/// Returns the proof that we hold the key of `mine`.
expected<proof> make_proof(const credential& mine, std::string_view nonce);

/// Returns who sent `x`, when `authority` knows its certificate at `now` and
/// its key signed `nonce`; else ec::unauthorized with the reason.
expected<identity> verify_proof(std::string_view authority, const proof& x,
                                std::string_view nonce, time_point now);

} // namespace troupe::crypto

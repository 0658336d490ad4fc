#include "actors/system/dialing.hpp"

namespace troupe {

caf::error prove(const server_links& links, const std::string& nonce,
                 call::OpenSession& msg) {
  auto own = links.own(msg.user());
  if (!own)
    return own.error();
  auto proof = crypto::make_proof(*own, nonce);
  if (!proof)
    return proof.error();
  call::Proof sent;
  sent.set_certificate(proof->certificate);
  sent.set_signature(proof->signature);
  msg.set_nonce(nonce);
  msg.set_proof(sent.SerializeAsString());
  return caf::none;
}

} // namespace troupe

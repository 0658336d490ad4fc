#include "actors/store/member_dialing.hpp"

namespace troupe {

expected<raft_api::FindMember> prove_member(const server_links& links,
                                            raft_api::FindMember whom,
                                            const std::string& nonce) {
  auto own = links.own(crypto::server_user);
  if (!own)
    return own.error();
  auto proof = crypto::make_proof(*own, nonce);
  if (!proof)
    return proof.error();
  whom.set_nonce(nonce);
  whom.set_certificate(proof->certificate);
  whom.set_signature(proof->signature);
  return whom;
}

} // namespace troupe

#pragma once

#include "actors/store/usher.hpp"
#include "actors/system/calls.hpp"
#include "actors/system/dialing.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <functional>
#include <string>

namespace troupe {

/// Returns the question for a member with the proof that a server of this
/// cluster asks it.
expected<raft_api::FindMember> prove_member(const server_links& links,
                                            raft_api::FindMember whom,
                                            const std::string& nonce);

/// Dials the process at `place`, HOST:PORT, and asks there for the member at
/// that address; one of the two is called. `requests` are the actor's own, and
/// so is `ctx`, which lives as long as it does.
template <class Pointer>
void dial_member(Pointer self, calls& requests, const context& ctx,
                 const std::string& place, const raft_api::FindMember& whom,
                 std::function<void(const caf::actor&)> found,
                 calls::on_error failed) {
  auto& links = *ctx.outside().servers;
  auto ask = [&requests, &links, whom, found,
              failed](const usher_actor& usher, const std::string& nonce) {
    auto question = prove_member(links, whom, nonce);
    if (!question)
      return failed(question.error());
    requests.template ask<caf::actor>(
        usher, [found](const caf::actor& member) { found(member); }, failed,
        pb<raft_api::FindMember>{std::move(*question)});
  };
  dial_process(
      self, *links.network, place,
      [&requests, ask, failed](const caf::strong_actor_ptr& answering) {
        auto usher = caf::actor_cast<usher_actor>(answering);
        requests.template ask<pb<raft_api::Nonce>>(
            usher,
            [ask, usher](const pb<raft_api::Nonce>& nonce) {
              ask(usher, nonce->value());
            },
            failed, pb<raft_api::AskNonce>{raft_api::AskNonce{}});
      },
      failed);
}

} // namespace troupe

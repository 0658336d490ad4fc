#pragma once

#include "actors/client/api_session.hpp"
#include "messages/join_interface.hpp"
#include "runtime/crypto/certificate.hpp"
#include "runtime/rules/joining.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <string>

namespace troupe {

/// Takes in who comes with a token: gives it a certificate and tells it of the
/// cluster, or says why not. A use of a token is taken from its Secret before
/// anything is signed, under that Secret's revision, so that no two servers
/// give away the last one; and after everything that may be refused. A request
/// that comes again, since its answer was lost, is the same joiner: it takes no
/// other use, and its name is kept for it.
///
/// Hears: who wants to join; what became of its own reads and writes; nodes
///        that are deleted, whose names are free from then on.
/// Says:  gets, creates and updates of tokens, nodes and the record of
///        certificates to its session.
/// After a restart: knows of no wrong tokens any more, and of no name that was
///        given back: it is free when its reservation is over. Who waited for
///        an answer gets none, and asks again.
using join_desk_actor = joining_actor::extend_with<
    // Answers of its session come as changes too.
    watcher_actor>::extend_with<describe_actor>;

/// That a node was deleted.
struct deletion {
  uint64_t revision = 0;
  time_point seen{};
};

/// What the actor remembers between two messages.
struct join_desk_state {
  static inline const char* name = "joining";

  api_session api;
  rules::wrong_tokens wrong;
  std::map<std::string, deletion> given_back; ///< by name, of late
  uint64_t joined = 0;
  uint64_t refused = 0;
};

join_desk_actor::behavior_type
join_desk(join_desk_actor::stateful_pointer<join_desk_state> self, context ctx);

} // namespace troupe

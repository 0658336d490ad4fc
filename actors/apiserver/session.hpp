#pragma once

#include "actors/system/brood.hpp"
#include "actors/system/calls.hpp"
#include "messages/command_interface.hpp"
#include "runtime/rules/authorize.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The API server as one identity sees it.
///
/// Hears: requests and watches of one client.
/// Says:  writes to registries, reads and watches to views, as its own
///        identity; questions about actors to the directory; to the kubelet of
///        a pod who wants its log or a command in it.
/// After a restart: there is none. The client sees it go down and opens
///        another.
///
/// A request from another process must carry the session's secret. With an
/// election, each write is done only while the term that it names is.
struct session_state {
  static inline const char* name = "session";

  struct backend {
    caf::actor handle;
    std::vector<std::function<void()>> waiting; ///< until it is found
    bool asked = false;
  };

  std::unique_ptr<context> ctx;
  rules::caller who;
  std::string secret;
  std::string election; ///< "" for none
  calls requests;
  std::map<std::string, backend> backends; ///< by path
  /// Which view serves a stream of a watcher.
  std::map<std::pair<caf::actor_addr, uint64_t>, std::string> streams;
  brood relays;          ///< of container streams of other processes
  uint64_t relayed = 0;  ///< so far
  bool enrolled = false; ///< through us, a process did
  uint64_t served = 0;
};

command_session_actor::behavior_type
session(command_session_actor::stateful_pointer<session_state> self,
        context ctx, rules::caller who, std::string secret,
        std::string election);

} // namespace troupe

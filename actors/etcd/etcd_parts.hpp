#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "runtime/etcd/place.hpp"
#include "runtime/rpc/rpc_edge.hpp"
#include "runtime/store/key_range.hpp"

#include <caf/actor_clock.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// A call of that number ended.
struct rpc_answered {
  uint64_t call = 0;
  rpc::status how;
  std::string body;
};

/// A stream of that number brought a message.
struct rpc_heard {
  uint64_t stream = 0;
  std::string body;
};

/// A stream of that number ended.
struct rpc_ended {
  uint64_t stream = 0;
  rpc::status how;
};

/// How a client of etcd is set up.
struct etcd_setup {
  etcd::place where;
  std::shared_ptr<rpc::rpc_edge> edge;
  std::function<uint64_t()> entropy;
  /// The cluster's number: an etcd keeps the state of one only, and says whose.
  /// 0 where nobody looks.
  uint64_t cluster = 0;
};

/// What etcd is asked, and who waits for the answer.
struct etcd_call {
  const char* method = nullptr;
  std::string request;
  bool change = false; ///< must not be made twice
  bool probe = false;  ///< asks whether the server is of use
  bool brief = false;  ///< a server that takes long for it is of none
  std::function<void(expected<std::string>)> done;
  caf::actor_clock::time_point since{}; ///< when it was asked for
  caf::actor_clock::time_point begun{}; ///< when it was last sent
  uint64_t connection = 0;              ///< by which it went
};

/// A watch of everything in etcd, from a revision on. Since every revision
/// changes some key, one that was told a change of revision N was told
/// everything up to N.
struct etcd_feed {
  uint64_t next = 0; ///< the first revision it was not told
  /// For whom it catches up; nobody: it is the shared one.
  std::optional<std::pair<caf::actor_addr, uint64_t>> only;
};

/// One watch of a client.
struct etcd_watch {
  store_watcher_actor watcher;
  uint64_t id = 0;
  uint64_t serial = 0; ///< tells it from an earlier one of the same id
  store::key_range range{"", ""};
  bool want_previous = false;
  uint64_t credit = 0;
  uint64_t number = 0; ///< of its last batch
  uint64_t next = 0;   ///< the first revision not in `buffer`, nor told
  uint64_t heard = 0;  ///< the last revision that its feeds told of
  uint64_t told = 0;   ///< that its last batch named
  std::deque<store_api::Event> buffer; ///< waits for credit
  bool live = false;                   ///< fed by the shared feed
  uint64_t feed = 0;                   ///< catches up by this one
  bool behind = false;   ///< fed by none until the buffer is empty
  uint64_t token = 0;    ///< of progress to be told
  uint64_t token_at = 0; ///< once this revision was told
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::rpc_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::rpc_heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::rpc_ended)

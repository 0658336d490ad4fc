#include "runtime/transport/type_rules.hpp"

#include <array>
#include <cstdint>

namespace troupe {

namespace {

constexpr uint8_t bit(peer_role role) {
  return static_cast<uint8_t>(1U << static_cast<int>(role));
}

constexpr uint8_t servers = bit(peer_role::server);
constexpr uint8_t members =
    servers | bit(peer_role::node) | bit(peer_role::component);
constexpr uint8_t all = members | bit(peer_role::user);

constexpr bool unasked = false;
constexpr bool answer = true;

/// A Protobuf message takes many times as much memory as on the wire.
constexpr size_t small = size_t{256} << 10;
constexpr size_t chunk = size_t{128} << 10;
constexpr size_t large = SIZE_MAX; ///< what its frame may have

// The first row that fits holds.
using enum wire_form;
constexpr auto rules = std::to_array<type_rule>({
    // Requests to a front door and to a session, which knows who asks.
    {"pb:troupe.call.Request", all, unasked, bytes, large},
    {"pb:troupe.call.Response", servers, answer, bytes, large},
    {"pb:troupe.call.WatchStarted", servers, answer, bytes, small},
    {"pb:troupe.call.Nonce", servers, answer, bytes, small},
    {"pb:troupe.call.SessionOpened", servers, answer, bytes, small},
    {"pb:troupe.call.StoreAnswer", servers, answer, bytes, large},
    {"pb:troupe.call.", all, unasked, bytes, small},
    {"troupe.object", all, unasked, object, large},
    {"std::vector<troupe.object>", servers, answer, objects, large},
    {"troupe.changes", servers, unasked, changes, large},

    // Actors of the sender's own.
    {"troupe.session", servers, answer, handle, small},
    {"troupe.api", servers, answer, handle, small},
    {"troupe.store_watcher", servers, unasked, handle, small},
    {"troupe.watcher", all, unasked, handle, small},
    {"troupe.directory", members, unasked, handle, small},
    {"troupe.container_listener", all, unasked, handle, small},
    {"troupe.stream_source", all, unasked, handle, small},
    {"troupe.container_stream", all, unasked, handle, small},
    {"troupe.snapshot_receiver", all, unasked, handle, small},
    {"troupe.directory", members, unasked, handle, small},
    {"@actor", all, unasked, handle, small},

    // Questions about actors, which a session checks; a process of the
    // cluster brings its directory along, which servers ask.
    {"pb:troupe.system.Describe", all, unasked, bytes, small},
    {"pb:troupe.system.Explain", all, unasked, bytes, small},
    {"pb:troupe.system.ListActors", all, unasked, bytes, small},
    {"pb:troupe.system.Kill", all, unasked, bytes, small},
    {"pb:troupe.system.Description", all, answer, bytes, small},
    {"pb:troupe.system.Explanation", all, answer, bytes, small},
    {"pb:troupe.system.ActorList", all, answer, bytes, large},
    {"pb:troupe.system.Killed", all, answer, bytes, small},
    {"pb:troupe.system.Enroll", members, unasked, bytes, small},
    {"pb:troupe.system.FindProcess", members, unasked, bytes, small},
    {"pb:troupe.system.Tick", 0, unasked, bytes, 0},
    {"pb:troupe.system.", servers, unasked, bytes, small},

    // Streams of logs, commands and connections go both ways; only servers run
    // anything.
    {"pb:troupe.container.StreamOpened", all, answer, bytes, small},
    {"pb:troupe.container.StreamData", all, unasked, bytes, chunk},
    {"pb:troupe.container.StreamCredit", all, unasked, bytes, small},
    {"pb:troupe.container.StreamResize", all, unasked, bytes, small},
    {"pb:troupe.container.StreamClose", all, unasked, bytes, small},
    {"pb:troupe.container.StreamEnd", all, unasked, bytes, small},
    {"pb:troupe.container.", servers, unasked, bytes, large},
    {"pb:troupe.kubelet_api.", servers, unasked, bytes, large},
    {"pb:troupe.tunnel.Connect", servers, unasked, bytes, small},

    // The store and who keeps it.
    {"pb:troupe.raft_api.", servers, unasked, bytes, large},
    {"pb:troupe.store_api.", servers, unasked, bytes, large},

    // What went wrong, or that there is nothing to say.
    {"@error", all, answer, error, small},
    {"@unit", all, answer, nothing, small},
});

} // namespace

const type_rule* rule_for(std::string_view type) {
  for (auto& rule : rules)
    if (rule.name.ends_with('.') ? type.starts_with(rule.name)
                                 : type == rule.name)
      return &rule;
  return nullptr;
}

} // namespace troupe

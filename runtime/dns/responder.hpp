#pragma once

#include "runtime/dns/zone.hpp"

namespace troupe::dns {

/// What is to be done with a packet.
struct verdict {
  enum class act : uint8_t {
    drop,    ///< it is no question, and to answer would only make more of it
    answer,  ///< with `reply`
    forward, ///< ask others `next`, and make the reply of what they say
  };

  act what = act::drop;
  message reply;
  /// What is asked of others: the question itself, or where a service of the
  /// cluster leads, whose CNAME is in `reply` already.
  question next;
};

/// Decides about a packet. Names of the cluster are answered out of `names`.
verdict consider(std::string_view packet, const zone& names, uint32_t turn);

/// Makes the reply of what others said, or of that nobody said anything.
message complete(message reply, const message* said);

/// Returns the bytes of a reply: over UDP, of at most the size that the client
/// takes, as its question told.
std::string pack(const message& reply, bool udp);

/// Datagrams have at most this size, whatever the client takes; and this is
/// what we take.
constexpr uint16_t largest_datagram = 4096;
constexpr uint16_t taken_datagram = 1232;

} // namespace troupe::dns

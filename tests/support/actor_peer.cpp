#include "tests/support/actor_peer.hpp"

#include "runtime/transport/wire_reader.hpp"
#include "tests/support/basp_frames.hpp"

#include <stdexcept>

namespace troupe::test {

namespace {

constexpr size_t header_size = 32;
constexpr size_t before_size = 4; ///< bytes of a header before its payload's

} // namespace

actor_peer::actor_peer(uint16_t port, const secure_files& files,
                       uint32_t process)
    : raw_{port}, node_(basp::node(process)) {
  if (!raw_.greet(files, actors_protocol) || !send(basp::greeting(node_)))
    throw std::runtime_error("not let in");
  // Who is there and what it published.
  auto header = raw_.read(header_size);
  if (header.size() != header_size)
    throw std::runtime_error("not let in");
  auto rest = std::string_view{header}.substr(before_size);
  auto payload = raw_.read(wire_reader{rest}.u32());
  wire_reader in{payload};
  theirs_ = in.node();
  for (auto n = in.count(); n > 0 && in.good(); --n)
    in.text();
  gate_ = in.u64();
  if (!in.good())
    throw std::runtime_error("not let in");
}

std::string actor_peer::question() const {
  return basp::message(5, gate_, {"pb:troupe.system.Describe"}, basp::text(""),
                       7);
}

bool actor_peer::is_answered() {
  return send(question()) && !raw_.read(1).empty();
}

} // namespace troupe::test

#include "runtime/store/wire.hpp"

#include <utility>

namespace troupe::store {

namespace {

using raft_api::Message;

void put(raft_api::Position& out, const raft::position& at) {
  out.set_term(at.term);
  out.set_index(at.index);
}

raft::position position_of(const raft_api::Position& in) {
  return {in.term(), in.index()};
}

// -- there --------------------------------------------------------------------

void put(Message& out, const raft::append_entries& body) {
  auto& to = *out.mutable_append_entries();
  put(*to.mutable_previous(), body.previous);
  for (auto& x : body.entries) {
    auto& entry = *to.add_entries();
    put(*entry.mutable_at(), x.at);
    entry.set_kind(static_cast<uint32_t>(x.kind));
    if (x.data)
      entry.set_data(*x.data);
  }
  to.set_commit(body.commit);
  to.set_promised(body.promised);
}

void put(Message& out, const raft::append_result& body) {
  auto& to = *out.mutable_append_result();
  to.set_accepted(body.accepted);
  to.set_index(body.index);
  put(*to.mutable_hint(), body.hint);
  to.set_full(body.full);
}

void put(Message& out, const raft::request_vote& body) {
  auto& to = *out.mutable_request_vote();
  put(*to.mutable_last(), body.last);
  to.set_pre(body.pre);
  to.set_transfer(body.transfer);
}

void put(Message& out, const raft::vote_result& body) {
  auto& to = *out.mutable_vote_result();
  to.set_granted(body.granted);
  to.set_pre(body.pre);
  to.set_removed(body.removed);
}

void put(Message& out, const raft::heartbeat& body) {
  out.mutable_heartbeat()->set_commit(body.commit);
  out.mutable_heartbeat()->set_round(body.round);
  out.mutable_heartbeat()->set_durable(body.durable);
  out.mutable_heartbeat()->set_promised(body.promised);
}

void put(Message& out, const raft::heartbeat_result& body) {
  out.mutable_heartbeat_result()->set_round(body.round);
}

void put(Message& out, const raft::install_snapshot& body) {
  auto& to = *out.mutable_install_snapshot();
  put(*to.mutable_at(), body.mark.at);
  to.set_members(body.mark.members->encode());
}

void put(Message& out, const raft::timeout_now&) {
  out.mutable_timeout_now();
}

void put(Message& out, const raft::read_index& body) {
  out.mutable_read_index()->set_request(body.request);
}

void put(Message& out, const raft::read_index_result& body) {
  out.mutable_read_index_result()->set_request(body.request);
  out.mutable_read_index_result()->set_index(body.index);
}

// -- and back -----------------------------------------------------------------

std::optional<raft::message_body> read(const raft_api::AppendEntries& in) {
  raft::append_entries body;
  body.previous = position_of(in.previous());
  body.commit = in.commit();
  body.promised = in.promised();
  auto last = body.previous;
  for (auto& x : in.entries()) {
    raft::entry entry{position_of(x.at()), {}, {}};
    auto follows =
        entry.at.index == last.index + 1 && entry.at.term >= last.term;
    if (!follows || x.kind() > static_cast<uint32_t>(raft::entry_kind::change))
      return std::nullopt;
    entry.kind = static_cast<raft::entry_kind>(x.kind());
    if (entry.kind == raft::entry_kind::change
        && !raft::configuration::decode(x.data()))
      return std::nullopt;
    if (!x.data().empty())
      entry.data = std::make_shared<const std::string>(x.data());
    last = entry.at;
    body.entries.push_back(std::move(entry));
  }
  return body;
}

std::optional<raft::message_body> read(const raft_api::InstallSnapshot& in) {
  auto members = raft::configuration::decode(in.members());
  if (!members)
    return std::nullopt;
  raft::install_snapshot body;
  body.mark.at = position_of(in.at());
  body.mark.members =
      std::make_shared<const raft::configuration>(std::move(*members));
  return body;
}

std::optional<raft::message_body> read_body(const Message& in) {
  switch (in.body_case()) {
    case Message::kAppendEntries:
      return read(in.append_entries());
    case Message::kAppendResult: {
      auto& x = in.append_result();
      return raft::append_result{x.accepted(), x.index(), position_of(x.hint()),
                                 x.full()};
    }
    case Message::kRequestVote: {
      auto& x = in.request_vote();
      return raft::request_vote{position_of(x.last()), x.pre(), x.transfer()};
    }
    case Message::kVoteResult: {
      auto& x = in.vote_result();
      return raft::vote_result{x.granted(), x.pre(), x.removed()};
    }
    case Message::kHeartbeat:
      return raft::heartbeat{in.heartbeat().commit(), in.heartbeat().round(),
                             in.heartbeat().durable(),
                             in.heartbeat().promised()};
    case Message::kHeartbeatResult:
      return raft::heartbeat_result{in.heartbeat_result().round()};
    case Message::kInstallSnapshot:
      return read(in.install_snapshot());
    case Message::kTimeoutNow:
      return raft::timeout_now{};
    case Message::kReadIndex:
      return raft::read_index{in.read_index().request()};
    case Message::kReadIndexResult: {
      auto& x = in.read_index_result();
      return raft::read_index_result{x.request(), x.index()};
    }
    default:
      return std::nullopt;
  }
}

} // namespace

Message to_wire(const raft::message& what) {
  Message out;
  out.set_from(what.from);
  out.set_to(what.to);
  out.set_term(what.term);
  std::visit([&](auto& body) { put(out, body); }, what.body);
  return out;
}

std::optional<raft::message> from_wire(const Message& what) {
  auto body = read_body(what);
  if (!body)
    return std::nullopt;
  return raft::message{what.from(), what.to(), what.term(), std::move(*body)};
}

} // namespace troupe::store

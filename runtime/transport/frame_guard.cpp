#include "runtime/transport/frame_guard.hpp"

#include "runtime/transport/type_rules.hpp"

#include <caf/atom.hpp>
#include <caf/io/basp/header.hpp>

#include <cctype>

namespace troupe {

namespace {

namespace basp = caf::io::basp;

using basp::message_type;

/// A handshake tells of an interface.
constexpr size_t most_greeting = size_t{64} << 10;
constexpr size_t most_notice = size_t{64} << 10;
/// Capacity that a buffer may keep while nothing is in it.
constexpr size_t most_spare = size_t{64} << 10;
constexpr size_t most_types = 8;
constexpr std::string_view message_prefix = "@<>";

// Of a message's number, as in caf::message_id: whether it is an answer, and
// which kind of message it is. There are two of plain messages.
constexpr uint64_t answer_bit = UINT64_C(1) << 63;
constexpr int kind_shift = 60;
constexpr uint64_t kind_mask = 3;
constexpr uint64_t last_plain_kind = 1;

constexpr bool is_answer(uint64_t number) {
  return (number & answer_bit) != 0;
}

message_type type_of(const frame_header& x) {
  return static_cast<message_type>(x.operation);
}

void skip_object(wire_reader& in) {
  in.text();
  in.u64();
  in.text();
}

void skip_objects(wire_reader& in) {
  for (auto n = in.count(); n > 0 && in.good(); --n)
    skip_object(in);
}

void skip_changes(wire_reader& in) {
  in.u64();
  in.u64();
  in.u64();
  in.u8();
  in.u8();
  in.text();
  for (auto n = in.count(); n > 0 && in.good(); --n) {
    in.u8();
    skip_object(in);
  }
}

/// Calls `each` with the types of a message. Returns whether they can be read
/// and all calls did.
template <class F>
bool for_each_type(wire_reader& in, F each) {
  if (in.u16() != 0)
    return false;
  auto names = in.text();
  if (!in.good() || !names.starts_with(message_prefix))
    return false;
  names.remove_prefix(message_prefix.size());
  for (size_t n = 0; !names.empty(); ++n) {
    if (names.front() != '+' || n == most_types)
      return false;
    names.remove_prefix(1);
    auto name = names.substr(0, names.find('+'));
    names.remove_prefix(name.size());
    if (!each(name))
      return false;
  }
  return true;
}

/// An error carries a message, which must not carry others: whoever reads it
/// would go as deep as it goes.
bool skip_error(wire_reader& in) {
  in.u8();
  in.u64();
  return for_each_type(in, [&in](std::string_view type) {
    if (type == "@str")
      in.text();
    else if (type == "@atom" || type == "@u64" || type == "@i64")
      in.u64();
    else if (type == "@u32" || type == "@i32")
      in.u32();
    else if (type == "@u16" || type == "@i16")
      in.u16();
    else if (type == "@u8" || type == "@i8")
      in.u8();
    else
      in.fail();
    return in.good();
  });
}

/// A name that a peer chose, for a log.
std::string printable(std::string_view name) {
  std::string result{name.substr(0, 80)};
  for (auto& c : result)
    if (!std::isalnum(static_cast<unsigned char>(c))
        && std::string_view{"@_.:<>"}.find(c) == std::string_view::npos)
      c = '?';
  return result;
}

} // namespace

frame_guard::frame_guard(settings how) : how_(std::move(how)) {
  header_.reserve(frame_header::size);
}

frame_guard::verdict frame_guard::broken(std::string why) {
  if (reason_.empty())
    reason_ = std::move(why);
  return verdict::broken;
}

void frame_guard::next() {
  header_.clear();
  payload_.clear();
  if (payload_.capacity() > most_spare)
    std::vector<char>{}.swap(payload_);
  parsed_ = {};
}

frame_guard::verdict frame_guard::take(std::string_view& in) {
  auto fill = [&in](std::vector<char>& to, size_t size) {
    auto part = in.substr(0, size - to.size());
    to.insert(to.end(), part.begin(), part.end());
    in.remove_prefix(part.size());
    return to.size() == size;
  };
  if (!reason_.empty())
    return verdict::broken;
  if (header_.size() < frame_header::size) {
    if (!fill(header_, frame_header::size))
      return verdict::more;
    if (!check_header())
      return broken("a header that is none");
  }
  if (!fill(payload_, parsed_.payload))
    return verdict::more;
  return check_payload();
}

bool frame_guard::check_header() {
  wire_reader in{{header_.data(), header_.size()}};
  parsed_.operation = in.u8();
  auto padding = in.u16();
  parsed_.flags = in.u8();
  parsed_.payload = in.u32();
  parsed_.data = in.u64();
  parsed_.source = in.u64();
  parsed_.target = in.u64();
  basp::header copy{type_of(parsed_), parsed_.flags,  parsed_.payload,
                    parsed_.data,     parsed_.source, parsed_.target};
  if (padding != 0 || !basp::valid(copy)) {
    broken("a header that is none");
    return false;
  }
  return check_order();
}

/// Whether a frame of this kind may come now, and with such a size.
bool frame_guard::check_order() {
  auto no = [this](const char* why) {
    broken(why);
    return false;
  };
  auto type = type_of(parsed_);
  auto greeting = is_handshake();
  if (greeting != (greetings_ == 0)
      && !(greetings_ == 1 && type == message_type::client_handshake))
    return no("a handshake out of order");
  if (greeting && (type == message_type::server_handshake) != how_.dialled)
    return no("a handshake of the wrong side");
  // The second of a client says that this connection is the one to use.
  uint8_t flags = greetings_ == 1 && greeting
                      ? basp::header::select_connection_flag
                      : uint8_t{0};
  if (type == message_type::direct_message
      && parsed_.flags == basp::header::named_receiver_flag)
    flags = parsed_.flags;
  if (parsed_.flags != flags)
    return no("flags that mean nothing");
  if (type == message_type::routed_message)
    return no("a message by way of us");
  auto most = type == message_type::direct_message ? how_.most_bytes
              : greeting                           ? most_greeting
                                                   : most_notice;
  if (parsed_.payload > most)
    return no("a message that is too large");
  return true;
}

frame_guard::verdict frame_guard::check_payload() {
  wire_reader in{{payload_.data(), payload_.size()}};
  switch (type_of(parsed_)) {
    case message_type::server_handshake:
    case message_type::client_handshake:
      return check_greeting(in);
    case message_type::monitor_message:
    case message_type::down_message:
      return check_notice(in);
    case message_type::direct_message:
      return parsed_.flags == basp::header::named_receiver_flag
                 ? check_spawner(in)
                 : check_message(in);
    default:
      return in.done() ? verdict::frame : broken("a heartbeat with a payload");
  }
}

frame_guard::verdict frame_guard::check_greeting(wire_reader& in) {
  std::string node{in.node()};
  if (type_of(parsed_) == message_type::server_handshake) {
    for (auto n = in.count(); n > 0 && in.good(); --n)
      in.text(); // names of applications
    auto published = in.u64();
    for (auto n = in.count(); n > 0 && in.good(); --n)
      in.text(); // names of messages
    if (published != 0)
      remember(published);
  }
  if (!in.done() || node.empty())
    return broken("a handshake that cannot be read");
  // Who dials itself is told so by CAF.
  if (node == how_.own_node && !how_.dialled)
    return broken("a handshake in our name");
  if (greetings_ > 0 && node != node_)
    return broken("a handshake in another name");
  node_ = std::move(node);
  ++greetings_;
  return verdict::frame;
}

/// That an actor is watched, or has ended.
frame_guard::verdict frame_guard::check_notice(wire_reader& in) {
  auto from = in.node();
  auto to = in.node();
  auto ended = type_of(parsed_) == message_type::down_message;
  if (ended && !skip_error(in))
    in.fail();
  if (!in.done())
    return broken("a notice that cannot be read");
  if (from != node_ || to != how_.own_node)
    return broken("a notice about another process");
  if (ended)
    actors_.erase(parsed_.source);
  return verdict::frame;
}

frame_guard::verdict frame_guard::check_message(wire_reader& in) {
  if ((parsed_.data >> kind_shift & kind_mask) > last_plain_kind)
    return broken("a stream of CAF's own");
  if (in.count() != 0)
    return broken("a message by way of other actors");
  if (parsed_.source != 0 && !remember(parsed_.source))
    return verdict::broken;
  size_t values = 0;
  auto read = for_each_type(in, [&](std::string_view type) {
    ++values;
    return check_value(in, type);
  });
  if (!reason_.empty())
    return verdict::broken;
  if (!read || !in.done())
    return broken("a message that cannot be read");
  if (values == 0 && !is_answer(parsed_.data))
    return broken("a message of nothing");
  return verdict::frame;
}

/// What CAF itself says to each process it meets: it asks who would start
/// actors for others. Nobody does.
frame_guard::verdict frame_guard::check_spawner(wire_reader& in) {
  constexpr auto spawner = static_cast<uint64_t>(caf::atom("SpawnServ"));
  std::string types;
  auto read = in.count() == 0 && for_each_type(in, [&](std::string_view type) {
                types += type;
                return true;
              });
  if (parsed_.target == spawner && read && types == "@atom@atom@str")
    return verdict::skip;
  return broken("a message to actors of CAF's own");
}

bool frame_guard::check_value(wire_reader& in, std::string_view type) {
  auto* rule = rule_for(type);
  auto refuse = [&](const std::string& why) {
    broken("a message of type " + printable(type) + ", " + why);
    return false;
  };
  if (rule == nullptr || !rule->allows(how_.role))
    return refuse("which is not for a " + std::string{to_string(how_.role)}
                  + " to send");
  if (rule->answers_only && !is_answer(parsed_.data))
    return refuse("which answers nothing");
  auto before = in.left();
  switch (rule->form) {
    case wire_form::nothing:
      break;
    case wire_form::bytes:
      in.text();
      break;
    case wire_form::object:
      skip_object(in);
      break;
    case wire_form::objects:
      skip_objects(in);
      break;
    case wire_form::changes:
      skip_changes(in);
      break;
    case wire_form::error:
      if (!skip_error(in))
        in.fail();
      break;
    case wire_form::handle:
      return check_handle(in);
  }
  if (before - in.left() > rule->most)
    return refuse("which is too large");
  return in.good();
}

bool frame_guard::check_handle(wire_reader& in) {
  auto actor = in.u64();
  auto node = in.node();
  if (!in.good() || node.empty())
    return in.good();
  if (node == node_)
    return remember(actor);
  // A peer that names our actors could have others of ours talk to them.
  if (node == how_.own_node && how_.role == peer_role::server)
    return true;
  broken("an actor that is not its own");
  return false;
}

bool frame_guard::remember(uint64_t actor) {
  actors_.insert(actor);
  if (actors_.size() <= how_.most_actors)
    return true;
  broken("more than " + std::to_string(how_.most_actors) + " actors");
  return false;
}

} // namespace troupe

#include "runtime/dns/responder.hpp"

#include <algorithm>

namespace troupe::dns {

namespace {

// Services that are names for each other, in a circle.
constexpr int longest_chain = 8;

message reply_to(const message& asked) {
  message out;
  out.id = asked.id;
  out.response = true;
  out.opcode = asked.opcode;
  out.recursion_desired = asked.recursion_desired;
  out.recursion_available = true;
  out.checking_disabled = asked.checking_disabled;
  out.questions = asked.questions;
  // The size is the client's until the reply is packed.
  if (asked.extended)
    out.extended =
        extension{asked.extended->size, 0, asked.extended->dnssec_ok};
  return out;
}

uint16_t fault_of(const message& asked) {
  if (asked.opcode != opcode_query)
    return code::not_implemented;
  if (asked.questions.size() != 1)
    return code::form_error;
  if (asked.extended && asked.extended->version > 0)
    return code::bad_version;
  auto& what = asked.questions.front();
  if (what.klass != class_in || what.type == type::axfr
      || what.type == type::ixfr || what.type == type::opt)
    return code::refused;
  return code::no_error;
}

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()),
            std::make_move_iterator(from.end()));
}

void take(zone::found found, message& reply) {
  reply.code = found.code;
  append(reply.answers, std::move(found.answers));
  reply.authorities = std::move(found.authorities);
  reply.additionals = std::move(found.additionals);
}

} // namespace

verdict consider(std::string_view packet, const zone& names, uint32_t turn) {
  verdict out;
  auto asked = parse(packet);
  auto readable = asked.has_value();
  if (!readable)
    asked = parse_header(packet);
  if (!asked || asked->response)
    return out;
  out.what = verdict::act::answer;
  if (!readable) {
    asked->questions.clear();
    asked->extended.reset();
  }
  out.reply = reply_to(*asked);
  out.reply.code = readable ? fault_of(*asked) : code::form_error;
  if (asked->opcode != opcode_query)
    out.reply.code = code::not_implemented;
  if (out.reply.code != code::no_error)
    return out;
  out.next = asked->questions.front();
  for (int i = 0; i < longest_chain; ++i) {
    auto found = names.answer(out.next, turn);
    if (!found) {
      out.what = verdict::act::forward;
      return out;
    }
    auto follow = std::move(found->follow);
    out.reply.authoritative = true;
    take(std::move(*found), out.reply);
    if (!follow)
      return out;
    out.next.owner = std::move(*follow);
  }
  return out;
}

message complete(message reply, const message* said) {
  // The cluster's own CNAME is true whatever becomes of what it leads to.
  if (!reply.answers.empty()) {
    if (said == nullptr || said->code != code::no_error)
      return reply;
  } else if (said == nullptr || said->code > 15) {
    reply.code = code::server_failure;
    return reply;
  } else {
    reply.code = said->code;
    reply.authentic_data = said->authentic_data;
  }
  reply.truncated = said->truncated;
  append(reply.answers, said->answers);
  reply.authorities = said->authorities;
  reply.additionals = said->additionals;
  return reply;
}

std::string pack(const message& reply, bool udp) {
  if (!reply.extended)
    return encode(reply, udp ? plain_size : largest_message);
  auto size = udp ? std::clamp<size_t>(reply.extended->size, plain_size,
                                       largest_datagram)
                  : largest_message;
  auto out = reply;
  out.extended->size = taken_datagram;
  return encode(out, size);
}

} // namespace troupe::dns

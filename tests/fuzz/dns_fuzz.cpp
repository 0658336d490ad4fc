#include "runtime/dns/cache.hpp"
#include "runtime/dns/resolv_conf.hpp"
#include "runtime/dns/responder.hpp"
#include "tests/fuzz/targets.hpp"

namespace troupe::fuzz {

namespace {

namespace names = troupe::dns;

names::zone some_names() {
  names::zone out;
  out.add_space("default");
  names::service_names web;
  web.space = "default";
  web.service = "web";
  web.addresses = {*rules::ip_address::parse("10.96.0.7")};
  web.ports = {{"http", "tcp", 80}};
  out.set(web);
  names::service_names db = web;
  db.service = "db";
  db.addresses.clear();
  db.headless = true;
  db.endpoints = {{"db-0",
                   true,
                   *rules::ip_address::parse("10.1.0.1"),
                   {{"sql", "tcp", 5432}}}};
  out.set(db);
  names::service_names away;
  away.space = "default";
  away.service = "away";
  away.elsewhere = "example.org";
  out.set(away);
  return out;
}

/// What is read, written and read again is the same.
void read_and_write(std::string_view bytes) {
  auto first = names::parse(bytes);
  if (!first)
    return;
  auto written = names::encode(*first);
  auto second = names::parse(written);
  demand(second.has_value(), "what is written can be read");
  if (!second->truncated)
    demand(second->answers == first->answers
               && second->authorities == first->authorities,
           "records stay as they are");
  demand(names::encode(*second) == written, "a message has one form");
  auto cut = names::encode(*first, names::plain_size);
  demand(cut.size() <= names::plain_size, "a limit is kept");
  demand(names::parse(cut).has_value(), "what is cut can be read");
  names::lifetime(*first);
  for (auto& each : first->questions)
    demand(names::name::parse(each.owner.text()) == each.owner,
           "a name has one text");
}

} // namespace

void dns(std::string_view bytes) {
  static const auto zone = some_names();
  read_and_write(bytes);
  names::parse_resolv_conf(bytes);
  auto todo = names::consider(bytes, zone, 3);
  if (todo.what == names::verdict::act::drop)
    return;
  if (todo.what == names::verdict::act::forward) {
    auto said = names::parse(bytes);
    todo.reply = names::complete(std::move(todo.reply), &*said);
  }
  for (auto udp : {true, false}) {
    auto packet = names::pack(todo.reply, udp);
    auto reply = names::parse(packet);
    demand(reply && reply->response, "an answer is an answer");
    demand(!udp || packet.size() <= names::largest_datagram,
           "a datagram has a limit");
  }
}

} // namespace troupe::fuzz

#include "runtime/net/dns_edge.hpp"

#include "runtime/dns/responder.hpp"

namespace troupe::net {

void apply(dns_change change, dns::zone& to) {
  for (auto& [space, service] : change.removed)
    to.remove(space, service);
  for (auto& x : change.set)
    to.set(std::move(x));
  for (auto& x : change.removed_spaces)
    to.remove_space(x);
  for (auto& x : change.spaces)
    to.add_space(x);
}

void begin(const dns_settings& settings, dns_change all, dns::zone& to) {
  to.clear();
  to.set_server(settings.server);
  to.set_ranges(settings.ranges);
  apply(std::move(all), to);
}

void simulated_dns::replace(dns_settings settings, dns_change all, report) {
  std::lock_guard guard{mutex_};
  begin(settings, std::move(all), zone_);
}

void simulated_dns::update(dns_change change) {
  std::lock_guard guard{mutex_};
  apply(std::move(change), zone_);
}

void simulated_dns::listen(std::vector<listener_key> places) {
  std::lock_guard guard{mutex_};
  places_ = {places.begin(), places.end()};
}

dns_stats simulated_dns::stats() const {
  std::lock_guard guard{mutex_};
  dns_stats out;
  out.listening = places_.size();
  out.queries = queries_;
  return out;
}

std::string simulated_dns::ask(std::string_view packet) {
  std::lock_guard guard{mutex_};
  ++queries_;
  auto todo = dns::consider(packet, zone_, 0);
  if (todo.what == dns::verdict::act::drop)
    return {};
  if (todo.what == dns::verdict::act::forward)
    todo.reply = dns::complete(std::move(todo.reply), nullptr);
  return dns::pack(todo.reply, true);
}

} // namespace troupe::net

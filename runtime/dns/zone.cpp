#include "runtime/dns/zone.hpp"

#include <algorithm>
#include <set>

namespace troupe::dns {

namespace {

/// No answer has room for more.
constexpr size_t max_additionals = 300;

using rules::ip_address;

std::string address_data(const ip_address& x) {
  return {reinterpret_cast<const char*>(x.bytes.data()), x.v6 ? 16u : 4u};
}

uint16_t type_of(const ip_address& x) {
  return x.v6 ? type::aaaa : type::a;
}

} // namespace

/// One question on its way through the zone.
struct zone::search {
  const zone& in;
  const question& asked;
  uint32_t turn;
  found out;

  using labels = std::vector<std::string>;

  void run(labels rest) {
    if (rest.empty())
      return apex();
    auto last = rest.back();
    if (last == "svc" || last == "pod") {
      rest.pop_back();
      return last == "svc" ? in_services(rest) : in_pods(rest);
    }
    if (rest.size() == 1 && last == "dns-version")
      return add_if(type::txt, txt_data("1.1.0"));
    // The name server's own name stands below this one.
    if (rest.size() == 1 && last == "dns")
      return;
    if (rest.size() == 2 && last == "dns" && rest[0] == "ns")
      return addresses({in.server_});
    out.code = code::name_error;
  }

  void apex() {
    if (asked.type == type::soa)
      out.answers.push_back(in.soa());
    if (asked.type != type::ns)
      return;
    auto server = in.below({"ns", "dns"});
    add_if(type::ns, server.wire());
    add_additional(server, in.server_);
  }

  /// RRs of one name that is not the service's own: NAMESPACE.svc, and below.
  void in_services(const labels& rest) {
    if (rest.empty())
      return;
    auto& space = rest.back();
    if (in.spaces_.count(space) == 0) {
      out.code = code::name_error;
      return;
    }
    if (rest.size() == 1)
      return;
    auto service = in.find(space, rest[rest.size() - 2]);
    if (service == nullptr || rest.size() > 4)
      out.code = code::name_error;
    else if (rest.size() == 2)
      whole(*service);
    else if (rest.size() == 3)
      below_service(*service, rest[0]);
    else
      ports(*service, rest[0], rest[1]);
  }

  void whole(const service_names& x) {
    if (!x.elsewhere.empty())
      return another_name(x);
    // Specification, 2.4.1: without endpoints there is no such name.
    if (x.headless && x.endpoints.empty()) {
      out.code = code::name_error;
      return;
    }
    if (asked.type == type::srv)
      return add_ports(x, [](auto&) { return true; });
    if (!x.headless)
      return addresses(x.addresses);
    std::vector<ip_address> all;
    for (auto& each : x.endpoints)
      all.push_back(each.address);
    addresses(std::move(all));
  }

  void another_name(const service_names& x) {
    auto target = name::parse(x.elsewhere);
    if (!target)
      return;
    out.answers.push_back(
        {asked.owner, type::cname, class_in, ttl, target->wire()});
    if (asked.type != type::cname)
      out.follow = std::move(*target);
  }

  /// An endpoint by its name, or "_tcp", below which ports are.
  void below_service(const service_names& x, const std::string& label) {
    std::vector<ip_address> all;
    std::vector<service_endpoint> found_here;
    for (auto& each : x.endpoints)
      if (each.label == label) {
        all.push_back(each.address);
        found_here.push_back(each);
      }
    if (all.empty()) {
      if (!has_port_of(x, label))
        out.code = code::name_error;
      return;
    }
    if (asked.type != type::srv)
      return addresses(std::move(all));
    auto only = x;
    only.headless = true;
    only.endpoints = std::move(found_here);
    add_ports(only, [](auto&) { return true; });
  }

  /// Whether anything stands below "_tcp".
  static bool has_port_of(const service_names& x, const std::string& label) {
    auto fits = [&](auto& port) {
      return !port.name.empty() && "_" + port.protocol == label;
    };
    if (!x.headless)
      return std::any_of(x.ports.begin(), x.ports.end(), fits);
    return std::any_of(x.endpoints.begin(), x.endpoints.end(), [&](auto& y) {
      return std::any_of(y.ports.begin(), y.ports.end(), fits);
    });
  }

  void ports(const service_names& x, const std::string& port,
             const std::string& protocol) {
    auto fits = [&](auto& each) {
      return !each.name.empty() && "_" + lower(each.name) == port
             && "_" + each.protocol == protocol;
    };
    auto there = false;
    if (!x.headless)
      there = std::any_of(x.ports.begin(), x.ports.end(), fits);
    for (auto& each : x.endpoints)
      there = there
              || (x.headless
                  && std::any_of(each.ports.begin(), each.ports.end(), fits));
    if (!there)
      out.code = code::name_error;
    else if (asked.type == type::srv)
      add_ports(x, fits);
  }

  template <class Fits>
  void add_ports(const service_names& x, Fits fits) {
    std::vector<std::pair<name, uint16_t>> targets;
    std::set<std::pair<std::string, uint16_t>> known;
    auto add = [&](const name& target, const service_port& port) {
      if (fits(port) && known.emplace(target.wire(), port.number).second)
        targets.emplace_back(target, port.number);
    };
    auto own = in.below({x.service, x.space, "svc"});
    if (!x.headless)
      for (auto& port : x.ports)
        add(own, port);
    if (x.headless)
      for (auto& each : x.endpoints)
        for (auto& port : each.ports)
          add(in.below({each.label, x.service, x.space, "svc"}), port);
    auto weight =
        std::max<size_t>(1, 100 / std::max<size_t>(1, targets.size()));
    for (auto& [target, port] : targets)
      add_if(type::srv,
             srv_data(0, static_cast<uint16_t>(weight), port, target));
    if (!x.headless && !targets.empty())
      for (auto& each : x.addresses)
        add_additional(own, each);
    if (x.headless)
      for (auto& each : x.endpoints)
        if (std::any_of(each.ports.begin(), each.ports.end(), fits))
          add_additional(in.below({each.label, x.service, x.space, "svc"}),
                         each.address);
  }

  void in_pods(const labels& rest) {
    if (rest.empty())
      return;
    if (in.spaces_.count(rest.back()) == 0) {
      out.code = code::name_error;
      return;
    }
    if (rest.size() == 1)
      return;
    auto address = rest.size() == 2 ? dashed(rest[0]) : std::nullopt;
    if (!address)
      out.code = code::name_error;
    else
      addresses({*address});
  }

  /// Each once.
  void addresses(std::vector<ip_address> all) {
    std::erase_if(all, [&](auto& x) { return type_of(x) != asked.type; });
    if (all.size() > 1) {
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
      std::rotate(all.begin(),
                  all.begin() + static_cast<ptrdiff_t>(turn % all.size()),
                  all.end());
    }
    for (auto& each : all)
      add_if(type_of(each), address_data(each));
  }

  void add_if(uint16_t kind, std::string data) {
    if (asked.type == kind)
      out.answers.push_back(
          {asked.owner, kind, class_in, ttl, std::move(data)});
  }

  void add_additional(const name& owner, const ip_address& x) {
    auto& all = out.additionals;
    if (all.size() >= max_additionals)
      return;
    record more{owner, type_of(x), class_in, ttl, address_data(x)};
    if (std::find(all.begin(), all.end(), more) == all.end())
      all.push_back(std::move(more));
  }
};

zone::zone(const std::string& domain) : domain_(*name::parse(domain)) {
  for (auto label : domain_.labels())
    domain_labels_.emplace_back(label);
}

void zone::set(service_names what) {
  service_key key{what.space, what.service};
  if (auto known = services_.find(key); known != services_.end())
    forget_reverse(known->second);
  for (auto& [address, owner] : reverse_of(what))
    reverse_[address].insert(owner.wire());
  services_.insert_or_assign(std::move(key), std::move(what));
}

void zone::remove(const std::string& space, const std::string& service) {
  auto known = services_.find({space, service});
  if (known == services_.end())
    return;
  forget_reverse(known->second);
  services_.erase(known);
}

void zone::clear() {
  services_.clear();
  spaces_.clear();
  reverse_.clear();
}

const service_names* zone::find(const std::string& space,
                                const std::string& service) const {
  auto known = services_.find({space, service});
  return known == services_.end() ? nullptr : &known->second;
}

/// Specification, 2.3.3 and 2.4.3: of addresses of services, and of endpoints
/// that have a name.
std::vector<std::pair<ip_address, name>>
zone::reverse_of(const service_names& what) const {
  std::vector<std::pair<ip_address, name>> out;
  for (auto& each : what.addresses)
    out.emplace_back(each, below({what.service, what.space, "svc"}));
  for (auto& each : what.endpoints)
    if (what.headless || each.named)
      out.emplace_back(each.address,
                       below({each.label, what.service, what.space, "svc"}));
  return out;
}

void zone::forget_reverse(const service_names& what) {
  for (auto& [address, owner] : reverse_of(what)) {
    auto all = reverse_.find(address);
    if (all == reverse_.end())
      continue;
    if (auto one = all->second.find(owner.wire()); one != all->second.end())
      all->second.erase(one);
    if (all->second.empty())
      reverse_.erase(all);
  }
}

name zone::below(std::initializer_list<std::string_view> labels) const {
  auto out = domain_;
  for (auto label = std::rbegin(labels); label != std::rend(labels); ++label)
    out.prepend(*label);
  return out;
}

record zone::soa() const {
  soa_fields fields{below({"ns", "dns"}),
                    below({"hostmaster"}),
                    serial_,
                    7200,
                    1800,
                    86400,
                    ttl};
  return {domain_, type::soa, class_in, ttl, soa_data(fields)};
}

std::optional<zone::found> zone::answer(const question& asked,
                                        uint32_t turn) const {
  search on{*this, asked, turn, {}};
  auto all = asked.owner.labels();
  std::vector<std::string> lowered;
  for (auto label : all)
    lowered.push_back(lower(label));
  auto own = domain_labels_.size();
  if (lowered.size() >= own
      && std::equal(domain_labels_.begin(), domain_labels_.end(),
                    lowered.end() - static_cast<ptrdiff_t>(own))) {
    lowered.resize(lowered.size() - own);
    on.run(std::move(lowered));
  } else if (auto address = reversed(asked.owner)) {
    auto known = reverse_.find(*address);
    if (known == reverse_.end()
        && std::none_of(ranges_.begin(), ranges_.end(),
                        [&](auto& x) { return x.contains(*address); }))
      return std::nullopt;
    if (known == reverse_.end())
      on.out.code = code::name_error;
    else
      for (auto i = known->second.begin(); i != known->second.end();
           i = known->second.upper_bound(*i))
        on.add_if(type::ptr, *i);
  } else {
    return std::nullopt;
  }
  if (on.out.answers.empty())
    on.out.authorities.push_back(soa());
  return std::move(on.out);
}

} // namespace troupe::dns

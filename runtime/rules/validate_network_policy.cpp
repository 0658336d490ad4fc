#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/validate_meta.hpp"

namespace troupe::rules {

using namespace networking::v1;

namespace {

void check_last_port(const NetworkPolicyPort& port, const field_path& at,
                     findings& out) {
  if (!port.has_end_port())
    return;
  auto last = port.end_port();
  if (!port.has_port()) {
    out.invalid(at, last, "may not be specified when `port` is not specified");
  } else if (port.port().type() != 0) {
    out.invalid(at, last, "may not be specified when `port` is non-numeric");
  } else {
    if (last < port.port().int_val())
      out.invalid(at, last, "must be greater than or equal to `port`");
    for (auto& problem : check_port_number(last))
      out.invalid(at, last, problem);
  }
}

void check_port(const NetworkPolicyPort& port, const field_path& at,
                findings& out) {
  auto place = at.child("port");
  if (port.has_port() && port.port().type() == 0)
    for (auto& problem : check_port_number(port.port().int_val()))
      out.invalid(place, port.port().int_val(), problem);
  else if (port.has_port())
    out.invalid(place, port.port().str_val(),
                check_port_name(port.port().str_val()));
  check_last_port(port, at.child("endPort"), out);
}

void check_block(const IPBlock& block, const field_path& at, findings& out) {
  auto cidr = at.child("cidr");
  if (block.cidr().empty())
    return out.required(cidr);
  auto all = ip_range::parse(block.cidr());
  if (!all)
    return out.invalid(cidr, block.cidr(), "not a valid CIDR");
  auto except = at.child("except");
  for (int i = 0; i < block.except_size(); ++i) {
    auto one = except[static_cast<size_t>(i)];
    auto part = ip_range::parse(block.except(i));
    if (!part)
      return out.invalid(one, block.except(i), "not a valid CIDR");
    if (!all->contains(part->base) || all->prefix >= part->prefix)
      out.invalid(one, block.except(i), "must be a strict subset of `cidr`");
  }
}

void check_peer(const NetworkPolicyPeer& peer, const field_path& at,
                findings& out) {
  auto pods = at.child("podSelector");
  if (peer.has_pod_selector())
    validate_selector(peer.pod_selector(), pods, out);
  auto spaces = at.child("namespaceSelector");
  if (peer.has_namespace_selector())
    validate_selector(peer.namespace_selector(), spaces, out);
  auto block = at.child("ipBlock");
  if (peer.has_ip_block())
    check_block(peer.ip_block(), block, out);
  auto selects = peer.has_pod_selector() || peer.has_namespace_selector();
  if (!selects && !peer.has_ip_block())
    out.required(at, "must specify a peer");
  else if (selects && peer.has_ip_block())
    out.forbidden(at, "may not specify both ipBlock and another peer");
}

template <class Ports, class Peers>
void check_rule(const Ports& ports, const Peers& peers,
                std::string_view peers_name, const field_path& at,
                findings& out) {
  auto list = at.child("ports");
  for (int i = 0; i < ports.size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_port(ports[i], one, out);
  }
  auto others = at.child(peers_name);
  for (int i = 0; i < peers.size(); ++i) {
    auto one = others[static_cast<size_t>(i)];
    check_peer(peers[i], one, out);
  }
}

void validate_policy(const NetworkPolicy& policy, findings& out) {
  field_path at{"spec"};
  auto& spec = policy.spec();
  auto pods = at.child("podSelector");
  validate_selector(spec.pod_selector(), pods, out);
  auto in = at.child("ingress");
  for (int i = 0; i < spec.ingress_size(); ++i) {
    auto one = in[static_cast<size_t>(i)];
    check_rule(spec.ingress(i).ports(), spec.ingress(i).from(), "from", one,
               out);
  }
  auto away = at.child("egress");
  for (int i = 0; i < spec.egress_size(); ++i) {
    auto one = away[static_cast<size_t>(i)];
    check_rule(spec.egress(i).ports(), spec.egress(i).to(), "to", one, out);
  }
  if (spec.policy_types_size() > 2)
    out.invalid(at.child("policyTypes"), spec.policy_types_size(),
                "may not specify more than two policyTypes");
}

} // namespace

void add_network_policy_validation(registry& all) {
  all.of<NetworkPolicy>().validate = check<NetworkPolicy, validate_policy>;
}

} // namespace troupe::rules

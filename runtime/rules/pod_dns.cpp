#include "runtime/rules/pod_dns.hpp"

#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/pod_downward.hpp"
#include "runtime/rules/pod_state.hpp"

#include <algorithm>
#include <vector>

namespace troupe::rules {

namespace {

using core::v1::Pod;

constexpr size_t most_servers = 3;
constexpr size_t most_searches = 32;
constexpr size_t longest_searches = 2048;

void add_once(std::vector<std::string>& to, const std::string& text) {
  if (std::find(to.begin(), to.end(), text) == to.end())
    to.push_back(text);
}

/// "ndots" of "ndots:5".
std::string name_of(const std::string& option) {
  return option.substr(0, option.find(':'));
}

/// Kubernetes: an option of the pod takes the place of one of the same name.
void merge(std::vector<std::string>& options, const std::string& fresh) {
  auto known = std::find_if(options.begin(), options.end(), [&](auto& x) {
    return name_of(x) == name_of(fresh);
  });
  if (known == options.end())
    options.push_back(fresh);
  else
    *known = fresh;
}

bool asks_the_cluster(const Pod& pod, const name_facts& facts) {
  auto& policy = pod.spec().dns_policy();
  if (facts.server.empty())
    return false;
  return policy == "ClusterFirstWithHostNet"
         || ((policy == "ClusterFirst" || policy.empty())
             && !pod.spec().host_network());
}

dns::resolv_conf of_the_cluster(const Pod& pod, const name_facts& facts) {
  dns::resolv_conf out;
  out.servers = {facts.server};
  std::string domain{cluster_domain};
  out.searches = {pod.metadata().namespace_() + ".svc." + domain,
                  "svc." + domain, domain};
  for (auto& each : facts.machine.searches)
    add_once(out.searches, each);
  out.options = {"ndots:5"};
  return out;
}

void cut(dns::resolv_conf& x) {
  if (x.servers.size() > most_servers)
    x.servers.resize(most_servers);
  if (x.searches.size() > most_searches)
    x.searches.resize(most_searches);
  size_t size = 0;
  auto fits = std::find_if(x.searches.begin(), x.searches.end(), [&](auto& y) {
    size += y.size() + 1;
    return size > longest_searches + 1;
  });
  x.searches.erase(fits, x.searches.end());
}

void add_aliases(const Pod& pod, std::string& out) {
  if (pod.spec().host_aliases().empty())
    return;
  out += "\n# Entries added by HostAliases.\n";
  for (auto& alias : pod.spec().host_aliases()) {
    out += alias.ip();
    for (auto& each : alias.hostnames())
      out += "\t" + each;
    out += "\n";
  }
}

} // namespace

std::optional<dns::resolv_conf> pod_resolv_conf(const Pod& pod,
                                                const name_facts& facts) {
  auto& spec = pod.spec();
  dns::resolv_conf out;
  if (asks_the_cluster(pod, facts))
    out = of_the_cluster(pod, facts);
  else if (spec.dns_policy() != "None" && !spec.has_dns_config())
    return std::nullopt;
  else if (spec.dns_policy() != "None")
    out = facts.machine;
  for (auto& each : spec.dns_config().nameservers())
    add_once(out.servers, each);
  for (auto& each : spec.dns_config().searches())
    add_once(out.searches, each);
  for (auto& each : spec.dns_config().options())
    merge(out.options, each.value().empty() ? each.name()
                                            : each.name() + ":" + each.value());
  cut(out);
  return out;
}

std::string pod_domain(const Pod& pod) {
  auto& subdomain = pod.spec().subdomain();
  if (subdomain.empty())
    return {};
  return subdomain + "." + pod.metadata().namespace_() + ".svc."
         + cluster_domain;
}

std::string hosts_of_node(const std::string& machine) {
  return "# Kubernetes-managed hosts file (host network).\n" + machine;
}

std::optional<std::string> pod_hosts(const Pod& pod,
                                     const std::string& machine) {
  std::string out;
  if (pod.spec().host_network()) {
    if (pod.spec().host_aliases().empty())
      return std::nullopt;
    out = hosts_of_node(machine);
  } else {
    out = hosts_of_any_pod;
    auto host = pod_hostname(pod);
    auto domain = pod_domain(pod);
    for (auto& each : pod.status().pod_ips())
      out += each.ip() + "\t"
             + (domain.empty() ? "" : host + "." + domain + "\t") + host + "\n";
  }
  add_aliases(pod, out);
  return out;
}

bool mounts_itself(const Pod& pod, size_t i, const std::string& path) {
  auto& mounts = container_at(pod, i).volume_mounts();
  return std::any_of(mounts.begin(), mounts.end(), [&](auto& x) {
    auto target = x.mount_path();
    while (target.size() > 1 && target.back() == '/')
      target.pop_back();
    return path == target;
  });
}

} // namespace troupe::rules

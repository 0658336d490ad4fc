#include "actors/system/cluster.hpp"

#include "actors/apiserver/bootstrap.hpp"
#include "actors/apiserver/revocation.hpp"
#include "actors/controllers/manager.hpp"
#include "actors/etcd/etcd_client.hpp"
#include "actors/http/listener.hpp"
#include "actors/kubelet/branch.hpp"
#include "actors/proxy/kube_proxy.hpp"
#include "actors/scheduler/scheduler.hpp"
#include "actors/store/store.hpp"
#include "actors/system/directory.hpp"
#include "actors/system/election.hpp"
#include "actors/system/link.hpp"
#include "actors/system/presence.hpp"
#include "actors/system/server_renewal.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/server_links.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe {

namespace {

child_spec directory_child(std::function<void(const directory_actor&)> found) {
  child_spec spec;
  spec.name = "directory";
  spec.directory = true;
  spec.start = [found](caf::actor_system& sys, const context&) {
    auto handle = sys.spawn(directory);
    found(handle);
    return caf::actor_cast<caf::actor>(handle);
  };
  return spec;
}

child_spec link_child() {
  child_spec spec;
  spec.name = "link";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(link, ctx));
  };
  return spec;
}

/// Where there are servers in other processes, or may come to be.
void add_presence(std::vector<child_spec>& to, const edges& outside) {
  if (!outside.servers)
    return;
  child_spec spec;
  spec.name = "presence";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(presence, ctx));
  };
  to.push_back(std::move(spec));
}

/// Where the authority's key is.
void add_server_renewal(std::vector<child_spec>& to, const edges& outside) {
  if (!outside.servers || !outside.servers->renew)
    return;
  child_spec spec;
  spec.name = "renewal";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(server_renewal, ctx));
  };
  to.push_back(std::move(spec));
}

child_spec renewal_child(size_t index, const renewed_credential& what) {
  child_spec spec;
  spec.name = index == 0 ? "renewal" : "renewal-" + std::to_string(index + 1);
  spec.start = [what](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(renewal, ctx, what));
  };
  return spec;
}

/// For the ways in where there is no API server.
child_spec revocation_child() {
  child_spec spec;
  spec.name = "revocation";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(revocation, ctx));
  };
  return spec;
}

child_spec scheduler_child() {
  child_spec spec;
  spec.name = "scheduler";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(scheduler, ctx));
  };
  return spec;
}

/// A server: named where there are several, else its branches are the tree's.
std::vector<child_spec> server_branches(const cluster_config& config,
                                        size_t index) {
  auto& server = config.servers[index];
  store_member member;
  auto id_of = [&](size_t i) {
    auto id = config.servers[i].member;
    return id != 0 ? id : i + 1;
  };
  member.id = id_of(index);
  member.group = config.store_group;
  for (size_t i = 0; i < config.servers.size(); ++i)
    if (i != index)
      member.others.push_back(id_of(i));
  member.founders.clear();
  for (size_t i = 0; i < config.servers.size() && server.founder; ++i)
    if (auto& each = config.servers[i]; each.founder)
      member.founders.push_back({id_of(i), true, each.name + "/store"});
  auto folder = index == 0 ? "store" : "servers/" + server.name + "/store";
  return {config.etcd.servers.empty()
              ? store_branch(member, folder, config.limits)
              : etcd_branch(),
          apiserver_branch()};
}

void append(std::vector<child_spec>& to, std::vector<child_spec> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

/// What decides beside servers; one of all is active. An election is given
/// back after those have ended whom it lets write.
std::vector<child_spec> deciding_branches(const deciding_parts& parts) {
  std::vector<std::string> elections;
  if (parts.scheduler)
    elections.push_back(scheduler_election);
  if (parts.controllers)
    elections.push_back(controllers_election);
  if (elections.empty())
    return {};
  std::vector<child_spec> result{elections_branch(elections)};
  if (parts.scheduler)
    result.push_back(scheduler_child());
  if (parts.controllers)
    result.push_back(controllers_branch());
  return result;
}

/// The servers of this process; what decides beside them goes to `deciding`
/// where it is at the top of the tree.
void add_servers(std::vector<child_spec>& to, std::vector<child_spec>& deciding,
                 const cluster_config& config, const deciding_parts& parts) {
  for (size_t i = 0; i < config.servers.size(); ++i) {
    auto& server = config.servers[i];
    if (!server.place.empty())
      continue;
    auto branches = server_branches(config, i);
    append(config.components_of(server).empty() ? deciding : branches,
           deciding_branches(parts));
    if (config.top_of(server).empty())
      append(to, std::move(branches));
    else
      to.push_back(branch(server.name, {}, std::move(branches)));
  }
}

supervision at_top(strategy how) {
  supervision rules;
  rules.how = how;
  rules.transparent = true;
  return rules;
}

/// Whoever loses the directory loses its way to everybody: all start anew
/// after it. Everything else stands alone and finds the others again.
supervisor_actor spawn_tree(caf::actor_system& system,
                            std::shared_ptr<const world> w,
                            std::shared_ptr<const edges> e,
                            std::shared_ptr<const cluster_config> config,
                            std::function<void(const directory_actor&)> found,
                            std::vector<child_spec> components) {
  context ctx{std::move(w),      std::move(e), std::move(config),
              directory_actor{}, "root",       1};
  std::vector<child_spec> specs{directory_child(std::move(found)),
                                branch("components",
                                       at_top(strategy::one_for_one),
                                       std::move(components))};
  return system.spawn(supervisor, ctx, at_top(strategy::rest_for_one), specs);
}

} // namespace

supervisor_actor
spawn_cluster(caf::actor_system& system, std::shared_ptr<const world> w,
              std::shared_ptr<const edges> e,
              std::shared_ptr<const cluster_config> config,
              std::function<void(const directory_actor&)> found,
              std::shared_ptr<http::http_edge> http,
              const deciding_parts& parts) {
  std::vector<child_spec> components;
  std::vector<child_spec> deciding;
  add_servers(components, deciding, *config, parts);
  components.push_back(link_child());
  append(components, std::move(deciding));
  components.push_back(kubelet_branch(*config));
  components.push_back(proxy_branch(*config));
  add_presence(components, *e);
  add_server_renewal(components, *e);
  // Nobody comes where there is no way in.
  if (http)
    components.push_back(http_branch(std::move(http)));
  return spawn_tree(system, std::move(w), std::move(e), std::move(config),
                    std::move(found), std::move(components));
}

supervisor_actor spawn_server(caf::actor_system& system,
                              std::shared_ptr<const world> w,
                              std::shared_ptr<const edges> e,
                              std::shared_ptr<const cluster_config> config,
                              std::function<void(const directory_actor&)> found,
                              std::shared_ptr<http::http_edge> http,
                              const deciding_parts& parts) {
  std::vector<child_spec> components;
  std::vector<child_spec> deciding;
  add_servers(components, deciding, *config, parts);
  components.push_back(link_child());
  append(components, std::move(deciding));
  components.push_back(http_branch(std::move(http)));
  add_presence(components, *e);
  add_server_renewal(components, *e);
  return spawn_tree(system, std::move(w), std::move(e), std::move(config),
                    std::move(found), std::move(components));
}

supervisor_actor
spawn_server_parts(caf::actor_system& system, std::shared_ptr<const world> w,
                   std::shared_ptr<const edges> e,
                   std::shared_ptr<const cluster_config> config,
                   std::function<void(const directory_actor&)> found,
                   const server_parts& parts) {
  std::vector<child_spec> components;
  if (parts.store)
    components.push_back(store_branch(*parts.store, "store", config->limits));
  else if (parts.apiserver)
    components.push_back(store_line_branch(parts.stores));
  // Those hold the elections who stand for one, elsewhere.
  if (parts.apiserver)
    components.push_back(apiserver_branch(false));
  components.push_back(link_child());
  if (parts.http)
    components.push_back(http_branch(parts.http));
  if (!parts.apiserver)
    components.push_back(revocation_child());
  add_presence(components, *e);
  add_server_renewal(components, *e);
  return spawn_tree(system, std::move(w), std::move(e), std::move(config),
                    std::move(found), std::move(components));
}

supervisor_actor
spawn_components(caf::actor_system& system, std::shared_ptr<const world> w,
                 std::shared_ptr<const edges> e,
                 std::shared_ptr<const cluster_config> config,
                 std::function<void(const directory_actor&)> found,
                 const process_roles& roles) {
  std::vector<child_spec> components{link_child()};
  append(components, deciding_branches({roles.scheduler, roles.controllers}));
  if (roles.nodes)
    components.push_back(kubelet_branch(*config));
  if (roles.proxy)
    components.push_back(proxy_branch(*config));
  for (size_t i = 0; i < roles.renewed.size(); ++i)
    components.push_back(renewal_child(i, roles.renewed[i]));
  add_presence(components, *e);
  return spawn_tree(system, std::move(w), std::move(e), std::move(config),
                    std::move(found), std::move(components));
}

} // namespace troupe

#include "cli/cluster_process.hpp"

#include "actors/system/cluster.hpp"
#include "cli/admin_access.hpp"
#include "cli/cluster_parts.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/node_removal.hpp"
#include "cli/readiness.hpp"
#include "cli/server_identity.hpp"
#include "cli/server_membership.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "messages/system.pb.h"
#include "runtime/system/server_links.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <unistd.h>

namespace troupe::cli {

namespace {

/// How long one answer may take.
constexpr auto answer_patience = std::chrono::seconds(5);

} // namespace

/// Builds the tree; its root is monitored by `self`.
void cluster_process::parts::plant(const up_options& options) {
  auto me = caf::actor_cast<caf::actor>(*self);
  tree.plant = [this, me, run = deciding(options.without)] {
    return spawn_cluster(
        *system, real_world(), outside, config,
        [to = gate, joiners = joins->gate(),
         me](const directory_actor& newest) {
          caf::anon_send(to, newest);
          caf::anon_send(joiners, newest);
          caf::anon_send(me, newest);
        },
        https, run);
  };
  tree.root = tree.plant();
  (*self)->monitor(tree.root);
}

expected<store_actor>
cluster_process::parts::find_store(const std::string& path) {
  expected<store_actor> result{caf::sec::runtime_error};
  system::Resolve where;
  where.set_path(path);
  (*self)
      ->request(directory, start_patience, pb<system::Resolve>{where})
      .receive(
          [&](const caf::actor& found) {
            result = caf::actor_cast<store_actor>(found);
          },
          [&](caf::error& err) { result = std::move(err); });
  return result;
}

caf::error cluster_process::parts::check_store(const std::string& path) {
  auto store = find_store(path);
  if (!store)
    return store.error();
  caf::error result;
  (*self)
      ->request(*store, start_patience,
                pb<store_api::StatusRequest>{store_api::StatusRequest{}})
      .receive(
          [&](const pb<store_api::StatusResponse>& status) {
            if (status->errors_size() > 0)
              result = make_error(ec::internal_error, status->errors(0));
          },
          [&](caf::error& err) { result = std::move(err); });
  return result;
}

/// What is wrong with the store; nothing when it serves. A damaged one says so
/// for ever, and what stands on it fails with it. Of several servers in this
/// process most must be well, the first one among them, which is asked first.
caf::error cluster_process::parts::check_store(const report& tell) {
  (*self)->receive([&](const directory_actor& newest) { directory = newest; });
  std::vector<std::string> ill;
  caf::error first;
  auto all = config->of_servers("store/replica");
  for (auto& path : all)
    if (auto err = check_store(path)) {
      ill.push_back(path.substr(0, path.find('/')) + ": " + message_of(err));
      if (path == all.front())
        first = err;
    }
  if (all.size() == 1)
    return first;
  for (size_t i = 0; i < ill.size() && etcd_place.servers.empty(); ++i)
    ill[i] += ". Members are replaced while servers have processes of their "
              "own: start with --processes";
  if (first || 2 * ill.size() > all.size())
    return make_error(ec::internal_error, ill.front());
  for (auto& each : ill)
    tell("Warning: " + each);
  return caf::none;
}

/// Adds to an error what the members of the store say of themselves.
caf::error cluster_process::parts::explained(caf::error why) {
  store_api::StatusRequest question;
  question.set_everyone(true);
  std::string told;
  auto add = [&](const std::string& what) { told += "; " + what; };
  auto store = find_store(config->of_servers("store/replica").front());
  if (!store)
    return why;
  (*self)
      ->request(*store, answer_patience,
                pb<store_api::StatusRequest>{std::move(question)})
      .receive(
          [&](const pb<store_api::StatusResponse>& status) {
            for (auto& each : status->errors())
              add(each);
            for (auto& member : status->members())
              if (!member.errors().empty())
                add(server_of(member) + ": " + member.errors(0));
            if (status->errors().empty() && status->leader() == 0)
              add("no member leads the store");
          },
          [](const caf::error&) {});
  return told.empty()
             ? why
             : make_error(ec::service_unavailable, message_of(why) + told);
}

/// Takes nodes out that are no longer wished, and keeps what is.
caf::error cluster_process::parts::settle_nodes(command_client& client,
                                                const up_options& options,
                                                const report& tell) {
  std::vector<std::string> surplus;
  for (auto i = options.nodes + 1; i <= nodes_before; ++i)
    surplus.push_back(node_name(i));
  if (!surplus.empty()) {
    auto pods = forget_nodes(client, surplus);
    if (!pods)
      return pods.error();
    tell("Removed: " + number(static_cast<int64_t>(surplus.size()))
         + " nodes, pods: " + number(static_cast<int64_t>(*pods)));
  }
  auto kept = write_shape(options.data_dir, shape_of(options));
  return kept ? caf::none : kept.error();
}

cluster_process::cluster_process(up_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

cluster_process::~cluster_process() = default;

caf::error cluster_process::start() {
  auto err = try_start();
  // Nobody will come back to a network without pods.
  if (err && parts_->network && !has_pods(options_.data_dir))
    if (auto gone = net::cluster_network::clear(options_.data_dir); !gone)
      tell_("cannot remove the network: " + message_of(gone.error()));
  return err;
}

/// The actor system, and where others come in.
caf::error cluster_process::parts::open_system(const up_options& options,
                                               const report& tell) {
  actors = std::make_unique<actor_config>(2, reach::other_processes);
  system = std::make_unique<caf::actor_system>(*actors);
  secure = std::make_unique<secure_network>(*system, files_of(keys));
  self = std::make_unique<caf::scoped_actor>(*system, true);
  auto links = links_of(*secure, keys);
  links.keep_members = [this](const std::vector<member_address>& members) {
    if (others)
      others->keep(members);
  };
  outside->servers = std::make_shared<server_links>(std::move(links));
  gate = system->spawn(troupe::gate,
                       std::shared_ptr<const cluster_config>{config});
  if (auto err = publish(options))
    return err;
  open_joins(options);
  return start_servers(options, tell);
}

expected<crypto::kubeconfig_access>
cluster_process::parts::give_access(const std::string& path) const {
  auto servers = addresses();
  settings_lock change;
  // Others may have joined meanwhile.
  if (others) {
    if (auto err = change.take(config->data_dir))
      return err;
    auto now = read_server_settings(config->data_dir);
    if (!now)
      return now.error();
    servers = now->addresses();
  }
  return write_admin_kubeconfig(path, keys, host + ":" + number(api_port),
                                servers);
}

caf::error cluster_process::try_start() {
  auto begin = std::chrono::steady_clock::now();
  auto milestone = [&](const std::string& what) {
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    tell_(what + " (" + number(took.count()) + " ms)");
  };
  parts_ = std::make_unique<parts>();
  if (auto err = parts_->prepare(options_))
    return err;
  auto& p = *parts_;
  if (p.store_missing)
    tell_("Warning: " + options_.data_dir
          + "/store is gone: the cluster begins anew, empty");
  milestone("Network: " + std::string{to_string(p.network->addresses().mode())}
            + ", " + to_string(p.network->addresses().whole()) + ": "
            + p.network->reason());
  if (auto wished = net::wished_layout(options_.data_dir);
      wished && *wished != p.network->addresses())
    tell_("Warning: the services that were restored have addresses of "
          + to_string(wished->whole())
          + ", which this cluster cannot have: they do not answer there until "
            "they are made anew");
  if (auto err = p.open_system(options_, tell_))
    return err;
  p.plant(options_);
  kubeconfig_path_ = options_.data_dir + "/kubeconfig";
  // The others run by now, and may be asked to replace this one.
  if (p.places.size() > 1)
    if (auto access = p.give_access(kubeconfig_path_); !access)
      return access.error();
  if (auto err = p.check_store(tell_))
    return err;
  if (!p.config->etcd.servers.empty())
    milestone("Store: " + options_.store.where);
  if (!options_.store.where.empty())
    if (auto kept = keep_store(options_.data_dir, options_.store); !kept)
      return kept.error();
  auto access = p.give_access(kubeconfig_path_);
  if (!access)
    return access.error();
  auto client = command_client::connect(*access);
  if (!client)
    return client.error();
  if (auto err = wait_for_api(**client))
    return p.explained(std::move(err));
  milestone("API server: answering on " + p.host + ":" + number(p.port)
            + ", over HTTPS on " + p.host + ":" + number(p.api_port));
  if (auto err = p.settle_nodes(**client, options_, tell_))
    return err;
  std::set<std::string> nodes;
  for (auto& node : p.config->nodes)
    nodes.insert(node.name);
  if (auto err = wait_for_nodes(**client, nodes))
    return err;
  if (auto err = p.announce(**client, options_, tell_))
    return err;
  milestone("Nodes: " + number(options_.nodes) + " Ready, runtime "
            + options_.runtime);
  p.tell_missing(options_.data_dir, tell_);
  if (p.servers_wished != options_.servers)
    if (auto err = settle_servers(**client, options_.data_dir, p.servers_wished,
                                  tell_))
      return err;
  // Each in a process of its own, they come when they come.
  if (p.places.size() > 1) {
    auto ill = wait_for_members(**client);
    for (auto& each : ill)
      tell_("Warning: " + each);
    if (ill.empty())
      milestone("Servers: " + number(options_.servers) + " take part");
  }
  tell_("Kubeconfig: " + kubeconfig_path_);
  return caf::none;
}

void cluster_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  tell_("Ending: pods go on; `troupe up` finds them again");
  auto gone = end_tree(*p.self, p.tree);
  if (p.keeper)
    p.keeper->end();
  (*p.self)->send_exit(p.gate, caf::exit_reason::user_shutdown);
  // What is left by now hangs; everything acknowledged is on the disk.
  if (!gone)
    _exit(1);
  p.gate = nullptr;
}

} // namespace troupe::cli

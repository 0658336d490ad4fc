#include "cli/cluster_status.hpp"
#include "cli/commands.hpp"
#include "cli/directory_lock.hpp"
#include "cli/resources.hpp"
#include "cli/server_settings.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/election.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <ostream>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

uint64_t bytes_below(const fs::path& folder) {
  uint64_t result = 0;
  std::error_code gone;
  for (auto& file : fs::recursive_directory_iterator(folder, gone)) {
    std::error_code none;
    auto size = file.is_regular_file(none) ? file.file_size(none) : 0;
    result += none ? 0 : size;
  }
  return result;
}

/// What the data directory tells, whether a cluster runs or not.
cluster_status status_here(environment& env) {
  cluster_status x;
  x.kubeconfig = fs::absolute(env.kubeconfig_path());
  // A kubeconfig lies in the data directory of its cluster, if that is here.
  auto folder = fs::path{x.kubeconfig}.parent_path();
  auto holder = holder_of(folder);
  if (!holder.known) {
    x.hidden = access(x.kubeconfig.c_str(), R_OK) != 0 && errno == EACCES;
    return x;
  }
  x.data_dir = folder;
  x.pid = holder.pid;
  x.since = holder.since;
  if (holder.pid == 0)
    x.problem = "no process holds the data directory; `troupe up` starts it";
  else
    x.store_bytes = bytes_below(folder / "store");
  return x;
}

/// Asks the cluster itself.
caf::error ask_cluster(cluster_status& x, environment& env) {
  auto client = env.try_client();
  if (!client)
    return client.error();
  auto nodes = (*client)->ask(about(call::LIST, kind_of<core::v1::Node>(), {}));
  if (!nodes)
    return nodes.error();
  auto pods = (*client)->ask(about(call::LIST, kind_of<core::v1::Pod>(), {}));
  if (!pods)
    return pods.error();
  auto actors = env.all_actors();
  fill_status(x, actors ? *actors : system::ActorList{}, nodes->objects,
              pods->objects);
  // Who may not read them is told of the rest.
  if (auto leases =
          (*client)->ask(about(call::LIST, kind_of<coordination::v1::Lease>(),
                               rules::election_namespace)))
    tell_stand_ins(x, leases->objects, real_world()->now());
  return caf::none;
}

void run_status(const std::string& output, environment& env) {
  auto x = status_here(env);
  auto ended = !x.data_dir.empty() && x.pid == 0;
  if (auto settings = read_server_settings(x.data_dir);
      settings && settings->places.size() > 1)
    for (auto& place : settings->places)
      x.servers.push_back(place.name);
  if (auto config = crypto::read_kubeconfig(x.kubeconfig))
    if (auto access = crypto::choose(*config, env.context))
      x.address = access->cluster.actors;
  // Servers with processes of their own may answer all the same.
  if (!ended || !x.servers.empty())
    if (auto err = ask_cluster(x, env); err && !ended)
      x.problem = message_of(err);
  if (ended && x.running)
    x.problem = problem_without_up(x);
  env.code = x.running && !ended ? done : failed;
  if (output == "json")
    env.out() << text::print_pretty_json(status_document(x));
  else if (output == "yaml")
    env.out() << text::print_yaml(status_document(x));
  else
    env.out() << status_text(x, real_world()->now());
}

} // namespace

void add_status(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("status", "Tell how the cluster is");
  auto output = std::make_shared<std::string>();
  sub->add_option("-o,--output", *output, "yaml or json")
      ->check(CLI::IsMember({"yaml", "json"}));
  sub->callback([&env, output] { run_status(*output, env); });
}

} // namespace troupe::cli

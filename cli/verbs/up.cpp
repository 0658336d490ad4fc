#include "cli/apart_process.hpp"
#include "cli/cluster_process.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/commands.hpp"
#include "cli/detaching.hpp"
#include "cli/verbs/front_flags.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/quantity.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <optional>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

struct up_command {
  up_options options;
  std::string quota;
  std::string history;
  std::optional<uint16_t> api_port;
  bool detach = false;
};

// What is wrong with an option; "" for nothing.

std::string check_quota(const std::string& given) {
  auto size = text::quantity::parse(given);
  if (!size)
    return message_of(size.error());
  // Less than the log alone takes.
  auto least = int64_t{16} << 20;
  auto most = int64_t{1} << 50;
  return size->value() == 0 || (size->value() >= least && size->value() <= most)
             ? std::string{}
             : given + ": 0, or 16Mi at least and 1Pi at most";
}

std::string check_history(const std::string& given) {
  auto time = text::parse_duration(given);
  if (!time)
    return message_of(time.error());
  return *time >= std::chrono::seconds{1} ? std::string{}
                                          : given + ": 1s at least";
}

} // namespace

void add_up(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<up_command>();
  auto* sub = app.add_subcommand("up", "Start a cluster on this machine");
  sub->add_option("--nodes", cmd->options.nodes,
                  "Number of nodes; as many as last time, else one, unless "
                  "given")
      ->check(CLI::Range(1, 5000));
  sub->add_option("--servers", cmd->options.servers,
                  "Number of servers, each with all of the state; as many as "
                  "last time, else one")
      ->check(CLI::IsMember({1, 3, 5}));
  sub->add_flag("--processes", cmd->options.processes,
                "Each server but the first in a process of its own; as last "
                "time unless given");
  sub->add_flag("--apart", cmd->options.apart,
                "Each component and each node in a process of its own; as last "
                "time unless given");
  auto may_lack = without_names;
  may_lack.push_back("none");
  sub->add_option("--without", cmd->options.without,
                  "Components that others stand in for, such as Kubernetes' "
                  "own: scheduler, controllers, both with a comma between "
                  "them, or none; as last time, else none")
      ->delimiter(',')
      ->check(CLI::IsMember(may_lack));
  sub->add_option("--runtime", cmd->options.runtime,
                  "What runs the pods; as last time, else process")
      ->check(CLI::IsMember({"process", "oci", "simulated"}));
  sub->add_option("--network", cmd->options.network,
                  "How pods get addresses; the best possible unless given")
      ->check(CLI::IsMember({"loopback", "bridge"}));
  auto* port = sub->add_option("--port", cmd->options.port,
                               "Port of the actors, 0 for any");
  sub->add_option("--api-port", cmd->api_port,
                  "Port of the REST API, 0 for any (6443, or with --port 0 "
                  "any)");
  sub->add_option("--discovery-port", cmd->options.discovery_port,
                  "UDP port at which processes find the cluster that look for "
                  "one, 0 for none")
      ->capture_default_str();
  sub->add_option("--bind-address", cmd->options.hosts,
                  "IPv4 address of this machine at which the servers answer, "
                  "or with --processes one for each; as last time, else "
                  "127.0.0.1")
      ->delimiter(',');
  auto& store = cmd->options.store;
  sub->add_option("--store", store.where,
                  "Keep the state in etcd://HOST:PORT[,HOST:PORT...]; as last "
                  "time, else leveldb: here")
      ->check(check_store_choice);
  sub->add_option("--store-ca", store.authority_file,
                  "File with the authority that etcd's servers are trusted by");
  sub->add_option("--store-cert", store.certificate_file,
                  "File with the certificate that etcd knows us by");
  sub->add_option("--store-key", store.key_file, "File with its key");
  sub->add_option("--store-quota", cmd->quota,
                  "Bytes, such as 8Gi, of state above which nothing more is "
                  "taken, 0 for no limit; as last time, else 2Gi")
      ->check(check_quota);
  sub->add_option("--store-history", cmd->history,
                  "How long what was can be read and watched, such as 24h, but "
                  "no more than 450,000 changes; as last time, else 1h")
      ->check(check_history);
  add_front_flags(*sub, cmd->options.front);
  sub->add_flag("--detach", cmd->detach, "Return once the nodes are Ready");
  sub->callback([cmd, port, &env] {
    cmd->options.port_given = port->count() > 0;
    cmd->options.api_port_given =
        cmd->api_port.has_value() || cmd->options.port == 0;
    cmd->options.data_dir = fs::absolute(env.data_directory());
    settle_front(cmd->options.front);
    // Who lets the system choose one port has several clusters.
    if (cmd->api_port || cmd->options.port == 0)
      cmd->options.api_port = cmd->api_port.value_or(0);
    if (!cmd->quota.empty())
      cmd->options.limits.quota_bytes =
          static_cast<uint64_t>(text::quantity::parse(cmd->quota)->value());
    if (!cmd->history.empty())
      cmd->options.limits.keep_time =
          std::chrono::duration_cast<std::chrono::seconds>(
              *text::parse_duration(cmd->history));
    auto last = read_shape(cmd->options.data_dir);
    cmd->options.apart |= last && last->apart;
    make_serving make =
        [options = cmd->options](
            serving_process::report say) -> std::unique_ptr<serving_process> {
      if (options.apart)
        return std::make_unique<apart_process>(options, std::move(say));
      return std::make_unique<cluster_process>(options, std::move(say));
    };
    if (cmd->detach)
      run_detached(make, cmd->options.data_dir + "/troupe.log", env);
    else
      run_in_front(make, env);
  });
}

} // namespace troupe::cli

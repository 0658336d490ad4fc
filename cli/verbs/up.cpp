#include "cli/cluster_process.hpp"
#include "cli/commands.hpp"
#include "cli/serving.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/quantity.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

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

/// Runs the cluster in this process; `ready` is called once it is.
int run_here(const up_options& options, std::ostream& out, std::ostream& err,
             const std::function<void(bool)>& ready) {
  prepare_to_serve();
  cluster_process cluster{
      options, [&](const std::string& line) { out << line << std::endl; }};
  if (auto failure = cluster.start()) {
    err << "error: " << message_of(failure) << std::endl;
    ready(false);
    // Half a cluster: nothing in it is worth an end in order.
    std::_Exit(failed);
  }
  out << "Kubeconfig: " << cluster.kubeconfig_path() << std::endl;
  ready(true);
  cluster.serve();
  end_served(out);
}

/// Runs the cluster in this process, which is to stay; until it is ready, who
/// reads at the other end of `words` sees what happens.
[[noreturn]] void stay(const up_options& options, int words,
                       const std::string& log) {
  setsid();
  auto quiet = open("/dev/null", O_RDONLY);
  auto file = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (quiet >= 0)
    dup2(quiet, 0);
  if (file >= 0) {
    dup2(file, 1);
    dup2(file, 2);
  }
  auto out = fdopen(words, "w");
  // Threads that keep servers running speak, too.
  std::mutex speaking;
  auto say = [&](const std::string& line) {
    std::lock_guard guard{speaking};
    if (out != nullptr) {
      fputs((line + "\n").c_str(), out);
      fflush(out);
    }
  };
  prepare_to_serve();
  cluster_process cluster{options, say};
  if (auto failure = cluster.start()) {
    say("error: " + message_of(failure));
    _exit(failed);
  }
  say("Kubeconfig: " + cluster.kubeconfig_path());
  say("ready");
  {
    std::lock_guard guard{speaking};
    if (out != nullptr)
      fclose(out);
    out = stdout;
  }
  cluster.serve();
  _exit(done);
}

/// What was heard of a process that is to stay.
struct beginning {
  bool ready = false;
  bool told = false; ///< why it is not
};

beginning listen(int words, environment& env) {
  beginning result;
  auto in = fdopen(words, "r");
  char line[4096];
  while (fgets(line, sizeof(line), in) != nullptr) {
    std::string text{line};
    if (text == "ready\n") {
      result.ready = true;
      break;
    }
    auto bad = text.rfind("error: ", 0) == 0;
    result.told = result.told || bad;
    (bad ? env.err() : env.out()) << text;
  }
  fclose(in);
  return result;
}

/// Runs the cluster in a process of its own and returns once it is ready.
int run_detached(const up_options& options, environment& env) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    env.err() << "error: no pipe: " << std::strerror(errno) << "\n";
    return failed;
  }
  std::error_code ignored;
  fs::create_directories(options.data_dir, ignored);
  auto log = options.data_dir + "/troupe.log";
  auto child = fork();
  if (child < 0) {
    env.err() << "error: no process: " << std::strerror(errno) << "\n";
    return failed;
  }
  if (child == 0)
    stay(options, pipe_ends[1], log);
  close(pipe_ends[1]);
  auto heard = listen(pipe_ends[0], env);
  if (heard.ready)
    return done;
  int status = 0;
  waitpid(child, &status, 0);
  if (!heard.told)
    env.err() << "error: the cluster's process ended; " << log
              << " may say why\n";
  return failed;
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
  sub->add_option("--runtime", cmd->options.runtime,
                  "What runs the pods; as last time, else process")
      ->check(CLI::IsMember({"process", "simulated"}));
  sub->add_option("--network", cmd->options.network,
                  "How pods get addresses; the best possible unless given")
      ->check(CLI::IsMember({"loopback", "bridge"}));
  sub->add_option("--port", cmd->options.port, "Port of the actors, 0 for any");
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
  sub->add_flag("--detach", cmd->detach, "Return once the nodes are Ready");
  sub->callback([cmd, &env] {
    cmd->options.data_dir = fs::absolute(env.data_directory());
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
    if (cmd->detach)
      env.code = run_detached(cmd->options, env);
    else
      env.code = run_here(cmd->options, env.out(), env.err(), [](bool) {});
  });
}

} // namespace troupe::cli

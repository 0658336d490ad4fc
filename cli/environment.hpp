#pragma once

#include "actors/client/command_client.hpp"

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace troupe::cli {

/// Exit codes of every command.
enum exit_code : int { done = 0, failed = 1, wrong_usage = 2 };

/// What every command is given: the options that all have, the way to the
/// cluster, and where to print.
class environment {
public:
  /// Commands use `client` when there is one, and open their own otherwise.
  environment(std::ostream& out, std::ostream& err,
              std::shared_ptr<command_client> client = nullptr);
  ~environment();

  /// Options that stand before or after the verb.
  std::string kubeconfig; ///< --kubeconfig
  std::string context;    ///< --context
  std::string data_dir;   ///< --data-dir
  std::string ns;         ///< -n; "" for the context's

  /// What stood behind `--`: a command and its arguments.
  std::vector<std::string> rest;

  /// Result of the command that ran.
  int code = done;

  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }

  /// Returns the data directory: --data-dir, TROUPE_DATA_DIR, else
  /// /var/lib/troupe for root and $XDG_STATE_HOME/troupe
  /// (~/.local/state/troupe) otherwise.
  std::string data_directory() const;

  /// Returns what the user named as such; "" for nothing.
  std::string named_directory() const;

  /// Returns the kubeconfig to use: --kubeconfig, that of a data directory
  /// which is named, KUBECONFIG, else that of the default data directory.
  std::string kubeconfig_path() const;

  /// Returns the session, opened at the first call.
  expected<command_client*> try_client();

  /// The same; without one it has told the user why, and set `code`.
  command_client* client();

  /// Returns what the kubeconfig says of the cluster and the user. Owned.
  expected<const crypto::kubeconfig_access*> access();

  /// Returns a session with each process of the cluster that serves and can be
  /// reached; `client` alone where there is one. Without any it has told the
  /// user why, and set `code`.
  std::vector<std::shared_ptr<command_client>> all_clients();

  /// Returns all actors of all processes that any server knows of.
  expected<system::ActorList> all_actors();

  /// Returns the namespace to use.
  std::string current_namespace();

  /// Prints an error as kubectl words it, and sets `code`.
  void fail(const caf::error& err);

  /// The same for what is sure to be the server's answer.
  void refused(const caf::error& err);

  /// Prints what went wrong on this machine, which is no answer of a server,
  /// and sets `code`.
  void fail_here(const caf::error& err);

  /// The same for a mistake in how the command was called: exit code 2.
  void misuse(const std::string& what);

private:
  caf::error load();

  std::ostream& out_;
  std::ostream& err_;
  bool loaded_ = false;
  crypto::kubeconfig_access access_;
  std::shared_ptr<command_client> client_;
};

/// One command: adds itself to the command line. What it does runs as the
/// subcommand's callback and leaves its result in `env`.
using add_command = void (*)(CLI::App& app, environment& env);

} // namespace troupe::cli

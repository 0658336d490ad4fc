#include "cli/verbs/join_options.hpp"

#include <CLI/CLI.hpp>

namespace troupe::cli {

void add_join_options(CLI::App& to, join_options& options) {
  to.add_option("--join", options.servers,
                "ADDRESS:PORT or HOST:PORT of the actors of any server; else "
                "the cluster "
                "of this machine or of the local network, if there is one")
      ->delimiter(',');
  to.add_option("--token-file", options.token_file,
                "File with the token to join with; else TROUPE_TOKEN, or that "
                "of a cluster of this machine");
  to.add_option("--discovery-port", options.discovery_port,
                "UDP port at which clusters are looked for, 0 for not");
}

} // namespace troupe::cli

#include "cli/cluster_parts.hpp"
#include "cli/join_service.hpp"

namespace troupe::cli {

/// Others may join from here on; the tree is told of the authority's key.
void cluster_process::parts::open_joins(const up_options& options) {
  auto facts =
      facts_of(*config, keys.authority.certificate, host, port, api_port,
               to_string(network->addresses().api_service()));
  joins = std::make_unique<join_service>(
      *system, *secure,
      join_service_parts{options.data_dir, keys.authority, std::move(facts),
                         https, sockets},
      *config);
  outside->authority = joins->authority();
}

/// Who looks for the cluster finds it, and its token where that is near.
caf::error cluster_process::parts::announce(command_client& client,
                                            const up_options& options,
                                            const report& tell) {
  if (auto err =
          give_own_token(client, options.data_dir, keys.authority.certificate))
    return err;
  for (auto& err :
       {joins->announce_here(), joins->announce(options.discovery_port)})
    if (err)
      tell("Warning: " + message_of(err));
  return caf::none;
}

} // namespace troupe::cli

#include "cli/readiness.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "runtime/rules/node_plan.hpp"

namespace troupe::cli {

caf::error wait_for_api(command_client& client) {
  // Whoever starts a cluster writes to both.
  std::set<std::string> missing{"default", "kube-system"};
  auto err = client.watch(
      {&kind_of<core::v1::Namespace>(), {}, {}, {}}, {},
      [&](const changes& batch) {
        for (auto& c : batch.items)
          missing.erase(c.what.name());
        return !missing.empty();
      },
      start_patience);
  if (err)
    return make_error(ec::timeout,
                      "the API server does not answer: " + message_of(err));
  return caf::none;
}

caf::error wait_for_nodes(command_client& client,
                          const std::set<std::string>& nodes) {
  std::set<std::string> ready;
  auto err = client.watch(
      {&kind_of<core::v1::Node>(), {}, {}, {}}, {},
      [&](const changes& batch) {
        for (auto& c : batch.items)
          if (nodes.count(c.what.name()) > 0
              && rules::is_node_ready(c.what.as<core::v1::Node>()))
            ready.insert(c.what.name());
        return ready.size() < nodes.size();
      },
      start_patience);
  if (err)
    return make_error(ec::timeout,
                      "only " + std::to_string(ready.size()) + " of "
                          + std::to_string(nodes.size())
                          + " nodes became Ready: " + message_of(err));
  return caf::none;
}

} // namespace troupe::cli

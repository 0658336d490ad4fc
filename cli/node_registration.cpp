#include "cli/node_registration.hpp"

#include "cli/resources.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/node_plan.hpp"
#include "runtime/rules/node_status.hpp"
#include "runtime/system/machine.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::cli {

namespace {

using core::v1::Node;

constexpr auto patience = std::chrono::seconds(30);

selection only(const std::string& name) {
  return {&kind_of<Node>(), {}, {}, "metadata.name=" + name};
}

} // namespace

expected<node_registration>
node_registration::open(const join::ClusterFacts& cluster,
                        const crypto::credential& own,
                        const std::string& authority) {
  crypto::kubeconfig_access access;
  access.cluster.name = cluster.cluster_name();
  access.cluster.authority = authority;
  for (auto& place : cluster.servers())
    access.cluster.actors += (access.cluster.actors.empty() ? "" : ",") + place;
  access.user.key = own.key;
  access.user.certificate = own.certificate;
  auto client = command_client::connect(access);
  if (!client)
    return client.error();
  node_registration result;
  result.client_ = std::move(*client);
  return result;
}

expected<std::string> node_registration::range_of(const std::string& name,
                                                  bool simulated) {
  auto& kind = kind_of<Node>();
  auto machine = simulated ? simulated_machine() : this_machine("/");
  machine.name = name;
  auto made = client_->ask(about(call::CREATE, kind, {}, name),
                           object::of(rules::new_node(machine)));
  if (!made && !is(made.error(), ec::already_exists))
    return made.error();
  std::string range;
  auto err = client_->watch(
      only(name), {},
      [&](const changes& batch) {
        for (auto& each : batch.items)
          if (each.what.name() == name)
            range = each.what.as<Node>().spec().pod_cidr();
        return range.empty();
      },
      patience);
  if (range.empty())
    return make_error(ec::timeout,
                      "the cluster has given node " + name
                          + " no addresses for pods: are its controllers "
                            "running?"
                          + (err ? " (" + message_of(err) + ")" : ""));
  return range;
}

caf::error node_registration::wait_until_ready(const std::string& name) {
  auto ready = false;
  auto err = client_->watch(
      only(name), {},
      [&](const changes& batch) {
        for (auto& each : batch.items)
          if (each.what.name() == name)
            ready = rules::is_node_ready(each.what.as<Node>());
        return !ready;
      },
      patience);
  if (ready)
    return caf::none;
  return make_error(ec::timeout, "node " + name + " did not become Ready: "
                                     + message_of(err));
}

} // namespace troupe::cli

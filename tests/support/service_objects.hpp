#pragma once

#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"

#include <string>

/// Services and their endpoints, as tests of the proxy need them.
namespace troupe::test {

/// default/NAME at `cluster_ip`, port 80 leading to targets of slices.
inline core::v1::Service proxied_service(const std::string& name,
                                         const std::string& cluster_ip,
                                         int node_port = 0) {
  core::v1::Service x;
  x.mutable_metadata()->set_name(name);
  x.mutable_metadata()->set_namespace_("default");
  x.mutable_spec()->set_cluster_ip(cluster_ip);
  x.mutable_spec()->add_cluster_ips(cluster_ip);
  x.mutable_spec()->set_type(node_port ? "NodePort" : "ClusterIP");
  auto* port = x.mutable_spec()->add_ports();
  port->set_port(80);
  port->set_protocol("TCP");
  if (node_port)
    port->set_node_port(node_port);
  return x;
}

/// A slice of default/SERVICE whose only port is `port`.
inline discovery::v1::EndpointSlice slice_of(const std::string& service,
                                             int port,
                                             const std::string& suffix = "1") {
  discovery::v1::EndpointSlice x;
  x.mutable_metadata()->set_name(service + "-" + suffix);
  x.mutable_metadata()->set_namespace_("default");
  (*x.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] =
      service;
  x.set_address_type("IPv4");
  auto* p = x.add_ports();
  p->set_name("");
  p->set_protocol("TCP");
  p->set_port(port);
  return x;
}

/// Adds an endpoint that is ready, or not.
inline discovery::v1::Endpoint*
add_endpoint(discovery::v1::EndpointSlice& slice, const std::string& address,
             bool ready = true, const std::string& node = "node-1") {
  auto* x = slice.add_endpoints();
  x->add_addresses(address);
  x->mutable_conditions()->set_ready(ready);
  x->set_node_name(node);
  return x;
}

} // namespace troupe::test

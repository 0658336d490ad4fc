#include "tests/support/cluster_objects.hpp"

#include "runtime/rules/conditions.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/text/int_or_string.hpp"

namespace troupe::test {

namespace {

void fill(meta::v1::ObjectMeta& meta, const std::string& ns,
          const std::string& name) {
  meta.set_name(name);
  meta.set_namespace_(ns);
  meta.set_uid("uid-" + name);
  meta.set_resource_version("100");
  meta.set_generation(1);
  *meta.mutable_creation_timestamp() = to_time(new_year());
}

void fill(core::v1::PodTemplateSpec& from) {
  (*from.mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = from.mutable_spec()->add_containers();
  container->set_name("web");
  container->set_image("web:1");
  auto* port = container->add_ports();
  port->set_name("http");
  port->set_container_port(8080);
  port->set_protocol("TCP");
}

} // namespace

time_point new_year() {
  return time_point{std::chrono::seconds{1767225600}};
}

apps::v1::ReplicaSet replica_set(int replicas) {
  apps::v1::ReplicaSet set;
  fill(*set.mutable_metadata(), "default", "web");
  auto* spec = set.mutable_spec();
  spec->set_replicas(replicas);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  fill(*spec->mutable_template_());
  return set;
}

apps::v1::Deployment deployment(int replicas) {
  apps::v1::Deployment result;
  fill(*result.mutable_metadata(), "default", "web");
  auto* spec = result.mutable_spec();
  spec->set_replicas(replicas);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  fill(*spec->mutable_template_());
  spec->set_revision_history_limit(10);
  spec->set_progress_deadline_seconds(600);
  auto* strategy = spec->mutable_strategy();
  strategy->set_type("RollingUpdate");
  auto* rolling = strategy->mutable_rolling_update();
  *rolling->mutable_max_surge() = text::int_or_string("25%");
  *rolling->mutable_max_unavailable() = text::int_or_string("25%");
  return result;
}

core::v1::Pod pod(const std::string& name, const std::string& node) {
  core::v1::Pod result;
  fill(*result.mutable_metadata(), "default", name);
  (*result.mutable_metadata()->mutable_labels())["app"] = "web";
  core::v1::PodTemplateSpec from;
  fill(from);
  *result.mutable_spec() = from.spec();
  result.mutable_spec()->set_node_name(node);
  result.mutable_spec()->set_restart_policy("Always");
  result.mutable_status()->set_phase("Running");
  result.mutable_status()->set_pod_ip("10.244.0.9");
  result.mutable_status()->add_pod_ips()->set_ip("10.244.0.9");
  set_ready(result, true, new_year());
  return result;
}

void set_ready(core::v1::Pod& pod, bool ready, time_point since) {
  auto& list = *pod.mutable_status()->mutable_conditions();
  rules::remove_condition(list, "Ready");
  rules::set_condition(list, "Ready", ready ? "True" : "False", "", "", since);
}

void own(meta::v1::ObjectMeta& meta, const object& owner) {
  rules::adopt(meta, owner);
}

core::v1::Service service() {
  core::v1::Service result;
  fill(*result.mutable_metadata(), "default", "web");
  auto* spec = result.mutable_spec();
  (*spec->mutable_selector())["app"] = "web";
  spec->set_type("ClusterIP");
  spec->set_cluster_ip("10.96.0.7");
  spec->add_cluster_ips("10.96.0.7");
  spec->add_ip_families("IPv4");
  auto* port = spec->add_ports();
  port->set_port(80);
  port->set_protocol("TCP");
  *port->mutable_target_port() = text::int_or_string(8080);
  return result;
}

core::v1::Node node(const std::string& name) {
  core::v1::Node result;
  fill(*result.mutable_metadata(), "", name);
  rules::set_condition(*result.mutable_status()->mutable_conditions(), "Ready",
                       "True", "KubeletReady",
                       "kubelet is posting ready status", new_year());
  return result;
}

} // namespace troupe::test

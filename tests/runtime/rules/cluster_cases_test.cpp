#include "messages/api/authentication.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/scheduling.pb.h"
#include "rule_cases.hpp"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/requests.hpp"

namespace troupe::rules {

using authentication::v1::TokenRequest;
using coordination::v1::Lease;
using core::v1::Event;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::ServiceAccount;
using scheduling::v1::PriorityClass;

namespace {

using check_function = std::function<std::vector<field_error>()>;

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

check_function takes(const char* text) {
  return [text] {
    auto ns = from_text<Namespace>(text);
    return as_findings(check_namespace_takes(&ns, "web", "pods", "a"));
  };
}

check_function missing() {
  return [] {
    return as_findings(check_namespace_takes(nullptr, "web", "pods", "a"));
  };
}

check_function goes(const char* name) {
  return [name] { return as_findings(check_namespace_may_go(name)); };
}

void add_namespaces(rule_cases& all) {
  kind_cases<Namespace> cases{all, "core/v1", "Namespace",
                              R"(metadata { name: "web" })"};
  auto add = [](const char* text) { return merge<Namespace>(text); };
  cases.create("name", "metadata.name", add(R"(metadata { name: "a.b" })"),
               add(R"(metadata { name: "a-b" })"));
  cases.create("finalizers", "spec.finalizers[0]",
               add(R"(spec { finalizers: "mine" })"),
               add(R"(spec { finalizers: "a.b/c" })"));
  cases.status("phase", "status.phase",
               add(R"(status { phase: "Terminating" })"),
               add(R"(status { phase: "Active" })"));
  cases.status("phase", "status.phase", add(R"(status { phase: "Active" })"),
               add(R"(status { phase: "Terminating" })"),
               add("metadata { deletion_timestamp { seconds: 1 } }"));
  cases.call("create-in-ending", "",
             takes("metadata { deletion_timestamp { seconds: 1 } }"),
             takes(R"(status { phase: "Active" })"));
  cases.call("create-in-ending", "", missing(), takes(""));
  for (auto* name : {"default", "kube-system", "kube-public"})
    cases.call("first-namespaces-stay", "", goes(name), goes("web"));
}

void add_nodes(rule_cases& all) {
  kind_cases<Node> cases{all, "core/v1", "Node", R"(metadata { name: "n" })"};
  auto add = [](const char* text) { return merge<Node>(text); };
  cases.create("name", "metadata.name", add(R"(metadata { name: "N" })"),
               add(R"(metadata { name: "n.a" })"));
  cases.create("taints", "spec.taints[0].key",
               add(R"(spec { taints { key: "a b" effect: "NoSchedule" } })"),
               add(R"(spec { taints { key: "a" effect: "NoSchedule" }
                             taints { key: "a" effect: "NoExecute" } })"));
  cases.create("taints", "spec.taints[0].effect",
               add(R"(spec { taints { key: "a" } })"));
  cases.create("taints", "spec.taints[0].effect",
               add(R"(spec { taints { key: "a" effect: "Never" } })"));
  cases.create("taints", "spec.taints[1]",
               add(R"(spec { taints { key: "a" effect: "NoSchedule" }
                             taints { key: "a" value: "b"
                                      effect: "NoSchedule" } })"));
  auto ranges = R"(spec { pod_cidr: "10.1.0.0/24" pod_cidrs: "10.1.0.0/24"
                          pod_cidrs: "fd00::/64" })";
  cases.create("pod-cidrs", "spec.podCIDRs[0]",
               add(R"(spec { pod_cidr: "10.1.0.0" pod_cidrs: "10.1.0.0" })"),
               add(ranges));
  cases.create("pod-cidrs", "spec.podCIDRs",
               add(R"(spec { pod_cidr: "10.1.0.0/24" pod_cidrs: "10.1.0.0/24"
                             pod_cidrs: "10.2.0.0/24" })"));
  cases.create("pod-cidrs", "spec.podCIDRs[0]",
               add(R"(spec { pod_cidr: "10.2.0.0/24"
                             pod_cidrs: "10.1.0.0/24" })"));
  cases.update(
      "pod-cidrs", "spec.podCIDRs",
      [](Node& node) {
        node.mutable_spec()->clear_pod_cidrs();
        node.mutable_spec()->clear_pod_cidr();
      },
      [](Node&) {}, add(ranges));
  cases.update(
      "provider-id", "spec.providerID", add(R"(spec { provider_id: "b" })"),
      [](Node&) {}, add(R"(spec { provider_id: "a" })"));
  auto address = R"(status { addresses { type: "InternalIP"
                                         address: "10.0.0.1" } })";
  cases.status(
      "addresses", "status.addresses[1]",
      [address](Node& node) {
        merge<Node>(address)(node);
        merge<Node>(address)(node);
      },
      add(address));
  cases.status("capacity", "status.capacity[cpu]",
               add(R"(status { capacity { key: "cpu"
                                          value { string: "-1" } } })"),
               add(R"(status { capacity { key: "cpu"
                                          value { string: "1500m" } } })"));
  cases.status("capacity", "status.capacity[a.b/gpu]",
               add(R"(status { capacity { key: "a.b/gpu"
                                          value { string: "1500m" } } })"));
  cases.update("spec-immutable", "spec", add(R"(spec { external_id: "x" })"),
               add(R"(spec { unschedulable: true pod_cidr: "10.1.0.0/24"
                             pod_cidrs: "10.1.0.0/24" provider_id: "p"
                             taints { key: "a" effect: "NoSchedule" } })"));
}

check_function token(const char* text) {
  return [text] {
    return validate_token_request(
        from_text<TokenRequest>(std::string{"spec { "} + text + " }"));
  };
}

check_function only_default(const char* other) {
  return [other] {
    PriorityClass one;
    one.mutable_metadata()->set_name("a");
    one.set_global_default(true);
    PriorityClass two;
    two.mutable_metadata()->set_name(other);
    two.set_global_default(true);
    return as_findings(check_default_class(one, {&two}));
  };
}

void add_priorities(rule_cases& all) {
  kind_cases<PriorityClass> cases{all, "scheduling/v1", "PriorityClass",
                                  R"(metadata { name: "high" } value: 5)"};
  auto add = [](const char* text) { return merge<PriorityClass>(text); };
  cases.create("name", "metadata.name", add(R"(metadata { name: "A" })"));
  cases.create("name", "metadata.name",
               add(R"(metadata { name: "system-mine" })"),
               add(R"(metadata { name: "system-node-critical" }
                      value: 2000001000)"));
  cases.create("value", "value", add("value: 1000000001"),
               add("value: 1000000000"));
  cases.update("value", "value", add("value: 6"), add(R"(description: "x")"));
  cases.create("preemption-policy", "preemptionPolicy",
               add(R"(preemption_policy: "Maybe")"),
               add(R"(preemption_policy: "Never")"));
  cases.update("preemption-policy", "preemptionPolicy",
               add(R"(preemption_policy: "Never")"));
  cases.call("one-default", "", only_default("b"), only_default("a"));
}

} // namespace

void add_cluster_cases(rule_cases& all) {
  add_namespaces(all);
  add_nodes(all);
  kind_cases<ServiceAccount> accounts{all, "core/v1", "ServiceAccount",
                                      R"(metadata { name: "a"
                                                    namespace: "b" })"};
  accounts.create("name", "metadata.name",
                  merge<ServiceAccount>(R"(metadata { name: "A" })"),
                  merge<ServiceAccount>(R"(metadata { name: "a.b" })"));
  accounts.call("token", "spec.expirationSeconds",
                token("expiration_seconds: 599"),
                token("expiration_seconds: 600"));
  accounts.call("token", "spec.expirationSeconds",
                token("expiration_seconds: 4294967297"),
                token("expiration_seconds: 4294967296"));
  accounts.call("token", "spec.boundObjectRef.kind",
                token(R"(bound_object_ref { kind: "Service" name: "a" })"),
                token(R"(bound_object_ref { kind: "Pod" name: "a" })"));
  kind_cases<Event> events{all, "core/v1", "Event", R"(
    metadata { name: "a" namespace: "web" }
    involved_object { namespace: "web" })"};
  events.create("involved-namespace", "involvedObject.namespace",
                merge<Event>(R"(involved_object { namespace: "other" })"));
  events.create(
      "involved-namespace", "involvedObject.namespace",
      [](Event& obj) { obj.clear_involved_object(); },
      [](Event& obj) {
        obj.clear_involved_object();
        obj.mutable_metadata()->set_namespace_("default");
      });
  add_priorities(all);
  kind_cases<Lease> leases{all, "coordination/v1", "Lease",
                           R"(metadata { name: "a" namespace: "b" })"};
  leases.create("duration", "spec.leaseDurationSeconds",
                merge<Lease>("spec { lease_duration_seconds: 0 }"),
                merge<Lease>("spec { lease_duration_seconds: 1 }"));
  leases.create("transitions", "spec.leaseTransitions",
                merge<Lease>("spec { lease_transitions: -1 }"),
                merge<Lease>("spec { lease_transitions: 0 }"));
}

} // namespace troupe::rules

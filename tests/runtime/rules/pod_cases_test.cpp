#include "messages/api/node.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/scheduling.pb.h"
#include "pod_base.hpp"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/disruption_plan.hpp"
#include "runtime/rules/pod_subresources.hpp"

namespace troupe::rules {

using core::v1::Binding;
using core::v1::Pod;
using policy::v1::PodDisruptionBudget;

namespace {

using cases = kind_cases<Pod>;

std::function<std::vector<field_error>()>
priority(const char* name, std::optional<int32_t> value) {
  return [name, value] {
    scheduling::v1::PriorityClass high;
    high.mutable_metadata()->set_name("high");
    high.set_value(5);
    auto pod = from_text<Pod>(good_pod);
    pod.mutable_spec()->set_priority_class_name(name);
    if (value)
      pod.mutable_spec()->set_priority(*value);
    return as_findings(resolve_priority(pod, {&high}));
  };
}

std::function<std::vector<field_error>()> overhead(const char* amount) {
  return [amount] {
    node::v1::RuntimeClass vm;
    auto& fixed = *vm.mutable_overhead()->mutable_pod_fixed();
    fixed["cpu"].set_string("250m");
    auto pod = from_text<Pod>(good_pod);
    pod.mutable_spec()->set_runtime_class_name("vm");
    (*pod.mutable_spec()->mutable_overhead())["cpu"].set_string(amount);
    return as_findings(apply_runtime_class(pod, &vm));
  };
}

void add_admission(cases& pods) {
  pods.call("priority-class", "", priority("no", {}), priority("high", {}));
  pods.call("priority-class", "", priority("high", 6), priority("high", 5));
  pods.call("overhead", "", overhead("1"), overhead("0.25"));
  pods.create("overhead", "spec.overhead.limits[cpu]",
              spec(R"(overhead { key: "cpu" value { string: "-1" } })"));
}

void add_updates(cases& pods) {
  pods.create(
      "name", "metadata.name",
      [](Pod& pod) { pod.mutable_metadata()->set_name("A"); },
      [](Pod& pod) { pod.mutable_metadata()->set_name("a.b-c"); });
  auto change = [](const char* text) { return spec(text); };
  auto image = [](Pod& pod) {
    pod.mutable_spec()->mutable_containers(0)->set_image("nginx:2");
  };
  pods.update("spec-immutable", "spec", change(R"(node_name: "n")"), image);
  pods.update("spec-immutable", "spec", change(R"(hostname: "n")"),
              change("active_deadline_seconds: 5"));
  pods.update("spec-immutable", "spec", container(R"(command: "a")"),
              change(R"(tolerations { operator: "Exists" })"));
  pods.update("spec-immutable", "spec.activeDeadlineSeconds",
              change("active_deadline_seconds: 6"),
              change("active_deadline_seconds: 4"),
              change("active_deadline_seconds: 5"));
  pods.update(
      "spec-immutable", "spec.tolerations",
      [](Pod& pod) { pod.mutable_spec()->clear_tolerations(); },
      [](Pod& pod) {
        pod.mutable_spec()->mutable_tolerations(0)->set_toleration_seconds(5);
      },
      change(R"(tolerations { operator: "Exists"
                                      effect: "NoExecute" })"));
  pods.update(
      "spec-immutable", "spec.nodeSelector",
      [](Pod& pod) { pod.mutable_spec()->clear_node_selector(); },
      change(R"(node_selector { key: "b" value: "c" })"),
      change(R"(scheduling_gates { name: "a" }
                        node_selector { key: "a" value: "b" })"));
  pods.update("containers-fixed", "spec.containers", [](Pod& pod) {
    *pod.mutable_spec()->add_containers() = pod.spec().containers(0);
    pod.mutable_spec()->mutable_containers(1)->set_name("more");
    pod.mutable_spec()->mutable_containers(1)->clear_ports();
  });
  auto grace = [](int64_t seconds) {
    return [seconds](Pod& pod) {
      pod.mutable_spec()->set_termination_grace_period_seconds(seconds);
    };
  };
  pods.update("grace-period", "spec", grace(10), grace(1), grace(-1));
  pods.create("grace-period", "spec.restartPolicy",
              change(R"(restart_policy: "no")"), grace(-5));
}

void add_status(cases& pods) {
  auto state = [](const char* what, const char* policy) {
    return [what, policy](Pod& pod) {
      pod.mutable_spec()->set_restart_policy(policy);
      auto* list = pod.mutable_status()->mutable_container_statuses();
      list->Clear();
      auto text = std::string{R"(name: "main" state { )"} + what + " }";
      EXPECT_TRUE(
          google::protobuf::TextFormat::MergeFromString(text, list->Add()));
    };
  };
  auto at = "status.containerStatuses[0].state";
  pods.status("status-apart", at, state("running {}", "Never"),
              state("terminated { exit_code: 0 }", "Never"),
              state("terminated { exit_code: 1 }", "Never"));
  pods.status("status-apart", at, state("waiting {}", "OnFailure"),
              state("terminated { exit_code: 0 reason: \"x\" }", "OnFailure"),
              state("terminated { exit_code: 0 }", "OnFailure"));
  auto addresses = [](const char* text) {
    return [text](Pod& pod) {
      EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
          text, pod.mutable_status()));
    };
  };
  pods.status("pod-ips", "status.podIPs[0]",
              addresses(R"(pod_ip: "10.0.0.1" pod_ips { ip: "10.0.0.2" })"),
              addresses(R"(pod_ip: "10.0.0.1")"));
  pods.status("pod-ips", "status.podIPs",
              addresses(R"(pod_ip: "10.0.0.1" pod_ips { ip: "10.0.0.1" }
                           pod_ips { ip: "10.0.0.2" })"),
              addresses(R"(pod_ip: "10.0.0.1" pod_ips { ip: "10.0.0.1" }
                           pod_ips { ip: "fd00::1" })"));
  pods.status("pod-ips", "status.podIPs[0]",
              addresses(R"(pod_ip: "10.0.0" pod_ips { ip: "10.0.0" })"));
}

void add_mirrors(cases& pods) {
  auto note = [](Pod& pod, const char* value) {
    (*pod.mutable_metadata()
          ->mutable_annotations())["kubernetes.io/config.mirror"] = value;
  };
  auto at = "metadata.annotations[kubernetes.io/config.mirror]";
  auto placed = [note](Pod& pod) {
    note(pod, "1");
    pod.mutable_spec()->set_node_name("n");
  };
  pods.create(
      "mirror-pods", at, [note](Pod& pod) { note(pod, "1"); }, placed);
  pods.create("mirror-pods", "spec.volumes[0].secret", [placed](Pod& pod) {
    placed(pod);
    volume(R"(secret { secret_name: "s" })")(pod);
  });
  pods.create("mirror-pods", "spec.serviceAccountName", [placed](Pod& pod) {
    placed(pod);
    pod.mutable_spec()->set_service_account_name("a");
  });
  pods.update(
      "mirror-pods", at, [note](Pod& pod) { note(pod, "2"); }, [](Pod&) {},
      placed);
}

std::function<std::vector<field_error>()> bound(const char* target) {
  return [target] {
    return validate_binding(
        from_text<Binding>(std::string{"target { "} + target + " }"));
  };
}

std::function<std::vector<field_error>()> bind_to(const char* change) {
  return [change] {
    auto pod = from_text<Pod>(good_pod);
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(change, &pod));
    return as_findings(apply_binding(
        pod, from_text<Binding>(R"(target { name: "n" })"), time_point{}));
  };
}

std::function<std::vector<field_error>()> evicted(int allowed) {
  return [allowed] {
    auto pod = from_text<Pod>(good_pod);
    pod.mutable_status()->set_phase("Running");
    PodDisruptionBudget budget;
    budget.mutable_metadata()->set_namespace_(pod.metadata().namespace_());
    budget.mutable_spec()->mutable_selector();
    budget.mutable_status()->set_disruptions_allowed(allowed);
    std::vector budgets{object::of(budget)};
    auto plan = plan_eviction(object::of(pod), budgets, time_point{});
    EXPECT_TRUE(plan || is(plan.error(), ec::too_many_requests));
    return as_findings(plan ? caf::error{} : plan.error());
  };
}

std::function<std::vector<field_error>()> logs(const char* options) {
  return [options] {
    return validate_log_options(from_text<core::v1::PodLogOptions>(options));
  };
}

std::function<std::vector<field_error>()> chosen(const char* note) {
  return [note] {
    auto pod = from_text<Pod>(good_pod);
    pod.mutable_spec()->add_containers()->set_name("side");
    auto& notes = *pod.mutable_metadata()->mutable_annotations();
    notes["kubectl.kubernetes.io/default-container"] = note;
    auto name = choose_container(pod, "");
    return as_findings(name ? caf::error{} : name.error());
  };
}

void add_subresources(cases& pods) {
  pods.call("binding", "target.kind", bound(R"(kind: "Pod" name: "n")"),
            bound(R"(kind: "Node" name: "n")"));
  pods.call("binding", "target.name", bound(""), bound(R"(name: "n")"));
  pods.call("binding", "", bind_to(R"(spec { node_name: "m" })"), bind_to(""));
  pods.call("binding", "",
            bind_to("metadata { deletion_timestamp { seconds: 1 } }"),
            bind_to(""));
  pods.call("eviction", "", evicted(0), evicted(1));
  pods.call("log", "tailLines", logs("tail_lines: -1"), logs("tail_lines: 0"));
  pods.call("log", "limitBytes", logs("limit_bytes: 0"),
            logs("limit_bytes: 1"));
  pods.call("log", "sinceSeconds", logs("since_seconds: 0"),
            logs("since_seconds: 1"));
  pods.call("log", "sinceSeconds",
            logs("since_seconds: 1 since_time { seconds: 1 }"),
            logs("since_time { seconds: 1 }"));
  pods.call("log", "", chosen("no"), chosen("side"));
}

} // namespace

void add_pod_cases(rule_cases& all) {
  auto pods = cases_of_pods(all);
  add_admission(pods);
  add_updates(pods);
  add_status(pods);
  add_mirrors(pods);
  add_subresources(pods);
}

} // namespace troupe::rules

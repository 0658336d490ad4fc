#include "runtime/rules/default_flow.hpp"

#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"

#include <initializer_list>

namespace troupe::rules {

using namespace flowcontrol::v1;

namespace {

using words = std::initializer_list<const char*>;

constexpr auto star = "*";
constexpr auto marker = "exempt";

// -- levels -------------------------------------------------------------------

/// What waits in a level, and how it is dealt.
struct queuing {
  int32_t queues;
  int32_t hand;
};

constexpr int32_t queue_length = 50;

PriorityLevelConfiguration limited_level(const char* name, int32_t shares) {
  PriorityLevelConfiguration level;
  level.mutable_metadata()->set_name(name);
  level.mutable_spec()->set_type("Limited");
  auto& limited = *level.mutable_spec()->mutable_limited();
  limited.set_nominal_concurrency_shares(shares);
  limited.mutable_limit_response()->set_type("Reject");
  return level;
}

object queuing_level(const char* name, int32_t shares, queuing how) {
  auto level = limited_level(name, shares);
  auto& response =
      *level.mutable_spec()->mutable_limited()->mutable_limit_response();
  response.set_type("Queue");
  response.mutable_queuing()->set_queues(how.queues);
  response.mutable_queuing()->set_hand_size(how.hand);
  response.mutable_queuing()->set_queue_length_limit(queue_length);
  return object::of(level);
}

object exempt_level() {
  PriorityLevelConfiguration level;
  level.mutable_metadata()->set_name(marker);
  level.mutable_spec()->set_type("Exempt");
  return object::of(level);
}

// -- schemas ------------------------------------------------------------------

Subject group(const char* name) {
  Subject result;
  result.set_kind("Group");
  result.mutable_group()->set_name(name);
  return result;
}

Subject user(const char* name) {
  Subject result;
  result.set_kind("User");
  result.mutable_user()->set_name(name);
  return result;
}

Subject accounts_of_system() {
  Subject result;
  result.set_kind("ServiceAccount");
  result.mutable_service_account()->set_namespace_("kube-system");
  result.mutable_service_account()->set_name(star);
  return result;
}

template <class List>
void fill(List* to, words from) {
  for (auto* word : from)
    *to->Add() = word;
}

/// One schema while it is made: name, level, precedence and by what its
/// requests are told from each other.
class schema {
public:
  schema(const char* name, const char* level, int32_t precedence,
         const char* method) {
    made_.mutable_metadata()->set_name(name);
    auto& spec = *made_.mutable_spec();
    spec.mutable_priority_level_configuration()->set_name(level);
    spec.set_matching_precedence(precedence);
    if (*method != '\0')
      spec.mutable_distinguisher_method()->set_type(method);
  }

  schema& of(std::initializer_list<Subject> subjects) {
    for (auto& each : subjects)
      *rules().add_subjects() = each;
    return *this;
  }

  /// Everything that these subjects ask for.
  object anything() {
    auto& resources = *rules().add_resource_rules();
    for (auto* list :
         {resources.mutable_verbs(), resources.mutable_api_groups(),
          resources.mutable_resources(), resources.mutable_namespaces()})
      fill(list, {star});
    resources.set_cluster_scope(true);
    auto& others = *rules().add_non_resource_rules();
    fill(others.mutable_verbs(), {star});
    fill(others.mutable_non_resource_urls(), {star});
    return object::of(made_);
  }

  /// What elects leaders: objects of the core group in one namespace, or in
  /// all, and leases.
  object elections(const char* core_namespace) {
    add_election("", {"endpoints", "configmaps"}, core_namespace);
    add_election("coordination.k8s.io", {"leases"}, star);
    return object::of(made_);
  }

private:
  PolicyRulesWithSubjects& rules() {
    auto& spec = *made_.mutable_spec();
    return spec.rules().empty() ? *spec.add_rules() : *spec.mutable_rules(0);
  }

  void add_election(const char* api_group, words resources, const char* ns) {
    auto& rule = *rules().add_resource_rules();
    fill(rule.mutable_verbs(), {"get", "create", "update"});
    fill(rule.mutable_api_groups(), {api_group});
    fill(rule.mutable_resources(), resources);
    fill(rule.mutable_namespaces(), {ns});
  }

  FlowSchema made_;
};

std::vector<object> make_mandatory() {
  return {
      schema{"exempt", "exempt", 1, ""}
          .of({group("system:masters")})
          .anything(),
      schema{"catch-all", "catch-all", 10000, "ByUser"}
          .of({group("system:unauthenticated"), group("system:authenticated")})
          .anything(),
      object::of(limited_level("catch-all", 5)),
      exempt_level(),
  };
}

std::vector<object> make_suggested() {
  auto manager = user("system:kube-controller-manager");
  auto scheduler = user("system:kube-scheduler");
  auto system = accounts_of_system();
  return {
      schema{"system-nodes", "system", 500, "ByUser"}
          .of({group("system:nodes")})
          .anything(),
      schema{"system-leader-election", "leader-election", 100, "ByUser"}
          .of({manager, scheduler, system})
          .elections("kube-system"),
      schema{"workload-leader-election", "leader-election", 200, "ByUser"}
          .of({system})
          .elections(star),
      schema{"kube-controller-manager", "workload-high", 800, "ByNamespace"}
          .of({manager})
          .anything(),
      schema{"kube-scheduler", "workload-high", 800, "ByNamespace"}
          .of({scheduler})
          .anything(),
      schema{"kube-system-service-accounts", "workload-high", 900,
             "ByNamespace"}
          .of({system})
          .anything(),
      schema{"service-accounts", "workload-low", 9000, "ByUser"}
          .of({group("system:serviceaccounts")})
          .anything(),
      schema{"global-default", "global-default", 9900, "ByUser"}
          .of({group("system:unauthenticated"), group("system:authenticated")})
          .anything(),
      queuing_level("system", 30, {64, 6}),
      queuing_level("leader-election", 10, {16, 4}),
      queuing_level("workload-high", 40, {128, 6}),
      queuing_level("workload-low", 100, {128, 6}),
      queuing_level("global-default", 20, {128, 6}),
  };
}

/// What users may set in each level, and what older versions leave out.
void forget_free_parts(PriorityLevelConfigurationSpec& spec) {
  spec.clear_exempt();
  if (spec.has_limited() && spec.limited().lendable_percent() == 0)
    spec.mutable_limited()->clear_lendable_percent();
}

void forget_free_parts(FlowSchemaSpec&) {
  // nop
}

template <class T>
bool keeps_spec(const T& what) {
  for (auto& each : mandatory_flow()) {
    if (&each.kind() != &kind_of<T>() || each.name() != what.metadata().name())
      continue;
    auto now = what.spec();
    auto wanted = each.as<T>().spec();
    forget_free_parts(now);
    forget_free_parts(wanted);
    return canonical_equal(now, wanted);
  }
  return true;
}

} // namespace

const std::vector<object>& mandatory_flow() {
  static const auto all = make_mandatory();
  return all;
}

const std::vector<object>& suggested_flow() {
  static const auto all = make_suggested();
  return all;
}

bool marks_flow(const object& what) {
  return &what.kind() == &kind_of<PriorityLevelConfiguration>()
         && what.name() == marker;
}

bool keeps_mandatory_flow(const FlowSchema& what) {
  return keeps_spec(what);
}

bool keeps_mandatory_flow(const PriorityLevelConfiguration& what) {
  return keeps_spec(what);
}

} // namespace troupe::rules

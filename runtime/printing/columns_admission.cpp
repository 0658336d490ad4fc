#include "messages/api/admissionregistration.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/podsecurity_v1beta1.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

namespace troupe::printing {

namespace {

namespace admission = admissionregistration::v1;
namespace flow = flowcontrol::v1;

template <class T>
void webhooks_row(const T& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.webhooks_size()));
  out.push_back(age_of(x.metadata(), now));
}

template <class T>
void policy_row(const T& x, int rules, time_point now, cells& out) {
  const auto& kind = x.spec().param_kind();
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(rules));
  out.push_back(x.spec().has_param_kind()
                    ? kind.api_version() + "/" + kind.kind()
                    : unset);
  out.push_back(age_of(x.metadata(), now));
}

void validating_row(const admission::ValidatingAdmissionPolicy& x,
                    time_point now, cells& out) {
  policy_row(x, x.spec().validations_size(), now, out);
}

void mutating_row(const admission::MutatingAdmissionPolicy& x, time_point now,
                  cells& out) {
  policy_row(x, x.spec().mutations_size(), now, out);
}

std::string param_text(const admission::ParamRef& x) {
  auto ns = or_else(x.namespace_(), "*");
  if (!x.name().empty())
    return x.namespace_().empty() ? x.name() : ns + "/" + x.name();
  return ns + "/" + selector_text(x.selector());
}

template <class T>
void binding_row(const T& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.spec().policy_name());
  out.push_back(x.spec().has_param_ref() ? param_text(x.spec().param_ref())
                                         : unset);
  out.push_back(age_of(x.metadata(), now));
}

void flow_row(const flow::FlowSchema& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  std::string missing = "?";
  for (const auto& condition : x.status().conditions())
    if (condition.type() == "Dangling")
      missing = condition.status();
  out.push_back(x.metadata().name());
  out.push_back(spec.priority_level_configuration().name());
  out.push_back(std::to_string(spec.matching_precedence()));
  out.push_back(spec.has_distinguisher_method()
                    ? spec.distinguisher_method().type()
                    : none);
  out.push_back(age_of(x.metadata(), now));
  out.push_back(missing);
}

void level_row(const flow::PriorityLevelConfiguration& x, time_point now,
               cells& out) {
  const auto& limited = x.spec().limited();
  const auto& queuing = limited.limit_response().queuing();
  auto has_queuing = limited.limit_response().has_queuing();
  auto number_or_none = [](bool has, int32_t n) {
    return has ? std::to_string(n) : std::string{none};
  };
  out.push_back(x.metadata().name());
  out.push_back(x.spec().type());
  out.push_back(number_or_none(limited.has_nominal_concurrency_shares(),
                               limited.nominal_concurrency_shares()));
  out.push_back(number_or_none(has_queuing, queuing.queues()));
  out.push_back(number_or_none(has_queuing, queuing.hand_size()));
  out.push_back(number_or_none(has_queuing, queuing.queue_length_limit()));
  out.push_back(age_of(x.metadata(), now));
}

std::string
listed(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string result;
  for (auto& word : words)
    (result += result.empty() ? "" : ",") += word;
  return result;
}

void pod_policy_row(const policy::v1beta1::PodSecurityPolicy& x, time_point,
                    cells& out) {
  auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(truth_text(spec.privileged()));
  out.push_back(listed(spec.allowed_capabilities()));
  out.push_back(spec.se_linux().rule());
  out.push_back(spec.run_as_user().rule());
  out.push_back(spec.fs_group().rule());
  out.push_back(spec.supplemental_groups().rule());
  out.push_back(truth_text(spec.read_only_root_filesystem()));
  out.push_back(listed(spec.volumes()));
}

} // namespace

void add_admission_columns(columns_list& out) {
  const std::vector<column> hooks{name_column(), number("Webhooks"),
                                  text("Age")};
  out.push_back(columns_for<admission::MutatingWebhookConfiguration>(
      hooks, webhooks_row));
  out.push_back(columns_for<admission::ValidatingWebhookConfiguration>(
      hooks, webhooks_row));
  out.push_back(columns_for<admission::ValidatingAdmissionPolicy>(
      {name_column(), number("Validations"), text("ParamKind"), text("Age")},
      validating_row));
  out.push_back(columns_for<admission::MutatingAdmissionPolicy>(
      {name_column(), number("Mutations"), text("ParamKind"), text("Age")},
      mutating_row));
  const std::vector<column> binding{name_column(), text("PolicyName"),
                                    text("ParamRef"), text("Age")};
  out.push_back(columns_for<admission::ValidatingAdmissionPolicyBinding>(
      binding, binding_row));
  out.push_back(columns_for<admission::MutatingAdmissionPolicyBinding>(
      binding, binding_row));
  out.push_back(columns_for<flow::FlowSchema>(
      {name_column(), text("PriorityLevel"), text("MatchingPrecedence"),
       text("DistinguisherMethod"), text("Age"), text("MissingPL")},
      flow_row));
  out.push_back(columns_for<flow::PriorityLevelConfiguration>(
      {name_column(), text("Type"), text("NominalConcurrencyShares"),
       text("Queues"), text("HandSize"), text("QueueLengthLimit"), text("Age")},
      level_row));
  out.push_back(columns_for<policy::v1beta1::PodSecurityPolicy>(
      {name_column(), text("Priv"), text("Caps"), text("SELinux"),
       text("RunAsUser"), text("FsGroup"), text("SupGroup"),
       text("ReadOnlyRootFs"), text("Volumes")},
      pod_policy_row));
}

} // namespace troupe::printing

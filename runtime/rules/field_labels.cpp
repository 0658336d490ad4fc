#include "runtime/rules/field_labels.hpp"

#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>

namespace troupe::rules {

namespace {

struct row {
  std::string_view kind;
  std::string_view label;
};

constexpr std::array rows{
    row{"Pod", "spec.nodeName"},
    row{"Pod", "spec.host"},
    row{"Pod", "spec.restartPolicy"},
    row{"Pod", "spec.schedulerName"},
    row{"Pod", "spec.serviceAccountName"},
    row{"Pod", "spec.hostNetwork"},
    row{"Pod", "status.phase"},
    row{"Pod", "status.podIP"},
    row{"Pod", "status.podIPs"},
    row{"Pod", "status.nominatedNodeName"},
    row{"Node", "spec.unschedulable"},
    row{"Namespace", "status.phase"},
    row{"Secret", "type"},
    row{"Service", "spec.clusterIP"},
    row{"Service", "spec.type"},
    row{"ReplicationController", "status.replicas"},
    row{"ReplicaSet", "status.replicas"},
    row{"Job", "status.successful"},
    row{"Event", "involvedObject.kind"},
    row{"Event", "involvedObject.namespace"},
    row{"Event", "involvedObject.name"},
    row{"Event", "involvedObject.uid"},
    row{"Event", "involvedObject.apiVersion"},
    row{"Event", "involvedObject.resourceVersion"},
    row{"Event", "involvedObject.fieldPath"},
    row{"Event", "reason"},
    row{"Event", "reportingComponent"},
    row{"Event", "source"},
    row{"Event", "type"},
    row{"CertificateSigningRequest", "spec.signerName"},
};

std::string scalar_text(const google::protobuf::Message& msg,
                        const google::protobuf::FieldDescriptor* field) {
  using fd = google::protobuf::FieldDescriptor;
  auto& r = *msg.GetReflection();
  switch (field->cpp_type()) {
    case fd::CPPTYPE_STRING:
      return r.GetString(msg, field);
    case fd::CPPTYPE_BOOL:
      return r.GetBool(msg, field) ? "true" : "false";
    case fd::CPPTYPE_INT32:
      return std::to_string(r.GetInt32(msg, field));
    case fd::CPPTYPE_INT64:
      return std::to_string(r.GetInt64(msg, field));
    default:
      return {};
  }
}

/// Follows JSON names down from a message.
std::string value_at(const google::protobuf::Message& msg,
                     std::string_view path) {
  const auto* at = &msg;
  while (true) {
    auto dot = path.find('.');
    auto* member =
        message_info_of(at->GetDescriptor()).member(path.substr(0, dot));
    if (member == nullptr)
      return {};
    for (auto* through : member->through)
      at = &at->GetReflection()->GetMessage(*at, through->descriptor);
    auto* field = member->field->descriptor;
    if (dot == std::string_view::npos)
      return field->is_repeated() ? std::string{} : scalar_text(*at, field);
    if (field->is_repeated() || field->message_type() == nullptr)
      return {};
    at = &at->GetReflection()->GetMessage(*at, field);
    path.remove_prefix(dot + 1);
  }
}

bool is_grouped_event(const kind_info& kind) {
  return kind.group == "events.k8s.io";
}

/// Kubernetes: events.k8s.io names what events are about otherwise. Returns ""
/// for what it cannot select by.
std::string core_label(std::string_view label) {
  constexpr std::string_view prefix = "regarding.";
  if (label.starts_with(prefix)) {
    auto core = "involvedObject." + std::string{label.substr(prefix.size())};
    return std::any_of(rows.begin(), rows.end(),
                       [&](const row& r) {
                         return r.kind == "Event" && r.label == core;
                       })
               ? core
               : std::string{};
  }
  if (label == "reportingController")
    return "reportingComponent";
  return label == "reason" || label == "type" ? std::string{label}
                                              : std::string{};
}

bool has_own_labels(const kind_info& kind) {
  return is_grouped_event(kind)
         || std::any_of(rows.begin(), rows.end(),
                        [&](const row& r) { return r.kind == kind.kind; });
}

/// Kubernetes has words of its own for some kinds.
std::string refusal_of(const kind_info& kind, const std::string& label) {
  if (kind.kind == "Job")
    return "field label \"" + label + "\" not supported for Job";
  if (kind.kind != "ReplicaSet" && has_own_labels(kind))
    return "field label not supported: " + label;
  return "\"" + label
         + "\" is not a known field selector: only \"metadata.name\", "
           "\"metadata.namespace\"";
}

} // namespace

caf::error check_field_label(const kind_info& kind, std::string_view label) {
  if (is_field_label(kind, label))
    return caf::none;
  return make_error(ec::bad_request, refusal_of(kind, std::string{label}));
}

bool is_field_label(const kind_info& kind, std::string_view label) {
  if (label == "metadata.name")
    return true;
  if (label == "metadata.namespace")
    return kind.namespaced || !has_own_labels(kind);
  if (is_grouped_event(kind))
    return !core_label(label).empty();
  return std::any_of(rows.begin(), rows.end(), [&](const row& r) {
    return r.kind == kind.kind && r.label == label;
  });
}

std::string field_label_value(const object& what, std::string_view label) {
  if (label == "metadata.name")
    return what.name();
  if (label == "metadata.namespace")
    return what.ns();
  if (is_grouped_event(what.kind()))
    return value_at(what.message(), label);
  if (label == "spec.host")
    return value_at(what.message(), "spec.nodeName");
  // Told apart by where the event came from: newer events name it elsewhere.
  if (what.kind().kind == "Event" && label == "source") {
    auto component = value_at(what.message(), "source.component");
    return component.empty() ? value_at(what.message(), "reportingComponent")
                             : component;
  }
  if (what.kind().kind == "Job" && label == "status.successful")
    return value_at(what.message(), "status.succeeded");
  return value_at(what.message(), label);
}

} // namespace troupe::rules

#include "messages/kinds.hpp"
#include "runtime/rules/requests.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

namespace troupe::rules {

namespace pb = google::protobuf;

namespace {

struct row {
  std::string_view api_version;
  std::string_view kind;
  std::vector<std::string_view> fields;
};

const std::vector<row>& rows() {
  static const std::vector<row> all{
      {"v1",
       "Pod",
       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
        "status.podIP", "status.podIPs", "status.nominatedNodeName"}},
      {"v1",
       "Event",
       {"involvedObject.kind", "involvedObject.namespace",
        "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source",
        "type"}},
      {"v1", "Secret", {"type"}},
      {"v1", "Namespace", {"status.phase"}},
      {"v1", "Node", {"spec.unschedulable"}},
      {"v1", "ReplicationController", {"status.replicas"}},
      {"batch/v1", "Job", {"status.successful"}},
      {"certificates.k8s.io/v1",
       "CertificateSigningRequest",
       {"spec.signerName"}},
  };
  return all;
}

const pb::FieldDescriptor* by_json_name(const pb::Descriptor* type,
                                        std::string_view name) {
  for (int i = 0; i < type->field_count(); ++i)
    if (type->field(i)->json_name() == name)
      return type->field(i);
  return nullptr;
}

std::string scalar(const pb::Message& obj, const pb::FieldDescriptor* field) {
  auto* reflection = obj.GetReflection();
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(obj, field);
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(obj, field) ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection->GetInt32(obj, field));
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection->GetInt64(obj, field));
    default:
      return {};
  }
}

std::string walk(const pb::Message& obj, std::string_view path) {
  auto dot = path.find('.');
  auto* field = by_json_name(obj.GetDescriptor(), path.substr(0, dot));
  if (field == nullptr)
    return {};
  auto* reflection = obj.GetReflection();
  bool message = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
  if (field->is_repeated()) {
    // Lists of one-member messages, such as status.podIPs, show the first.
    if (!message || reflection->FieldSize(obj, field) == 0)
      return {};
    auto& first = reflection->GetRepeatedMessage(obj, field, 0);
    return scalar(first, first.GetDescriptor()->field(0));
  }
  if (dot == std::string_view::npos)
    return message ? std::string{} : scalar(obj, field);
  return message
             ? walk(reflection->GetMessage(obj, field), path.substr(dot + 1))
             : std::string{};
}

} // namespace

std::vector<std::string_view> selectable_fields(const kind_info& kind) {
  std::vector<std::string_view> result{"metadata.name"};
  if (kind.namespaced)
    result.push_back("metadata.namespace");
  for (auto& one : rows())
    if (one.kind == kind.kind && one.api_version == kind.api_version())
      result.insert(result.end(), one.fields.begin(), one.fields.end());
  return result;
}

std::string field_value(const pb::Message& obj, std::string_view field) {
  // Two names of the API that are no fields.
  if (field == "source")
    return walk(obj, "source.component");
  if (field == "status.successful")
    return walk(obj, "status.succeeded");
  return walk(obj, field);
}

caf::error check_field_label(const kind_info& kind, std::string_view field) {
  auto known = selectable_fields(kind);
  if (std::find(known.begin(), known.end(), field) != known.end())
    return caf::error{};
  return make_error(ec::bad_request,
                    "field label not supported: " + std::string{field});
}

} // namespace troupe::rules

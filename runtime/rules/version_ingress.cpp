#include "messages/api/core_reference.pb.h"
#include "messages/api/extensions_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/networking_v1beta1.pb.h"
#include "runtime/rules/version_forms.hpp"

namespace troupe::rules {

namespace {

namespace v1 = networking::v1;
namespace v1beta1 = networking::v1beta1;

void newer(const v1beta1::IngressBackend& from, v1::IngressBackend& to) {
  auto& port = from.service_port();
  auto by_name = port.type() == 1;
  auto has_port = by_name ? !port.str_val().empty() : port.int_val() != 0;
  if (!from.service_name().empty() || has_port) {
    auto& service = *to.mutable_service();
    service.set_name(from.service_name());
    if (by_name)
      service.mutable_port()->set_name(port.str_val());
    else if (has_port)
      service.mutable_port()->set_number(port.int_val());
  }
  if (from.has_resource())
    *to.mutable_resource() = from.resource();
}

void older(const v1::IngressBackend& from, v1beta1::IngressBackend& to) {
  if (from.has_service()) {
    to.set_service_name(from.service().name());
    auto& port = from.service().port();
    auto& written = *to.mutable_service_port();
    if (!port.name().empty()) {
      written.set_type(1);
      written.set_str_val(port.name());
    } else {
      written.set_int_val(port.number());
    }
  }
  if (from.has_resource())
    *to.mutable_resource() = from.resource();
}

void newer(const v1beta1::IngressRule& from, v1::IngressRule& to) {
  to.set_host(from.host());
  if (!from.ingress_rule_value().has_http())
    return;
  auto& http = *to.mutable_ingress_rule_value()->mutable_http();
  for (auto& path : from.ingress_rule_value().http().paths()) {
    auto& added = *http.add_paths();
    added.set_path(path.path());
    added.set_path_type(path.has_path_type() ? path.path_type()
                                             : "ImplementationSpecific");
    newer(path.backend(), *added.mutable_backend());
  }
}

void older(const v1::IngressRule& from, v1beta1::IngressRule& to) {
  to.set_host(from.host());
  if (!from.ingress_rule_value().has_http())
    return;
  auto& http = *to.mutable_ingress_rule_value()->mutable_http();
  for (auto& path : from.ingress_rule_value().http().paths()) {
    auto& added = *http.add_paths();
    added.set_path(path.path());
    if (path.has_path_type())
      added.set_path_type(path.path_type());
    older(path.backend(), *added.mutable_backend());
  }
}

void newer(const v1beta1::IngressSpec& from, v1::IngressSpec& to) {
  if (from.has_ingress_class_name())
    to.set_ingress_class_name(from.ingress_class_name());
  if (from.has_backend())
    newer(from.backend(), *to.mutable_default_backend());
  *to.mutable_tls() = from.tls();
  for (auto& rule : from.rules())
    newer(rule, *to.add_rules());
}

void older(const v1::IngressSpec& from, v1beta1::IngressSpec& to) {
  if (from.has_ingress_class_name())
    to.set_ingress_class_name(from.ingress_class_name());
  if (from.has_default_backend())
    older(from.default_backend(), *to.mutable_backend());
  *to.mutable_tls() = from.tls();
  for (auto& rule : from.rules())
    older(rule, *to.add_rules());
}

template <class Old>
void to_newer(const Old& from, v1::Ingress& to) {
  *to.mutable_metadata() = from.metadata();
  newer(from.spec(), *to.mutable_spec());
  *to.mutable_status() = from.status();
}

template <class Old>
void to_older(const v1::Ingress& from, Old& to) {
  *to.mutable_metadata() = from.metadata();
  older(from.spec(), *to.mutable_spec());
  *to.mutable_status() = from.status();
}

} // namespace

void convert(const v1beta1::Ingress& from, v1::Ingress& to) {
  to_newer(from, to);
}

void convert(const v1::Ingress& from, v1beta1::Ingress& to) {
  to_older(from, to);
}

void convert(const extensions::v1beta1::Ingress& from, v1::Ingress& to) {
  to_newer(from, to);
}

void convert(const v1::Ingress& from, extensions::v1beta1::Ingress& to) {
  to_older(from, to);
}

} // namespace troupe::rules

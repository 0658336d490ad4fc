#include "messages/api/core_reference.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_limits.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <array>

namespace troupe::rules {

using networking::v1::HTTPIngressPath;
using networking::v1::Ingress;
using networking::v1::IngressBackend;
using networking::v1::IngressClass;
using networking::v1::IngressRule;

namespace {

constexpr auto class_note = "kubernetes.io/ingress.class";

// Kubernetes: "*." and a name, or a name.
void check_host(const std::string& host, const field_path& at, findings& out) {
  if (host.empty())
    return;
  if (check_ip(host).empty())
    out.invalid(at, host, "must be a DNS name, not an IP address");
  if (host.find('*') == host.npos)
    out.invalid(at, host, check_dns1123_subdomain(host));
  else if (!host.starts_with("*.")
           || !check_dns1123_subdomain(host.substr(2)).empty())
    out.invalid(at, host,
                "a wildcard DNS-1123 subdomain must start with '*.', followed "
                "by a valid DNS subdomain, which must consist of lower case "
                "alphanumeric characters, '-' or '.' and end with an "
                "alphanumeric character (e.g. '*.example.com', regex used for "
                "validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]"
                "([-a-z0-9]*[a-z0-9])?)*')");
}

void check_service(const networking::v1::IngressServiceBackend& service,
                   const field_path& at, findings& out) {
  auto member = at.child("service");
  if (service.name().empty())
    out.required(member.child("name"));
  else
    out.invalid(member.child("name"), service.name(),
                check_dns1035_label(service.name()));
  auto port = member.child("port");
  auto& given = service.port();
  if (!given.name().empty() && given.number() != 0)
    out.invalid(at, "", "cannot set both port name & port number");
  else if (!given.name().empty())
    out.invalid(port.child("name"), given.name(),
                check_port_name(given.name()));
  else if (given.number() != 0)
    out.invalid(port.child("number"), std::to_string(given.number()),
                check_port_number(given.number()));
  else
    out.required(at, "port name or number is required");
}

void check_resource(const core::v1::TypedLocalObjectReference& resource,
                    const field_path& at, findings& out) {
  auto require_segment = [&](const char* name, const std::string& value) {
    auto one = at.child(name);
    if (value.empty())
      out.required(one);
    else
      out.invalid(one, value, check_path_segment(value));
  };
  require_segment("kind", resource.kind());
  require_segment("name", resource.name());
}

void check_backend(const IngressBackend& backend, const field_path& at,
                   findings& out) {
  if (backend.has_resource() && backend.has_service())
    out.invalid(at, "", "cannot set both resource and service backends");
  else if (backend.has_resource())
    check_resource(backend.resource(), at.child("resource"), out);
  else if (backend.has_service())
    check_service(backend.service(), at, out);
  else
    out.invalid(at, "", "resource or service backend is required");
}

void check_strict_path(const std::string& path, const field_path& at,
                       findings& out) {
  if (!path.starts_with('/'))
    out.invalid(at, path, "must be an absolute path");
  for (std::string part : {"//", "/./", "/../", "%2f", "%2F"})
    if (path.find(part) != path.npos)
      out.invalid(at, path, "must not contain '" + part + "'");
  for (std::string end : {"/..", "/."})
    if (path.ends_with(end))
      out.invalid(at, path, "cannot end with '" + end + "'");
}

void check_path(const HTTPIngressPath& path, const field_path& at,
                findings& out) {
  auto& type = path.path_type();
  auto text = at.child("path");
  if (!path.has_path_type())
    out.required(at.child("pathType"), "pathType must be specified");
  else if (type == "Exact" || type == "Prefix")
    check_strict_path(path.path(), text, out);
  else if (type == "ImplementationSpecific") {
    if (!path.path().empty() && !path.path().starts_with('/'))
      out.invalid(text, path.path(), "must be an absolute path");
  } else {
    out.not_supported(at.child("pathType"), type,
                      {"Exact", "ImplementationSpecific", "Prefix"});
  }
  check_backend(path.backend(), at.child("backend"), out);
}

void check_rule(const IngressRule& rule, const field_path& at, findings& out) {
  check_host(rule.host(), at.child("host"), out);
  if (!rule.ingress_rule_value().has_http())
    return;
  auto http = at.child("http");
  auto paths = http.child("paths");
  auto& list = rule.ingress_rule_value().http().paths();
  if (list.empty())
    out.required(paths);
  for (int i = 0; i < list.size(); ++i) {
    auto one = paths[static_cast<size_t>(i)];
    check_path(list[i], one, out);
  }
}

void check_tls(const Ingress& obj, const field_path& spec, findings& out) {
  auto at = spec.child("tls");
  auto& list = obj.spec().tls();
  for (int i = 0; i < list.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto hosts = one.child("hosts");
    for (int h = 0; h < list[i].hosts_size(); ++h)
      check_host(list[i].hosts(h), hosts[static_cast<size_t>(h)], out);
    if (!list[i].secret_name().empty())
      out.invalid(one.child("secretName"), list[i].secret_name(),
                  check_dns1123_subdomain(list[i].secret_name()));
  }
}

void validate_ingress(const Ingress& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (spec.rules().empty() && !spec.has_default_backend())
    out.invalid(at, "", "either `defaultBackend` or `rules` must be specified");
  if (spec.has_default_backend())
    check_backend(spec.default_backend(), at.child("defaultBackend"), out);
  auto rules = at.child("rules");
  for (int i = 0; i < spec.rules_size(); ++i) {
    auto one = rules[static_cast<size_t>(i)];
    check_rule(spec.rules(i), one, out);
  }
  check_tls(obj, at, out);
  if (spec.has_ingress_class_name())
    out.invalid(at.child("ingressClassName"), spec.ingress_class_name(),
                check_dns1123_subdomain(spec.ingress_class_name()));
}

void validate_new_ingress(const Ingress& obj, findings& out) {
  auto& notes = obj.metadata().annotations();
  auto named = notes.find(class_note);
  if (named == notes.end() || !obj.spec().has_ingress_class_name())
    return;
  field_path at{"annotations"};
  out.invalid(at.child(class_note), named->second,
              "can not be set when the class field is also set");
}

void check_parameters(
    const networking::v1::IngressClassParametersReference& given,
    const field_path& at, findings& out) {
  if (given.kind().empty())
    out.required(at.child("kind"), "kind is required");
  else
    out.invalid(at.child("kind"), given.kind(),
                check_path_segment(given.kind()));
  if (given.name().empty())
    out.required(at.child("name"), "name is required");
  else
    out.invalid(at.child("name"), given.name(),
                check_path_segment(given.name()));
  auto scope = at.child("scope");
  auto space = at.child("namespace");
  if (given.scope().empty())
    out.required(scope);
  else if (given.scope() != "Cluster" && given.scope() != "Namespace")
    out.not_supported(scope, given.scope(), {"Cluster", "Namespace"});
  if (given.scope() == "Namespace" && given.namespace_().empty())
    out.required(space, "`parameters.scope` is set to 'Namespace'");
  if (given.scope() == "Cluster" && given.has_namespace_())
    out.forbidden(space, "`parameters.scope` is set to 'Cluster'");
}

void validate_class(const IngressClass& obj, findings& out) {
  field_path at{"spec"};
  constexpr size_t longest = 250;
  auto controller = at.child("controller");
  auto& name = obj.spec().controller();
  if (name.size() > longest)
    out.too_long(controller, longest, "bytes");
  if (name.empty())
    out.required(controller);
  else
    out.invalid(controller, name, check_domain_prefixed_path(name));
  if (obj.spec().has_parameters())
    check_parameters(obj.spec().parameters(), at.child("parameters"), out);
}

void validate_class_update(const IngressClass& obj, const IngressClass& old,
                           findings& out) {
  require_unchanged(obj.spec().controller() == old.spec().controller(),
                    obj.spec().controller(), field_path{"spec.controller"},
                    out);
}

} // namespace

void add_ingress_validation(registry& all) {
  auto& ingress = all.of<Ingress>();
  ingress.validate = check<Ingress, validate_ingress>;
  ingress.validate_create = check<Ingress, validate_new_ingress>;
  auto& kind = all.of<IngressClass>();
  kind.validate = check<IngressClass, validate_class>;
  kind.validate_update = check_from<IngressClass, validate_class_update>;
}

} // namespace troupe::rules

#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/tolerations.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

using namespace core::v1;

void validate_toleration(const Toleration& one, const field_path& at,
                         findings& out) {
  if (!one.key().empty())
    out.invalid(at.child("key"), one.key(), check_qualified_name(one.key()));
  else if (one.operator_() != "Exists")
    out.invalid(at.child("operator"), one.operator_(),
                "operator must be Exists when `key` is empty, which means "
                "\"match all values and all keys\"");
  if (one.has_toleration_seconds() && one.effect() != "NoExecute")
    out.invalid(at.child("effect"), one.effect(),
                "effect must be 'NoExecute' when `tolerationSeconds` is set");
  auto& op = one.operator_();
  if (op.empty() || op == "Equal")
    out.invalid(at.child("value"), one.value(), check_label_value(one.value()));
  else if (op != "Exists")
    out.not_supported(at.child("operator"), op, {"Equal", "Exists"});
  else if (!one.value().empty())
    out.invalid(at.child("operator"), op,
                "value must be empty when `operator` is 'Exists'");
}

namespace {

void check_spread(const PodSpec& spec, const field_path& at, findings& out) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  auto list = at.child("topologySpreadConstraints");
  for (int i = 0; i < spec.topology_spread_constraints_size(); ++i) {
    auto& one = spec.topology_spread_constraints(i);
    auto place = list[static_cast<size_t>(i)];
    if (one.max_skew() <= 0)
      out.invalid(place.child("maxSkew"), one.max_skew(),
                  "must be greater than zero");
    if (one.topology_key().empty())
      out.required(place.child("topologyKey"), "can not be empty");
    else
      out.invalid(place.child("topologyKey"), one.topology_key(),
                  check_qualified_name(one.topology_key()));
    if (one.when_unsatisfiable().empty())
      out.required(place.child("whenUnsatisfiable"));
    if (!seen.emplace(one.topology_key(), one.when_unsatisfiable()).second)
      out.duplicate(place.child("{topologyKey, whenUnsatisfiable}"),
                    "{" + one.topology_key() + ", " + one.when_unsatisfiable()
                        + "}");
    if (one.has_min_domains() && one.min_domains() <= 0)
      out.invalid(place.child("minDomains"), one.min_domains(),
                  "must be greater than zero");
    if (one.has_min_domains() && one.when_unsatisfiable() != "DoNotSchedule")
      out.invalid(place.child("minDomains"), one.min_domains(),
                  "can only use minDomains if whenUnsatisfiable=DoNotSchedule, "
                  "not "
                      + one.when_unsatisfiable());
    validate_selector(one.label_selector(), place.child("labelSelector"), out);
  }
}

void check_gates(const PodSpec& spec, const field_path& at, findings& out) {
  std::set<std::string_view> seen;
  auto list = at.child("schedulingGates");
  for (int i = 0; i < spec.scheduling_gates_size(); ++i) {
    auto& name = spec.scheduling_gates(i).name();
    auto one = list[static_cast<size_t>(i)];
    if (name.empty())
      out.required(one.child("name"));
    else
      out.invalid(one.child("name"), name, check_qualified_name(name));
    if (!seen.insert(name).second)
      out.duplicate(one.child("name"), name);
  }
  if (!spec.scheduling_gates().empty() && !spec.node_name().empty())
    out.forbidden(at.child("nodeName"),
                  "cannot be set until all schedulingGates have been cleared");
  auto readiness = at.child("readinessGates");
  for (int i = 0; i < spec.readiness_gates_size(); ++i) {
    auto one = readiness[static_cast<size_t>(i)];
    auto& type = spec.readiness_gates(i).condition_type();
    out.invalid(one.child("conditionType"), type, check_qualified_name(type));
  }
}

void check_host_aliases(const PodSpec& spec, const field_path& at,
                        findings& out) {
  auto list = at.child("hostAliases");
  for (int i = 0; i < spec.host_aliases_size(); ++i) {
    auto& alias = spec.host_aliases(i);
    auto one = list[static_cast<size_t>(i)];
    out.invalid(one.child("ip"), alias.ip(), check_ip(alias.ip()));
    auto names = one.child("hostnames");
    for (int j = 0; j < alias.hostnames_size(); ++j)
      out.invalid(names[static_cast<size_t>(j)], alias.hostnames(j),
                  check_dns1123_subdomain(alias.hostnames(j)));
  }
}

void check_names(const PodSpec& spec, const field_path& at, findings& out) {
  auto check = [&](const char* name, const std::string& value,
                   problems (*form)(std::string_view)) {
    if (!value.empty())
      out.invalid(at.child(name), value, form(value));
  };
  check("hostname", spec.hostname(), check_dns1123_label);
  check("subdomain", spec.subdomain(), check_dns1123_label);
  check("serviceAccountName", spec.service_account_name(),
        check_dns1123_subdomain);
  check("nodeName", spec.node_name(), check_dns1123_subdomain);
  check("priorityClassName", spec.priority_class_name(),
        check_dns1123_subdomain);
  check("runtimeClassName", spec.runtime_class_name(), check_dns1123_subdomain);
}

} // namespace

void check_placement(const PodSpec& spec, const field_path& at, findings& out) {
  check_names(spec, at, out);
  validate_labels(spec.node_selector(), at.child("nodeSelector"), out);
  if (spec.has_affinity())
    check_affinity(spec.affinity(), at.child("affinity"), out);
  auto list = at.child("tolerations");
  for (int i = 0; i < spec.tolerations_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    validate_toleration(spec.tolerations(i), one, out);
  }
  check_spread(spec, at, out);
  check_gates(spec, at, out);
  check_host_aliases(spec, at, out);
}

void check_dns(const PodSpec& spec, const field_path& at, findings& out) {
  bool none = spec.dns_policy() == "None";
  auto config = at.child("dnsConfig");
  if (none && !spec.has_dns_config()) {
    out.required(config, "must provide `dnsConfig` when `dnsPolicy` is None");
    return;
  }
  auto& dns = spec.dns_config();
  auto servers = config.child("nameservers");
  if (none && dns.nameservers().empty())
    out.required(servers, "must provide at least one DNS nameserver when "
                          "`dnsPolicy` is None");
  if (dns.nameservers_size() > 3)
    out.invalid(servers, dns.nameservers_size(),
                "must not have more than 3 nameservers");
  for (int i = 0; i < dns.nameservers_size(); ++i)
    out.invalid(servers[static_cast<size_t>(i)], dns.nameservers(i),
                check_ip(dns.nameservers(i)));
  auto searches = config.child("searches");
  size_t characters = 0;
  for (int i = 0; i < dns.searches_size(); ++i) {
    std::string_view name = dns.searches(i);
    characters += name.size() + (i > 0 ? 1 : 0);
    if (name.ends_with('.') && name.size() > 1)
      name.remove_suffix(1);
    if (name != ".")
      out.invalid(searches[static_cast<size_t>(i)], name,
                  check_dns1123_subdomain(name));
  }
  if (dns.searches_size() > 32)
    out.invalid(searches, dns.searches_size(),
                "must not have more than 32 search paths");
  if (characters > 2048)
    out.invalid(searches, characters,
                "must not have more than 2048 characters (including spaces) in "
                "the search list");
  auto options = config.child("options");
  for (int i = 0; i < dns.options_size(); ++i) {
    auto one = options[static_cast<size_t>(i)];
    if (dns.options(i).name().empty())
      out.required(one, "must not be empty");
  }
}

void check_claims(const PodSpec& spec, const field_path& at, findings& out) {
  std::set<std::string_view> seen;
  auto list = at.child("resourceClaims");
  for (int i = 0; i < spec.resource_claims_size(); ++i) {
    auto& claim = spec.resource_claims(i);
    auto one = list[static_cast<size_t>(i)];
    if (claim.name().empty())
      out.required(one.child("name"));
    else
      out.invalid(one.child("name"), claim.name(),
                  check_dns1123_label(claim.name()));
    if (!seen.insert(claim.name()).second)
      out.duplicate(one.child("name"), claim.name());
    if (!claim.has_resource_claim_name()
        && !claim.has_resource_claim_template_name())
      out.invalid(one, claim.name(),
                  "must specify one of: `resourceClaimName`, "
                  "`resourceClaimTemplateName`");
    if (claim.has_resource_claim_name()
        && claim.has_resource_claim_template_name())
      out.invalid(one, claim.name(),
                  "at most one of `resourceClaimName` or "
                  "`resourceClaimTemplateName` may be specified");
  }
}

} // namespace troupe::rules

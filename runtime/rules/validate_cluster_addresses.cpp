#include "messages/api/core_service.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/service_checks.hpp"
#include "runtime/rules/services.hpp"

#include <set>

namespace troupe::rules {

using core::v1::ServiceSpec;

namespace {

std::string_view family_of(const ip_address& address) {
  return address.v6 ? "IPv6" : "IPv4";
}

// Nothing of the kind is allowed for a name elsewhere.
void check_external_name(const ServiceSpec& spec, const field_path& at,
                         findings& out) {
  constexpr std::string_view why =
      "may not be set when `type` is 'ExternalName'";
  if (!spec.cluster_ips().empty())
    out.forbidden(at.child("clusterIPs"), why);
  else if (!spec.cluster_ip().empty())
    out.forbidden(at.child("clusterIP"), why);
  if (!spec.ip_families().empty())
    out.forbidden(at.child("ipFamilies"), why);
  if (spec.has_ip_family_policy())
    out.forbidden(at.child("ipFamilyPolicy"), why);
}

void check_families(const ServiceSpec& spec, const field_path& at,
                    findings& out) {
  auto list = at.child("ipFamilies");
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.ip_families_size(); ++i)
    if (!seen.insert(spec.ip_families(i)).second)
      out.duplicate(list[static_cast<size_t>(i)], spec.ip_families(i));
  if (spec.ip_families_size() > 2)
    out.invalid(list, spec.ip_families_size(), "may only hold up to 2 values");
  if (spec.ip_family_policy() == "SingleStack"
      && (spec.ip_families_size() > 1 || spec.cluster_ips_size() > 1))
    out.invalid(at.child("ipFamilyPolicy"), spec.ip_family_policy(),
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple "
                "`ipFamilies` or `clusterIPs` are specified");
}

void check_one(const ServiceSpec& spec, int index, const field_path& at,
               findings& out) {
  auto& text = spec.cluster_ips(index);
  auto one = at[static_cast<size_t>(index)];
  if (text == "None") {
    if (spec.cluster_ips_size() > 1)
      out.invalid(one, text, "'None' must be the first and only value");
    return;
  }
  auto address = ip_address::parse(text);
  if (!address) {
    out.invalid(one, text, "must be empty, 'None', or a valid IP address");
    return;
  }
  if (index < spec.ip_families_size()
      && spec.ip_families(index) != family_of(*address))
    out.invalid(one, text,
                "expected an " + spec.ip_families(index)
                    + " value as indicated by `ipFamilies["
                    + std::to_string(index) + "]`");
}

void check_addresses(const ServiceSpec& spec, const field_path& at,
                     findings& out) {
  auto list = at.child("clusterIPs");
  if (spec.cluster_ips().empty()) {
    auto& text = spec.cluster_ip();
    if (!text.empty() && text != "None" && !ip_address::parse(text))
      out.invalid(at.child("clusterIP"), text,
                  "must be empty, 'None', or a valid IP address");
    return;
  }
  if (spec.cluster_ip() != spec.cluster_ips(0))
    out.invalid(list, spec.cluster_ips(0),
                "first element must match `clusterIP`");
  if (spec.cluster_ips_size() > 2)
    out.invalid(list, spec.cluster_ips_size(), "may only hold up to 2 values");
  std::set<bool> families;
  for (int i = 0; i < spec.cluster_ips_size(); ++i) {
    check_one(spec, i, list, out);
    auto address = ip_address::parse(spec.cluster_ips(i));
    if (address && !families.insert(address->v6).second)
      out.invalid(list, spec.cluster_ips(i),
                  "may specify no more than one IP for each IP family");
  }
}

} // namespace

void check_cluster_addresses(const ServiceSpec& spec, const field_path& at,
                             findings& out) {
  if (spec.type() == "ExternalName") {
    check_external_name(spec, at, out);
    return;
  }
  check_families(spec, at, out);
  check_addresses(spec, at, out);
}

void check_cluster_addresses_update(const ServiceSpec& spec,
                                    const ServiceSpec& old,
                                    const field_path& at, findings& out) {
  if (!needs_cluster_ip(spec) || !needs_cluster_ip(old))
    return;
  if (!old.cluster_ip().empty() && spec.cluster_ip() != old.cluster_ip())
    out.invalid(at.child("clusterIP"), spec.cluster_ip(),
                "may not change once set");
  if (!old.ip_families().empty()
      && (spec.ip_families().empty()
          || spec.ip_families(0) != old.ip_families(0))) {
    auto list = at.child("ipFamilies");
    out.invalid(list[0], spec.ip_families().empty() ? "" : spec.ip_families(0),
                "may not change once set");
  }
}

void check_plain_address(const std::string& text, const field_path& at,
                         findings& out) {
  auto address = ip_address::parse(text);
  if (!address) {
    out.invalid(at, text, check_ip(text));
    return;
  }
  auto& own = out.context().loopback_network;
  if (address->unspecified())
    out.invalid(at, text, "may not be unspecified (0.0.0.0 or ::)");
  else if (address->loopback() && !(own && own->contains(*address)))
    out.invalid(at, text,
                "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  else if (address->link_local())
    out.invalid(at, text,
                "may not be in the link-local range (169.254.0.0/16, "
                "fe80::/10)");
  else if (address->link_local_multicast())
    out.invalid(at, text,
                "may not be in the link-local multicast range (224.0.0.0/24, "
                "ff02::/10)");
}

} // namespace troupe::rules

#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"

#include <set>
#include <string>

namespace troupe::rules {

namespace {

using certificates::v1::CertificateSigningRequest;

constexpr int32_t shortest_life = 600;
constexpr size_t longest_path = 571;

/// Kubernetes: DOMAIN/PATH, the path of words as in names.
void check_signer_name(const std::string& name, findings& out) {
  field_path at{"spec.signerName"};
  if (name.empty())
    return out.required(at);
  auto slash = name.find('/');
  auto domain = name.substr(0, slash);
  auto path = slash == std::string::npos ? "" : name.substr(slash + 1);
  if (slash == std::string::npos || path.find('/') != std::string::npos)
    return out.invalid(at, name,
                       "must be a fully qualified domain and path of the form "
                       "'example.com/signer-name'");
  if (!check_dns1123_subdomain(domain).empty()
      || domain.find('.') == std::string::npos)
    return out.invalid(at, name, "invalid domain: " + domain);
  if (path.size() > longest_path || !check_dns1123_subdomain(path).empty())
    out.invalid(at, name, "invalid path: " + path);
  if (name == "kubernetes.io/legacy-unknown")
    out.invalid(at, name,
                "the legacy signerName is not allowed via this API version");
}

void validate_request(const CertificateSigningRequest& x, findings& out) {
  field_path at{"spec"};
  auto& spec = x.spec();
  if (auto asked = crypto::inspect_request(spec.request()); !asked)
    out.invalid(at.child("request"), spec.request(), message_of(asked.error()));
  auto usages = at.child("usages");
  if (spec.usages().empty())
    out.required(usages, "usages is required");
  std::set<std::string> seen;
  for (int i = 0; i < spec.usages_size(); ++i)
    if (!seen.insert(spec.usages(i)).second)
      out.duplicate(usages[static_cast<size_t>(i)], spec.usages(i));
  if (spec.has_expiration_seconds()
      && spec.expiration_seconds() < shortest_life)
    out.invalid(at.child("expirationSeconds"), spec.expiration_seconds(),
                "may not specify a duration less than 600 seconds (10 "
                "minutes)");
  check_signer_name(spec.signer_name(), out);
}

/// What is decided stays decided, and nothing is both.
void validate_status(const CertificateSigningRequest& x,
                     const CertificateSigningRequest& old, findings& out) {
  field_path at{"status.conditions"};
  auto& all = x.status().conditions();
  std::set<std::string> seen;
  for (int i = 0; i < all.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto& each = all[i];
    if (each.type().empty())
      out.required(one.child("type"));
    if (each.status().empty())
      out.required(one.child("status"));
    else if (each.status() != "True"
             && (each.type() == "Approved" || each.type() == "Denied"
                 || each.type() == "Failed"))
      out.not_supported(one.child("status"), each.status(), {"True"});
    if (!seen.insert(each.type()).second)
      out.duplicate(one.child("type"), each.type());
  }
  if (seen.count("Approved") != 0 && seen.count("Denied") != 0)
    out.invalid(at, "Denied",
                "Approved and Denied conditions are mutually exclusive");
  for (auto* type : {"Approved", "Denied", "Failed"})
    if (find_condition(old.status().conditions(), type) != nullptr
        && seen.count(type) == 0)
      out.forbidden(at, std::string{"updates may not remove a condition of "
                                    "type \""}
                            + type + "\"");
  auto& before = old.status().certificate();
  auto& now = x.status().certificate();
  if (!before.empty() && now != before)
    out.forbidden(field_path{"status.certificate"},
                  "updates may not change an issued certificate");
  else if (now != before
           && now.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    out.invalid(field_path{"status.certificate"}, "<certificate data>",
                "must contain at least one CERTIFICATE PEM block");
}

/// Kubernetes: an update keeps the spec as it was, silently.
void prepare_change(CertificateSigningRequest& x,
                    const CertificateSigningRequest& old) {
  *x.mutable_spec() = old.spec();
}

} // namespace

void add_certificate_validation(registry& all) {
  auto& rules = all.of<CertificateSigningRequest>();
  rules.prepare_update = apply_from<CertificateSigningRequest, prepare_change>;
  rules.validate_create = check<CertificateSigningRequest, validate_request>;
  rules.validate_status =
      check_from<CertificateSigningRequest, validate_status>;
}

} // namespace troupe::rules

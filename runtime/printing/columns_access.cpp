#include "messages/api/certificates.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/int_or_string.hpp"

namespace troupe::printing {

namespace {

template <class T>
void role_row(const T& x, time_point, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(made_at(x.metadata()));
}

template <class Subjects>
std::string subjects_of(const Subjects& subjects, const char* kind,
                        bool with_namespace) {
  std::string result;
  for (const auto& x : subjects) {
    if (x.kind() != kind)
      continue;
    result += result.empty() ? "" : ", ";
    result += with_namespace ? x.namespace_() + "/" + x.name() : x.name();
  }
  return result;
}

template <class T>
void binding_row(const T& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.role_ref().kind() + "/" + x.role_ref().name());
  out.push_back(age_of(x.metadata(), now));
  out.push_back(subjects_of(x.subjects(), "User", false));
  out.push_back(subjects_of(x.subjects(), "Group", false));
  out.push_back(subjects_of(x.subjects(), "ServiceAccount", true));
}

void budget_row(const policy::v1::PodDisruptionBudget& x, time_point now,
                cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(spec.has_min_available()
                    ? text::int_or_string_text(spec.min_available())
                    : "N/A");
  out.push_back(spec.has_max_unavailable()
                    ? text::int_or_string_text(spec.max_unavailable())
                    : "N/A");
  out.push_back(std::to_string(x.status().disruptions_allowed()));
  out.push_back(age_of(x.metadata(), now));
}

std::string
condition_of(const certificates::v1::CertificateSigningRequestStatus& status) {
  bool approved = false;
  bool denied = false;
  bool failed = false;
  for (const auto& condition : status.conditions()) {
    approved = approved || condition.type() == "Approved";
    denied = denied || condition.type() == "Denied";
    failed = failed || condition.type() == "Failed";
  }
  // Kubernetes: whatever else, what was denied is denied.
  std::string result = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed)
    result += ",Failed";
  if (!status.certificate().empty())
    result += ",Issued";
  return result;
}

void request_row(const certificates::v1::CertificateSigningRequest& x,
                 time_point now, cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(age_of(x.metadata(), now));
  out.push_back(or_else(spec.signer_name(), none));
  out.push_back(spec.username());
  out.push_back(spec.has_expiration_seconds() ? text::age_text(
                    std::chrono::seconds(spec.expiration_seconds()))
                                              : none);
  out.push_back(condition_of(x.status()));
}

} // namespace

void add_access_columns(columns_list& out) {
  const std::vector<column> role{name_column(), {"Created At", "date"}};
  out.push_back(columns_for<rbac::v1::Role>(role, role_row));
  out.push_back(columns_for<rbac::v1::ClusterRole>(role, role_row));
  const std::vector<column> binding{name_column(),  text("Role"),
                                    text("Age"),    wide("Users"),
                                    wide("Groups"), wide("ServiceAccounts")};
  out.push_back(columns_for<rbac::v1::RoleBinding>(binding, binding_row));
  out.push_back(
      columns_for<rbac::v1::ClusterRoleBinding>(binding, binding_row));
  out.push_back(columns_for<policy::v1::PodDisruptionBudget>(
      {name_column(), text("Min Available"), text("Max Unavailable"),
       number("Allowed Disruptions"), text("Age")},
      budget_row));
  out.push_back(columns_for<certificates::v1::CertificateSigningRequest>(
      {name_column(), text("Age"), text("SignerName"), text("Requestor"),
       text("RequestedDuration"), text("Condition")},
      request_row));
}

} // namespace troupe::printing

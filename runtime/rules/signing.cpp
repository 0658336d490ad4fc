#include "runtime/rules/signing.hpp"

#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/joining.hpp"

#include <algorithm>
#include <string_view>

namespace troupe::rules {

namespace {

using certificates::v1::CertificateSigningRequest;
using std::chrono::hours;

constexpr std::chrono::seconds shortest_life{600};
constexpr std::string_view node_prefix = "system:node:";

bool has_group(const CertificateSigningRequest& request,
               std::string_view group) {
  auto& all = request.spec().groups();
  return std::find(all.begin(), all.end(), group) != all.end();
}

std::string usage_problem(const CertificateSigningRequest& request) {
  bool for_clients = false;
  for (auto& usage : request.spec().usages()) {
    for_clients = for_clients || usage == "client auth";
    if (usage != "client auth" && usage != "digital signature"
        && usage != "key encipherment")
      return "the usage \"" + usage + "\" is not for clients";
  }
  return for_clients ? "" : "the usage \"client auth\" is missing";
}

std::string node_problem(const CertificateSigningRequest& request,
                         const crypto::identity& who) {
  auto& user = request.spec().username();
  if (!std::string_view{user}.starts_with(node_prefix)
      || !has_group(request, "system:nodes"))
    return "only nodes are given certificates by themselves";
  if (who.user != user)
    return "a node asks for itself alone";
  if (who.groups != std::vector<std::string>{"system:nodes"})
    return "the organization must be system:nodes and nothing else";
  return {};
}

std::string component_problem(const CertificateSigningRequest& request,
                              const crypto::identity& who) {
  constexpr std::string_view prefix = "system:";
  std::string_view user = request.spec().username();
  if (!user.starts_with(prefix)
      || !joining_identity(join_role::component,
                           std::string{user.substr(prefix.size())}))
    return "only components are given certificates by themselves";
  if (who.user != user || !who.groups.empty())
    return "a component asks for itself alone";
  return {};
}

void add(CertificateSigningRequest& request, const char* type,
         const char* reason, const std::string& message, time_point now) {
  auto& all = *request.mutable_status()->mutable_conditions();
  set_condition(all, type, "True", reason, message, now);
  *find_condition(all, type)->mutable_last_update_time() = to_time(now);
}

} // namespace

std::optional<std::string>
approval_problem(const CertificateSigningRequest& request) {
  auto& signer = request.spec().signer_name();
  if (signer != kubelet_signer && signer != component_signer)
    return std::nullopt;
  auto asked = crypto::inspect_request(request.spec().request());
  if (!asked)
    return message_of(asked.error());
  if (!asked->names.dns.empty() || !asked->names.addresses.empty())
    return "a client's certificate has no names of servers";
  if (auto why = usage_problem(request); !why.empty())
    return why;
  return signer == kubelet_signer ? node_problem(request, asked->who)
                                  : component_problem(request, asked->who);
}

bool is_approved(const CertificateSigningRequest& request) {
  return find_condition(request.status().conditions(), "Approved") != nullptr;
}

bool is_refused(const CertificateSigningRequest& request) {
  auto& all = request.status().conditions();
  return find_condition(all, "Denied") != nullptr
         || find_condition(all, "Failed") != nullptr;
}

bool is_to_be_signed(const CertificateSigningRequest& request) {
  auto& signer = request.spec().signer_name();
  return (signer == kubelet_signer || signer == component_signer)
         && is_approved(request) && !is_refused(request)
         && request.status().certificate().empty();
}

std::chrono::seconds
signing_lifetime(const CertificateSigningRequest& request) {
  std::chrono::seconds most = crypto::leaf_lifetime;
  if (!request.spec().has_expiration_seconds())
    return most;
  return std::clamp(std::chrono::seconds{request.spec().expiration_seconds()},
                    shortest_life, most);
}

time_point kept_until(const CertificateSigningRequest& request) {
  auto made = from_time(request.metadata().creation_timestamp());
  auto decided = is_approved(request) || is_refused(request);
  if (!decided)
    return made + hours{24};
  auto last = made;
  for (auto& each : request.status().conditions())
    last = std::max(last, from_time(each.last_update_time()));
  return last + hours{1};
}

void approve(CertificateSigningRequest& request, time_point now) {
  add(request, "Approved", "AutoApproved",
      "Auto approving a certificate of the requester itself", now);
}

void fail(CertificateSigningRequest& request, const std::string& why,
          time_point now) {
  add(request, "Failed", "SignerValidationFailure", why, now);
}

} // namespace troupe::rules

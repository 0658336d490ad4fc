#include "runtime/rules/signing.hpp"

#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/joining.hpp"
#include "runtime/rules/refusals.hpp"

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

bool is_of_nodes(const crypto::identity& who) {
  return who.groups == std::vector<std::string>{"system:nodes"}
         && std::string_view{who.user}.starts_with(node_prefix)
         && who.user.size() > node_prefix.size();
}

bool has_names(const crypto::asked_certificate& asked) {
  return !asked.names.dns.empty() || !asked.names.addresses.empty();
}

/// Kubernetes: a kubelet's own certificate, to be dialled.
std::string serving_problem(const CertificateSigningRequest& request,
                            const crypto::asked_certificate& asked) {
  if (asked.who.groups != std::vector<std::string>{"system:nodes"})
    return "subject organization is not system:nodes";
  if (!is_of_nodes(asked.who))
    return "subject common name does not begin with system:node:";
  if (!has_names(asked))
    return "DNS or IP subjectAltName is required";
  auto serves = false;
  auto signs = false;
  for (auto& usage : request.spec().usages()) {
    serves = serves || usage == "server auth";
    signs = signs || usage == "digital signature";
    if (usage != "server auth" && usage != "digital signature"
        && usage != "key encipherment")
      return "the usage \"" + usage + "\" is not for kubelets that serve";
  }
  return serves && signs
             ? ""
             : "usages did not match [key encipherment, digital signature, "
               "server auth]";
}

/// Kubernetes: what a kubelet is to the API server.
std::string kubelet_problem(const CertificateSigningRequest& request,
                            const crypto::asked_certificate& asked) {
  if (!is_of_nodes(asked.who))
    return "the subject must be a node, in the organization system:nodes alone";
  if (has_names(asked))
    return "a client's certificate has no names of servers";
  // Stricter than Kubernetes: whoever approved that did not look.
  std::string_view user = request.spec().username();
  if (user.starts_with(node_prefix) && asked.who.user != user)
    return "a node asks for itself alone";
  return usage_problem(request);
}

bool is_ours(const std::string& signer) {
  return signer == kubelet_signer || signer == component_signer
         || signer == client_signer || signer == serving_signer;
}

using conditions = google::protobuf::RepeatedPtrField<
    certificates::v1::CertificateSigningRequestCondition>;

void set_times(conditions& all, const conditions& before, time_point now) {
  for (auto& each : all) {
    if (!each.has_last_update_time())
      *each.mutable_last_update_time() = to_time(now);
    if (each.has_last_transition_time())
      continue;
    auto* known = find_condition(before, each.type());
    auto same = known != nullptr && known->status() == each.status();
    *each.mutable_last_transition_time() =
        same && known->has_last_transition_time()
            ? known->last_transition_time()
            : to_time(now);
  }
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

std::string signing_problem(const CertificateSigningRequest& request) {
  auto& signer = request.spec().signer_name();
  if (signer == component_signer)
    return approval_problem(request).value_or("not ours");
  auto asked = crypto::inspect_request(request.spec().request());
  if (!asked)
    return message_of(asked.error());
  if (signer == serving_signer)
    return serving_problem(request, *asked);
  if (signer == client_signer && asked->who.user == crypto::server_user)
    return "that is who the API server is";
  return signer == kubelet_signer ? kubelet_problem(request, *asked)
                                  : usage_problem(request);
}

bool is_first_of_node(const CertificateSigningRequest& request) {
  auto& user = request.spec().username();
  return request.spec().signer_name() == kubelet_signer
         && !std::string_view{user}.starts_with(node_prefix)
         && signing_problem(request).empty();
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
  return is_ours(request.spec().signer_name()) && is_approved(request)
         && !is_refused(request) && request.status().certificate().empty();
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

namespace {

refused_object of(const CertificateSigningRequest& request) {
  return {"certificates.k8s.io", "certificatesigningrequests",
          request.metadata().name()};
}

} // namespace

caf::error check_subject(const CertificateSigningRequest& request) {
  if (request.spec().signer_name() != client_signer)
    return caf::none;
  auto no = [&](const std::string& why) { return forbidden(of(request), why); };
  auto asked = crypto::inspect_request(request.spec().request());
  if (!asked)
    return no("failed to parse CSR: " + message_of(asked.error()));
  // In the cluster's network it may do all that a master may.
  if (asked->who.user == crypto::server_user)
    return no("use of " + std::string{client_signer}
              + " signer for the API server itself is not allowed");
  auto& groups = asked->who.groups;
  if (std::find(groups.begin(), groups.end(), masters_group) != groups.end())
    return no("use of " + std::string{client_signer}
              + " signer with system:masters group is not allowed");
  return caf::none;
}

void prepare_approval(CertificateSigningRequest& request,
                      const CertificateSigningRequest& old, time_point now) {
  auto wished = request.status().conditions();
  *request.mutable_status() = old.status();
  *request.mutable_status()->mutable_conditions() = wished;
  set_times(*request.mutable_status()->mutable_conditions(),
            old.status().conditions(), now);
}

void prepare_signing(CertificateSigningRequest& request,
                     const CertificateSigningRequest& old, time_point now) {
  // Who approved what, and who did not, is not the signer's to say.
  conditions all;
  for (auto& each : old.status().conditions())
    if (each.type() == "Approved" || each.type() == "Denied")
      *all.Add() = each;
  for (auto& each : request.status().conditions())
    if (each.type() != "Approved" && each.type() != "Denied")
      *all.Add() = each;
  *request.mutable_status()->mutable_conditions() = all;
  set_times(*request.mutable_status()->mutable_conditions(),
            old.status().conditions(), now);
}

bool is_signers_work(const CertificateSigningRequest& request,
                     const CertificateSigningRequest& old) {
  auto& a = request.status();
  auto& b = old.status();
  if (a.certificate() != b.certificate()
      || a.conditions().size() != b.conditions().size())
    return true;
  for (int i = 0; i < a.conditions().size(); ++i)
    if (!canonical_equal(a.conditions(i), b.conditions(i)))
      return true;
  return false;
}

std::vector<access> signer_rights(const std::string& verb,
                                  const std::string& signer) {
  access what;
  what.verb = verb;
  what.group = "certificates.k8s.io";
  what.resource = "signers";
  what.name = signer;
  auto all = what;
  all.name = signer.substr(0, signer.find('/')) + "/*";
  return {what, all};
}

caf::error no_signer(const CertificateSigningRequest& request,
                     const std::string& verb) {
  return forbidden(of(request), "user not permitted to " + verb
                                    + " requests with signerName \""
                                    + request.spec().signer_name() + "\"");
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

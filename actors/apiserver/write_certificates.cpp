#include "actors/apiserver/write_certificates.hpp"

#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/authorize.hpp"
#include "runtime/rules/signing.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;

/// Whoever may approve or sign for all signers of a domain may for each.
caf::error check_signer(const write_job& job,
                        const CertificateSigningRequest& request,
                        const std::string& verb) {
  auto& asks = *job.request;
  rules::caller who{asks.user(), {asks.groups().begin(), asks.groups().end()}};
  if (who.in_group(rules::masters_group))
    return caf::none;
  auto& policy = job.self->state.policy;
  if (!policy)
    return make_error(ec::service_unavailable, "starting");
  auto rights = rules::signer_rights(verb, request.spec().signer_name());
  auto may = std::any_of(rights.begin(), rights.end(), [&](auto& each) {
    return rules::judge(*policy, who, each).what == rules::decision::allowed;
  });
  return may ? caf::error{} : rules::no_signer(request, verb);
}

} // namespace

caf::error admit_certificate(write_job& job, google::protobuf::Message& msg,
                             const std::string& subresource) {
  if (&job.kind() != &kind_of<CertificateSigningRequest>()
      || subresource.empty())
    return caf::none;
  auto& request = static_cast<CertificateSigningRequest&>(msg);
  auto& old = job.current.as<CertificateSigningRequest>();
  auto now = job.self->state.ctx->now();
  if (subresource == "approval") {
    rules::prepare_approval(request, old, now);
    return check_signer(job, old, "approve");
  }
  rules::prepare_signing(request, old, now);
  return rules::is_signers_work(request, old) ? check_signer(job, old, "sign")
                                              : caf::error{};
}

} // namespace troupe

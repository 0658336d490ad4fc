#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/crypto/certificate.hpp"
#include "runtime/rules/access.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace troupe::certificates::v1 {
class CertificateSigningRequest;
} // namespace troupe::certificates::v1

/// What is done about CertificateSigningRequests.
namespace troupe::rules {

/// Kubernetes' signers for kubelets, for other clients of the API server and
/// for what kubelets serve, and ours for the parts of the control plane that
/// run in processes of their own.
constexpr auto kubelet_signer = "kubernetes.io/kube-apiserver-client-kubelet";
constexpr auto client_signer = "kubernetes.io/kube-apiserver-client";
constexpr auto serving_signer = "kubernetes.io/kubelet-serving";
constexpr auto component_signer = "troupe.dev/component-client";

/// Returns why a request is not approved by itself; "" when it is: a node, or a
/// component, asks for what it has already, a certificate for itself. Nothing
/// at all, `std::nullopt`, for signers that are not ours.
std::optional<std::string>
approval_problem(const certificates::v1::CertificateSigningRequest& request);

/// Returns why a request cannot be signed, approved or not; "" when it can.
/// Precondition: is_to_be_signed(request), or it would be were it approved.
std::string
signing_problem(const certificates::v1::CertificateSigningRequest& request);

/// Whether it asks for a node's first certificate, which who may create
/// `certificatesigningrequests/nodeclient` gets without further ado.
bool is_first_of_node(
    const certificates::v1::CertificateSigningRequest& request);

bool is_approved(const certificates::v1::CertificateSigningRequest& request);
/// Denied or failed.
bool is_refused(const certificates::v1::CertificateSigningRequest& request);

/// Whether it waits for one of our signers to sign it.
bool is_to_be_signed(
    const certificates::v1::CertificateSigningRequest& request);

/// How long the certificate is to be good: what was asked, ten minutes at
/// least, a year at most.
std::chrono::seconds
signing_lifetime(const certificates::v1::CertificateSigningRequest& request);

/// Returns when a request is no longer kept, as Kubernetes' cleaner has it: an
/// hour after it was signed, denied or approved and nothing came of it, a day
/// after it was made and nobody decided.
time_point
kept_until(const certificates::v1::CertificateSigningRequest& request);

/// CertificateSubjectRestriction: nobody becomes a member of system:masters by
/// the signer for clients. Forbidden.
caf::error
check_subject(const certificates::v1::CertificateSigningRequest& request);

/// What an approval changes, and what a signer: the rest of the status stays as
/// it was. Times that are left out are those of the condition before, or now.
void prepare_approval(certificates::v1::CertificateSigningRequest& request,
                      const certificates::v1::CertificateSigningRequest& old,
                      time_point now);
void prepare_signing(certificates::v1::CertificateSigningRequest& request,
                     const certificates::v1::CertificateSigningRequest& old,
                     time_point now);

/// Whether a new status is something that only a signer may write.
bool is_signers_work(const certificates::v1::CertificateSigningRequest& request,
                     const certificates::v1::CertificateSigningRequest& old);

/// Returns what somebody must be allowed, one of them, to approve or to sign
/// (`verb`) for a signer.
std::vector<access> signer_rights(const std::string& verb,
                                  const std::string& signer);

/// Returns the refusal of who is not allowed that, as Kubernetes words it.
caf::error no_signer(const certificates::v1::CertificateSigningRequest& request,
                     const std::string& verb);

/// Adds a condition.
void approve(certificates::v1::CertificateSigningRequest& request,
             time_point now);
void fail(certificates::v1::CertificateSigningRequest& request,
          const std::string& why, time_point now);

} // namespace troupe::rules

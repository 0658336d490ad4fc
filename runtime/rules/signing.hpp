#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/crypto/certificate.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace troupe::certificates::v1 {
class CertificateSigningRequest;
} // namespace troupe::certificates::v1

/// What is done about CertificateSigningRequests.
namespace troupe::rules {

/// Kubernetes' signer for kubelets, and ours for the parts of the control plane
/// that run in processes of their own.
constexpr auto kubelet_signer = "kubernetes.io/kube-apiserver-client-kubelet";
constexpr auto component_signer = "troupe.dev/component-client";

/// Returns why a request is not approved by itself; "" when it is: a node, or a
/// component, asks for what it has already, a certificate for itself. Nothing
/// at all, `std::nullopt`, for signers that are not ours.
std::optional<std::string>
approval_problem(const certificates::v1::CertificateSigningRequest& request);

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

/// Adds a condition.
void approve(certificates::v1::CertificateSigningRequest& request,
             time_point now);
void fail(certificates::v1::CertificateSigningRequest& request,
          const std::string& why, time_point now);

} // namespace troupe::rules

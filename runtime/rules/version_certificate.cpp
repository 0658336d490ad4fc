#include "messages/api/certificates.pb.h"
#include "messages/api/certificates_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/version_forms.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

namespace {

using Newer = certificates::v1::CertificateSigningRequest;
using Older = certificates::v1beta1::CertificateSigningRequest;
using usages = std::set<std::string>;

usages usages_of(const certificates::v1::CertificateSigningRequestSpec& spec) {
  return {spec.usages().begin(), spec.usages().end()};
}

/// Kubernetes: nodes need not say "key encipherment" where the key cannot.
bool has_usages(const certificates::v1::CertificateSigningRequestSpec& spec,
                const std::string& of) {
  auto given = usages_of(spec);
  given.erase("key encipherment");
  return given == usages{"digital signature", of};
}

/// Kubernetes: what the older version takes for meant where no signer is named.
std::string
default_signer(const certificates::v1::CertificateSigningRequestSpec& spec) {
  auto asked = crypto::inspect_request(spec.request());
  if (!asked || !asked->who.user.starts_with("system:node:")
      || asked->who.groups != std::vector<std::string>{"system:nodes"})
    return "kubernetes.io/legacy-unknown";
  auto named = !asked->names.dns.empty() || !asked->names.addresses.empty();
  if (!named && has_usages(spec, "client auth"))
    return "kubernetes.io/kube-apiserver-client-kubelet";
  if (named && has_usages(spec, "server auth"))
    return "kubernetes.io/kubelet-serving";
  return "kubernetes.io/legacy-unknown";
}

/// Both have the same fields under the same numbers.
template <class From, class To>
void copy_all(const From& from, To& to) {
  to.ParseFromString(canonical_bytes(from));
}

} // namespace

void convert(const Older& from, Newer& to) {
  copy_all(from, to);
  auto& spec = *to.mutable_spec();
  if (spec.usages().empty())
    for (auto* usage : {"digital signature", "key encipherment"})
      spec.add_usages(usage);
  if (spec.signer_name().empty())
    spec.set_signer_name(default_signer(spec));
  for (auto& condition : *to.mutable_status()->mutable_conditions())
    if (condition.status().empty())
      condition.set_status("True");
}

void convert(const Newer& from, Older& to) {
  copy_all(from, to);
}

} // namespace troupe::rules

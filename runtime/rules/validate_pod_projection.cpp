#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"

#include <set>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr int64_t shortest_token = 600;
constexpr int64_t longest_token = int64_t{1} << 32;

/// Checks one projection and collects the files that it makes: two of one name
/// in a volume would hide each other.
class projections {
public:
  projections(const field_path& volume, findings& out)
      : volume_(volume), out_(out) {
    // nop
  }

  void check(const VolumeProjection& source, const field_path& at) {
    if (source.has_secret())
      check_items(source.secret(), at.child("secret"));
    if (source.has_config_map())
      check_items(source.config_map(), at.child("configMap"));
    if (source.has_downward_api())
      check_downward(source.downward_api(), at.child("downwardAPI"));
    if (source.has_service_account_token())
      check_token(source.service_account_token(),
                  at.child("serviceAccountToken"));
    if (source.has_cluster_trust_bundle())
      check_path(source.cluster_trust_bundle().path(),
                 at.child("clusterTrustBundle.path"));
    if (source.has_pod_certificate())
      check_certificate(source.pod_certificate(), at.child("podCertificate"));
    check_count(source, at);
  }

private:
  void check_count(const VolumeProjection& source, const field_path& at) {
    std::vector<const google::protobuf::FieldDescriptor*> set;
    source.GetReflection()->ListFields(source, &set);
    if (set.size() > 1)
      out_.forbidden(at, "may not specify more than 1 volume type");
  }

  template <class T>
  void check_items(const T& source, const field_path& at) {
    auto& name = source.local_object_reference().name();
    if (name.empty())
      out_.required(at.child("name"));
    auto list = at.child("items");
    for (int i = 0; i < source.items_size(); ++i) {
      auto one = list[static_cast<size_t>(i)];
      check_key_to_path(source.items(i), one, out_);
      remember(source.items(i).path(), name);
    }
  }

  void check_downward(const DownwardAPIProjection& source,
                      const field_path& at) {
    for (auto& item : source.items()) {
      check_downward_file(item, at, out_);
      remember(item.path(), item.path());
    }
  }

  void check_token(const ServiceAccountTokenProjection& token,
                   const field_path& at) {
    auto seconds = token.expiration_seconds();
    if (token.has_expiration_seconds() && seconds < shortest_token)
      out_.invalid(at.child("expirationSeconds"), seconds,
                   "may not specify a duration less than 10 minutes");
    if (seconds > longest_token)
      out_.invalid(at.child("expirationSeconds"), seconds,
                   "may not specify a duration larger than 2^32 seconds");
    // Kubernetes names the volume's own path here, and not the token's.
    auto path = volume_.child("path");
    if (token.path().empty())
      out_.required(path);
    else
      check_file_path(token.path(), path, out_);
  }

  void check_certificate(const PodCertificateProjection& certificate,
                         const field_path& at) {
    if (certificate.signer_name().empty())
      out_.required(at.child("signerName"));
    if (certificate.key_type().empty())
      out_.required(at.child("keyType"));
    for (auto* path :
         {&certificate.credential_bundle_path(), &certificate.key_path(),
          &certificate.certificate_chain_path()})
      remember(*path, *path);
  }

  void check_path(const std::string& path, const field_path& at) {
    if (path.empty())
      out_.required(at);
    else
      out_.invalid(at, path, check_relative_path(path));
    remember(path, path);
  }

  /// Kubernetes: a conflict is one of the volume, whose `culprit` it tells.
  void remember(const std::string& path, const std::string& culprit) {
    if (!path.empty() && !paths_.insert(path).second)
      out_.invalid(volume_, culprit, "conflicting duplicate paths");
  }

  const field_path& volume_;
  findings& out_;
  std::set<std::string> paths_;
};

} // namespace

void check_projection(const ProjectedVolumeSource& source, const field_path& at,
                      findings& out) {
  check_file_mode(source.has_default_mode(), source.default_mode(),
                  at.child("defaultMode"), out);
  projections all{at, out};
  auto list = at.child("sources");
  for (int i = 0; i < source.sources_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    all.check(source.sources(i), one);
  }
}

} // namespace troupe::rules

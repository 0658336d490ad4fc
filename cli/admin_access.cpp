#include "cli/admin_access.hpp"

namespace troupe::cli {

expected<crypto::kubeconfig_access>
write_admin_kubeconfig(const std::filesystem::path& file,
                       const crypto::cluster_keys& keys, const std::string& api,
                       const std::string& actors) {
  crypto::kubeconfig access;
  access.clusters.push_back(
      {"troupe", "https://" + api, keys.authority.certificate, actors, {}});
  access.users.push_back(
      {"kubernetes-admin", keys.admin.certificate, keys.admin.key, {}, {}});
  access.contexts.push_back({"troupe", "troupe", "kubernetes-admin", {}});
  access.current_context = "troupe";
  auto written = crypto::write_secret_file(file, crypto::to_yaml(access));
  if (!written)
    return written.error();
  return crypto::choose(access, {});
}

} // namespace troupe::cli

#include "cli/running_clusters.hpp"

#include "cli/directory_lock.hpp"
#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/joined_node.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder that somebody else made below /tmp could say anything.
bool is_ours(const fs::path& folder) {
  struct stat facts {};
  return lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)
         && facts.st_uid == geteuid() && (facts.st_mode & 022) == 0;
}

/// One in another network is not where it says, for us. Nothing where it does
/// not say which.
bool is_elsewhere(const json& doc) {
  auto network = doc.value("network", "");
  return !network.empty() && network != net::network_identity();
}

struct read_cluster {
  running_cluster cluster;
  bool elsewhere = false;
};

std::optional<read_cluster> read(const fs::path& file) {
  auto text = crypto::read_file(file);
  if (!text)
    return std::nullopt;
  try {
    auto doc = json::parse(*text);
    return read_cluster{
        {doc.at("dataDir"), doc.at("id"), doc.at("name"), doc.at("servers")},
        is_elsewhere(doc)};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace

fs::path running_clusters_folder() {
  if (auto* named = std::getenv("XDG_RUNTIME_DIR"); named != nullptr && *named)
    return fs::path{named} / "troupe";
  if (geteuid() == 0)
    return "/run/troupe";
  return "/tmp/troupe-" + std::to_string(geteuid());
}

cluster_announcement::~cluster_announcement() {
  std::error_code gone;
  if (!file_.empty())
    fs::remove(file_, gone);
}

caf::error cluster_announcement::make(const running_cluster& x) {
  auto folder = running_clusters_folder();
  std::error_code failed;
  if (fs::create_directories(folder, failed))
    fs::permissions(folder, fs::perms::owner_all, failed);
  if (!is_ours(folder))
    return make_error(ec::forbidden,
                      folder.string() + " is not a folder of this user alone");
  auto file = folder
              / (crypto::hex_encode(crypto::sha256(x.data_dir)).substr(0, 16)
                 + ".json");
  json doc{{"dataDir", x.data_dir},
           {"id", x.id},
           {"name", x.name},
           {"servers", x.servers},
           {"network", net::network_identity()}};
  auto written = crypto::write_secret_file(file, doc.dump(1) + "\n");
  if (!written)
    return written.error();
  file_ = file;
  return caf::none;
}

std::vector<running_cluster> running_clusters() {
  std::vector<running_cluster> result;
  auto folder = running_clusters_folder();
  if (!is_ours(folder))
    return result;
  std::error_code gone;
  for (auto& each : fs::directory_iterator(folder, gone)) {
    if (each.path().extension() != ".json")
      continue;
    auto found = read(each.path());
    if (!found || holder_of(found->cluster.data_dir).pid == 0)
      fs::remove(each.path(), gone);
    else if (!found->elsewhere)
      result.push_back(std::move(found->cluster));
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return a.data_dir < b.data_dir;
  });
  return result;
}

} // namespace troupe::cli

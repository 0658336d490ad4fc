#include "cli/cluster_shape.hpp"

#include "actors/store/store.hpp"
#include "cli/server_settings.hpp"
#include "runtime/crypto/key_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path file_in(const fs::path& data_dir) {
  return data_dir / "cluster.json";
}

/// So many servers have left stores here: the first one its own, the others
/// theirs.
uint32_t stores_in(const fs::path& data_dir) {
  if (!fs::exists(data_dir / "store"))
    return 0;
  uint32_t result = 1;
  while (
      fs::exists(server_folder(data_dir, "server-" + std::to_string(result + 1))
                 / "store"))
    ++result;
  return result;
}

} // namespace

const std::vector<std::string> without_names{"scheduler", "controllers"};

deciding_parts deciding(const std::vector<std::string>& without) {
  auto runs = [&](const char* name) {
    return std::find(without.begin(), without.end(), name) == without.end();
  };
  return {runs("scheduler"), runs("controllers")};
}

std::vector<std::string>
settled_without(const std::vector<std::string>& without,
                const cluster_shape& last) {
  if (without.empty())
    return last.without;
  std::vector<std::string> result;
  for (auto& name : without_names)
    if (std::find(without.begin(), without.end(), name) != without.end())
      result.push_back(name);
  return result;
}

json document_of(const store_limits& limits) {
  json result = json::object();
  if (limits.quota_bytes)
    result["storeQuota"] = *limits.quota_bytes;
  if (limits.keep_time)
    result["storeHistory"] = limits.keep_time->count();
  return result;
}

store_limits limits_of(const json& doc) {
  store_limits result;
  if (doc.contains("storeQuota"))
    result.quota_bytes = doc["storeQuota"];
  if (doc.contains("storeHistory"))
    result.keep_time = std::chrono::seconds{doc["storeHistory"].get<int64_t>()};
  return result;
}

expected<cluster_shape> read_shape(const fs::path& data_dir) {
  std::ifstream in{file_in(data_dir)};
  if (!in)
    return cluster_shape{};
  auto doc = json::parse(in, nullptr, false);
  if (!doc.is_object() || !doc.contains("nodes")
      || !doc["nodes"].is_number_unsigned() || !doc.contains("runtime")
      || !doc["runtime"].is_string())
    return make_error(ec::internal_error,
                      file_in(data_dir).string()
                          + " does not say how many nodes the cluster has: "
                            "remove it, and start with --nodes and --runtime");
  // Older clusters had one server, and did not say so.
  cluster_shape result;
  result.nodes = doc["nodes"];
  result.runtime = doc["runtime"];
  result.servers = doc.value("servers", 1u);
  result.processes = doc.value("processes", false);
  result.apart = doc.value("apart", false);
  result.without = doc.value("without", result.without);
  result.host = doc.value("host", "");
  result.store_group = doc.value("storeGroup", uint64_t{0});
  result.limits = limits_of(doc);
  return result;
}

expected<void> write_shape(const fs::path& data_dir,
                           const cluster_shape& shape) {
  json doc{{"nodes", shape.nodes},
           {"runtime", shape.runtime},
           {"servers", shape.servers},
           {"processes", shape.processes},
           {"storeGroup", shape.store_group}};
  if (shape.apart)
    doc["apart"] = true;
  if (!shape.without.empty())
    doc["without"] = shape.without;
  if (!shape.host.empty())
    doc["host"] = shape.host;
  doc.update(document_of(shape.limits));
  return crypto::write_secret_file(file_in(data_dir), doc.dump() + "\n");
}

expected<cluster_shape> last_shape(const fs::path& data_dir) {
  auto known = read_server_settings(data_dir);
  if (known && !known->own.empty())
    return make_error(ec::conflict, data_dir.string() + " is of " + known->own
                                        + ", which joined a cluster: start it "
                                          "with `troupe server`");
  auto last = read_shape(data_dir);
  if (!last)
    return last;
  if (last->servers == 0)
    last->servers = stores_in(data_dir);
  // They know of servers that were added, and of a start that failed.
  if (known && !known->places.empty()) {
    last->servers = static_cast<uint32_t>(known->places.size());
    last->processes = last->servers > 1;
    if (last->store_group == 0)
      last->store_group = known->store_group;
  }
  if (last->store_group == 0) {
    store_options store;
    store.path = (data_dir / "store").string();
    auto group = group_of_store(store);
    if (!group)
      return std::move(group.error());
    last->store_group = *group;
  }
  return last;
}

} // namespace troupe::cli

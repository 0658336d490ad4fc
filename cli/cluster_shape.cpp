#include "cli/cluster_shape.hpp"

#include "runtime/crypto/key_files.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path file_in(const fs::path& data_dir) {
  return data_dir / "cluster.json";
}

} // namespace

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
  if (!shape.host.empty())
    doc["host"] = shape.host;
  doc.update(document_of(shape.limits));
  return crypto::write_secret_file(file_in(data_dir), doc.dump() + "\n");
}

} // namespace troupe::cli

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
  return cluster_shape{doc["nodes"].get<uint32_t>(),
                       doc["runtime"].get<std::string>(),
                       doc.value("servers", 1u), doc.value("processes", false),
                       doc.value("host", "")};
}

expected<void> write_shape(const fs::path& data_dir,
                           const cluster_shape& shape) {
  json doc{{"nodes", shape.nodes},
           {"runtime", shape.runtime},
           {"servers", shape.servers},
           {"processes", shape.processes}};
  if (!shape.host.empty())
    doc["host"] = shape.host;
  return crypto::write_secret_file(file_in(data_dir), doc.dump() + "\n");
}

} // namespace troupe::cli

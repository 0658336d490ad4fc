#include "runtime/images/manifest.hpp"

#include "runtime/images/digest.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sys/utsname.h>

namespace troupe::images {

namespace {

using text::document;
using tree = nlohmann::json;

/// Nobody has larger blobs; a hostile size must not overflow sums.
constexpr int64_t largest_blob = int64_t{1} << 42;

caf::error refuse(const std::string& what) {
  return make_error(ec::invalid, what);
}

/// Reads fields of one JSON object; the first thing that is wrong is kept.
class fields {
public:
  fields(const tree& from, std::string where)
      : from_(from), where_(std::move(where)) {
    if (!from_.is_object())
      fail("is no object");
  }

  const tree* find(const char* key) {
    if (!from_.is_object())
      return nullptr;
    auto at = from_.find(key);
    return at == from_.end() || at->is_null() ? nullptr : &*at;
  }

  void take(const char* key, std::string& out) {
    auto at = find(key);
    if (at == nullptr)
      return;
    if (at->is_string())
      out = at->get<std::string>();
    else
      fail(std::string{key} + " is no text");
  }

  void take(const char* key, std::vector<std::string>& out) {
    auto at = find(key);
    if (at == nullptr)
      return;
    if (!at->is_array())
      return fail(std::string{key} + " is no list");
    for (auto& x : *at)
      if (x.is_string())
        out.push_back(x.get<std::string>());
      else
        return fail(std::string{key} + " holds what is no text");
  }

  void take(const char* key, std::map<std::string, std::string>& out) {
    auto at = find(key);
    if (at == nullptr)
      return;
    if (!at->is_object())
      return fail(std::string{key} + " is no object");
    for (auto& [name, value] : at->items())
      if (value.is_string())
        out[name] = value.get<std::string>();
      else
        return fail(std::string{key} + " holds what is no text");
  }

  /// The keys of an object whose values say nothing.
  void take_keys(const char* key, std::vector<std::string>& out) {
    auto at = find(key);
    if (at == nullptr)
      return;
    if (!at->is_object())
      return fail(std::string{key} + " is no object");
    for (auto& [name, value] : at->items())
      out.push_back(name);
  }

  void fail(const std::string& what) {
    if (problem_.empty())
      problem_ = where_ + ": " + what;
  }

  caf::error problem() const {
    return problem_.empty() ? caf::error{} : refuse(problem_);
  }

private:
  const tree& from_;
  std::string where_;
  std::string problem_;
};

expected<tree> parse(std::string_view bytes, const document_limits& limits,
                     const char* what) {
  if (bytes.size() > limits.bytes)
    return refuse(std::string{what} + " is larger than "
                  + std::to_string(limits.bytes) + " bytes");
  text::read_options options;
  options.max_bytes = limits.bytes;
  auto result = text::parse_json(bytes, options);
  if (!result)
    return refuse(std::string{what} + ": " + message_of(result.error()));
  if (!result->is_object())
    return refuse(std::string{what} + " is no JSON object");
  return result;
}

expected<platform> read_platform(const tree& from, const std::string& where) {
  platform result;
  fields in{from, where};
  in.take("os", result.os);
  in.take("architecture", result.architecture);
  in.take("variant", result.variant);
  if (auto err = in.problem())
    return err;
  return result;
}

caf::error read_size(const tree* size, const std::string& where,
                     uint64_t& out) {
  if (size == nullptr || !size->is_number_integer())
    return refuse(where + ": size is missing");
  if (size->is_number_unsigned()
          ? size->get<uint64_t>() > static_cast<uint64_t>(largest_blob)
          : size->get<int64_t>() < 0)
    return refuse(where + ": size is out of range");
  out = size->get<uint64_t>();
  return {};
}

expected<descriptor> read_descriptor(const tree& from,
                                     const std::string& where) {
  descriptor result;
  fields in{from, where};
  in.take("mediaType", result.media_type);
  in.take("digest", result.digest);
  in.take("annotations", result.annotations);
  if (auto err = in.problem())
    return err;
  if (auto problem = digest_problem(result.digest); !problem.empty())
    return refuse(where + ": " + problem);
  if (auto err = read_size(in.find("size"), where, result.size))
    return err;
  if (auto at = in.find("platform")) {
    auto read = read_platform(*at, where + ": platform");
    if (!read)
      return read.error();
    result.platform = std::move(*read);
  }
  return result;
}

expected<std::vector<descriptor>>
read_descriptors(const tree& from, const char* name, size_t most) {
  if (!from.is_array())
    return refuse(std::string{name} + " is no list");
  if (from.size() > most)
    return refuse(std::string{name} + " has more than " + std::to_string(most)
                  + " entries");
  std::vector<descriptor> result;
  for (size_t i = 0; i < from.size(); ++i) {
    auto one = read_descriptor(from[i], std::string{name} + "["
                                            + std::to_string(i) + "]");
    if (!one)
      return one.error();
    result.push_back(std::move(*one));
  }
  return result;
}

/// Null where there is none: asking for it would end the process.
const tree& part_of(const tree& from, const char* name) {
  static const tree none;
  auto found = from.find(name);
  return found == from.end() ? none : *found;
}

expected<manifest> read_manifest(const tree& from, std::string media_type,
                                 const document_limits& limits) {
  manifest result;
  result.media_type = std::move(media_type);
  auto config = read_descriptor(part_of(from, "config"), "config");
  if (!config)
    return config.error();
  result.config = std::move(*config);
  auto layers =
      read_descriptors(part_of(from, "layers"), "layers", limits.layers);
  if (!layers)
    return layers.error();
  result.layers = std::move(*layers);
  return result;
}

bool is_index_type(const std::string& type) {
  return type == media::oci_index || type == media::docker_list;
}

bool is_manifest_type(const std::string& type) {
  return type == media::oci_manifest || type == media::docker_manifest;
}

/// The type that a document is of; each of what it and others say of it must
/// agree, so that nobody can be shown one thing and given another.
expected<std::string> agree_on_type(const tree& from,
                                    const std::string& called) {
  std::string own;
  fields in{from, "manifest"};
  in.take("mediaType", own);
  if (auto err = in.problem())
    return err;
  if (from.value("schemaVersion", tree{}) == 1 || from.contains("fsLayers"))
    return refuse("manifest is of schema version 1, which is not supported");
  auto has_layers = from.contains("layers") || from.contains("config");
  auto has_manifests = from.contains("manifests");
  if (has_layers == has_manifests)
    return refuse(has_layers ? "manifest has both layers and manifests"
                             : "manifest has neither layers nor manifests");
  if (!own.empty() && is_document(called) && own != called)
    return refuse("manifest is of type " + own + ", not " + called);
  auto type = own.empty() ? (is_document(called) ? called : "") : own;
  if (type.empty())
    return has_layers ? media::oci_manifest : media::oci_index;
  if (has_layers ? !is_manifest_type(type) : !is_index_type(type))
    return refuse("media type " + type + " is not supported");
  return type;
}

std::string usual_variant(const platform& x) {
  if (x.architecture == "arm64" && x.variant == "v8")
    return {};
  if (x.architecture == "amd64" && x.variant == "v1")
    return {};
  if (x.architecture == "arm" && x.variant.empty())
    return "v7";
  return x.variant;
}

/// How well `what` runs there: 0 not at all; more is better.
int fitness(const platform& what, const platform& on) {
  if (what.os != on.os || what.architecture != on.architecture)
    return 0;
  auto has = usual_variant(what);
  auto wants = usual_variant(on);
  if (has == wants)
    return 100;
  // Newer machines run what was made for older ones.
  if (has.empty())
    return 1;
  if (wants.empty())
    return 0;
  return has < wants ? 1 + has.back() - '0' : 0;
}

} // namespace

std::string platform::text() const {
  auto result = os + "/" + architecture;
  return variant.empty() ? result : result + "/" + variant;
}

platform host_platform() {
  platform result{"linux", "amd64", ""};
  utsname machine{};
  uname(&machine);
  std::string name = machine.machine;
  static const std::pair<const char*, platform> known[] = {
      {"x86_64", {"linux", "amd64", ""}}, {"aarch64", {"linux", "arm64", ""}},
      {"armv7l", {"linux", "arm", "v7"}}, {"armv6l", {"linux", "arm", "v6"}},
      {"i686", {"linux", "386", ""}},     {"ppc64le", {"linux", "ppc64le", ""}},
      {"s390x", {"linux", "s390x", ""}},  {"riscv64", {"linux", "riscv64", ""}},
  };
  for (auto& [key, value] : known)
    if (name == key)
      return value;
  result.architecture = name;
  return result;
}

expected<platform> parse_platform(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find('/', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.size() < 2 || parts.size() > 3
      || std::any_of(parts.begin(), parts.end(),
                     [](auto& x) { return x.empty(); }))
    return refuse("\"" + std::string{text}
                  + "\" is no platform such as linux/amd64");
  parts.resize(3);
  return platform{parts[0], parts[1], parts[2]};
}

expected<images::document> parse_document(std::string_view bytes,
                                          const std::string& media_type,
                                          const document_limits& limits) {
  auto from = parse(bytes, limits, "manifest");
  if (!from)
    return from.error();
  auto type = agree_on_type(*from, media_type);
  if (!type)
    return type.error();
  images::document result;
  if (is_manifest_type(*type)) {
    auto read = read_manifest(*from, *type, limits);
    if (!read)
      return read.error();
    result.manifest = std::move(*read);
  } else {
    auto read = read_descriptors(part_of(*from, "manifests"), "manifests",
                                 limits.manifests);
    if (!read)
      return read.error();
    result.index = image_index{*type, std::move(*read)};
  }
  return result;
}

expected<image_config> parse_config(std::string_view bytes,
                                    const document_limits& limits) {
  auto from = parse(bytes, limits, "image configuration");
  if (!from)
    return from.error();
  image_config result;
  auto on = read_platform(*from, "image configuration");
  if (!on)
    return on.error();
  result.platform = std::move(*on);
  fields whole{*from, "image configuration"};
  whole.take("created", result.created);
  if (auto at = whole.find("rootfs")) {
    fields in{*at, "image configuration: rootfs"};
    in.take("diff_ids", result.diff_ids);
    if (auto err = in.problem())
      return err;
  }
  if (result.diff_ids.size() > limits.layers)
    return refuse("image configuration has too many layers");
  for (auto& each : result.diff_ids)
    if (auto problem = digest_problem(each); !problem.empty())
      return refuse("image configuration: rootfs: " + problem);
  if (auto at = whole.find("config")) {
    fields in{*at, "image configuration: config"};
    in.take("Entrypoint", result.entrypoint);
    in.take("Cmd", result.command);
    in.take("Env", result.environment);
    in.take("WorkingDir", result.working_dir);
    in.take("User", result.user);
    in.take("StopSignal", result.stop_signal);
    in.take("Labels", result.labels);
    in.take_keys("Volumes", result.volumes);
    in.take_keys("ExposedPorts", result.ports);
    if (auto err = in.problem())
      return err;
  }
  if (auto err = whole.problem())
    return err;
  return result;
}

std::optional<descriptor> choose(const image_index& from, const platform& on) {
  const descriptor* best = nullptr;
  int most = -1;
  for (auto& each : from.manifests) {
    // Build tools put attestations of "unknown" platforms beside the images.
    auto fit = each.platform ? fitness(*each.platform, on) : 0;
    if (each.platform ? fit == 0 : !is_document(each.media_type))
      continue;
    if (fit > most) {
      most = fit;
      best = &each;
    }
  }
  return best == nullptr ? std::nullopt : std::optional{*best};
}

bool can_run(const platform& what, const platform& on) {
  return fitness(what, on) > 0;
}

bool is_layer(const std::string& media_type) {
  for (std::string each :
       {"application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar"})
    if (media_type == each || media_type == each + "+gzip"
        || media_type == each + "+zstd")
      return true;
  for (std::string each : {"application/vnd.docker.image.rootfs.diff.tar",
                           "application/vnd.docker.image.rootfs.foreign.diff."
                           "tar"})
    if (media_type == each || media_type == each + ".gzip"
        || media_type == each + ".zstd")
      return true;
  return false;
}

bool is_foreign_layer(const std::string& media_type) {
  return media_type.find("nondistributable") != media_type.npos
         || media_type.find("rootfs.foreign") != media_type.npos;
}

bool is_document(const std::string& media_type) {
  return is_index_type(media_type) || is_manifest_type(media_type);
}

std::string to_json(const manifest& x) {
  auto write = [](const descriptor& d) {
    return tree{
        {"mediaType", d.media_type}, {"digest", d.digest}, {"size", d.size}};
  };
  tree out{{"schemaVersion", 2},
           {"mediaType", x.media_type},
           {"config", write(x.config)},
           {"layers", tree::array()}};
  for (auto& each : x.layers)
    out["layers"].push_back(write(each));
  return out.dump();
}

} // namespace troupe::images

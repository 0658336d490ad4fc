#include "runtime/crypto/kubeconfig.hpp"

#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/key_files.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace troupe::crypto {

namespace {

constexpr auto extension_name = "troupe";

caf::error field_error(const std::string& path, const std::string& reason) {
  return make_error(ec::invalid, path + ": " + reason);
}

/// Walks the document and keeps the first thing that is wrong with it.
class reader {
public:
  explicit reader(const std::filesystem::path& directory)
      : directory_(directory) {
    // nop
  }

  kubeconfig read(const YAML::Node& root) {
    kubeconfig out;
    if (!root.IsMap()) {
      fail("kubeconfig", "not a mapping");
      return out;
    }
    auto kind = text(root, "", "kind");
    if (!kind.empty() && kind != "Config")
      fail("kind", "is " + kind + ", not Config");
    each(root, "clusters", "cluster", [&](auto& entry, auto& path, auto name) {
      out.clusters.push_back(cluster(entry, path, std::move(name)));
    });
    each(root, "users", "user", [&](auto& entry, auto& path, auto name) {
      out.users.push_back(user(entry, path, std::move(name)));
    });
    each(root, "contexts", "context", [&](auto& entry, auto& path, auto name) {
      out.contexts.push_back({std::move(name), text(entry, path, "cluster"),
                              text(entry, path, "user"),
                              text(entry, path, "namespace")});
    });
    out.current_context = text(root, "", "current-context");
    return out;
  }

  caf::error error;

private:
  void fail(const std::string& path, const std::string& reason) {
    if (problem_ && problem_->empty())
      *problem_ = path + ": " + reason;
    else if (!problem_ && !error)
      error = field_error(path, reason);
  }

  static std::string join(const std::string& path, const char* key) {
    return path.empty() ? key : path + "." + key;
  }

  std::string text(const YAML::Node& node, const std::string& path,
                   const char* key) {
    auto value = node[key];
    if (!value || value.IsNull())
      return {};
    if (!value.IsScalar()) {
      fail(join(path, key), "not a string");
      return {};
    }
    return value.Scalar();
  }

  /// A value that stands in the field KEY-data as Base64, or in the file that
  /// the field KEY names; the first wins, as in Kubernetes.
  std::string data(const YAML::Node& node, const std::string& path,
                   const std::string& key) {
    auto embedded = text(node, path, (key + "-data").c_str());
    if (!embedded.empty()) {
      auto decoded = base64_decode(embedded);
      if (decoded)
        return std::move(*decoded);
      fail(join(path, (key + "-data").c_str()), message_of(decoded.error()));
      return {};
    }
    return file(node, path, key.c_str());
  }

  std::string file(const YAML::Node& node, const std::string& path,
                   const char* key) {
    auto name = text(node, path, key);
    if (name.empty())
      return {};
    auto content = read_file(directory_ / name);
    if (content)
      return std::move(*content);
    fail(join(path, key), message_of(content.error()));
    return {};
  }

  template <class F>
  void each(const YAML::Node& root, const char* list, const char* inner,
            F consume) {
    auto entries = root[list];
    if (!entries || entries.IsNull())
      return;
    if (!entries.IsSequence())
      return fail(list, "not a list");
    for (size_t i = 0; i < entries.size(); ++i) {
      auto path = list + ("[" + std::to_string(i) + "]");
      const YAML::Node entry = entries[i];
      if (!entry.IsMap())
        return fail(path, "not a mapping");
      auto name = text(entry, path, "name");
      if (name.empty())
        return fail(path + ".name", "required");
      const YAML::Node body = entry[inner];
      path = join(path, inner);
      if (!body || !body.IsMap())
        return fail(path, body ? "not a mapping" : "required");
      consume(body, path, std::move(name));
    }
  }

  kubeconfig_cluster cluster(const YAML::Node& node, const std::string& path,
                             std::string name) {
    kubeconfig_cluster out;
    problem_ = &out.problem;
    out.name = std::move(name);
    out.server = text(node, path, "server");
    out.authority = data(node, path, "certificate-authority");
    auto extensions = node["extensions"];
    if (extensions && extensions.IsSequence())
      for (size_t i = 0; i < extensions.size(); ++i)
        read_extension(extensions[i],
                       path + ".extensions[" + std::to_string(i) + "]", out);
    problem_ = nullptr;
    return out;
  }

  void read_extension(const YAML::Node& entry, const std::string& path,
                      kubeconfig_cluster& out) {
    if (!entry.IsMap() || text(entry, path, "name") != extension_name)
      return;
    const YAML::Node body = entry["extension"];
    if (body && body.IsMap())
      out.actors = text(body, path + ".extension", "actors");
    else
      fail(path + ".extension", "not a mapping");
  }

  kubeconfig_user user(const YAML::Node& node, const std::string& path,
                       std::string name) {
    kubeconfig_user out;
    problem_ = &out.problem;
    out.name = std::move(name);
    out.certificate = data(node, path, "client-certificate");
    out.key = data(node, path, "client-key");
    out.token = text(node, path, "token");
    if (out.token.empty()) {
      out.token = file(node, path, "tokenFile");
      out.token.erase(out.token.find_last_not_of(" \r\n\t") + 1);
    }
    if (out.certificate.empty() != out.key.empty())
      fail(join(path, out.key.empty() ? "client-key" : "client-certificate"),
           "required beside the other half of the pair");
    problem_ = nullptr;
    return out;
  }

  std::filesystem::path directory_;
  std::string* problem_ = nullptr; ///< of the entry being read
};

void emit(YAML::Emitter& out, const char* key, const std::string& value) {
  if (!value.empty())
    out << YAML::Key << key << YAML::Value << value;
}

void emit_data(YAML::Emitter& out, const char* key, const std::string& value) {
  if (!value.empty())
    emit(out, key, base64_encode(value));
}

void emit_cluster(YAML::Emitter& out, const kubeconfig_cluster& x) {
  out << YAML::BeginMap << YAML::Key << "cluster" << YAML::Value
      << YAML::BeginMap;
  emit_data(out, "certificate-authority-data", x.authority);
  if (!x.actors.empty()) {
    out << YAML::Key << "extensions" << YAML::Value << YAML::BeginSeq
        << YAML::BeginMap << YAML::Key << "extension" << YAML::Value
        << YAML::BeginMap;
    emit(out, "actors", x.actors);
    out << YAML::EndMap;
    emit(out, "name", extension_name);
    out << YAML::EndMap << YAML::EndSeq;
  }
  out << YAML::Key << "server" << YAML::Value << x.server << YAML::EndMap;
  emit(out, "name", x.name);
  out << YAML::EndMap;
}

void emit_context(YAML::Emitter& out, const kubeconfig_context& x) {
  out << YAML::BeginMap << YAML::Key << "context" << YAML::Value
      << YAML::BeginMap;
  emit(out, "cluster", x.cluster);
  emit(out, "namespace", x.ns);
  emit(out, "user", x.user);
  out << YAML::EndMap;
  emit(out, "name", x.name);
  out << YAML::EndMap;
}

void emit_user(YAML::Emitter& out, const kubeconfig_user& x) {
  out << YAML::BeginMap;
  emit(out, "name", x.name);
  out << YAML::Key << "user" << YAML::Value << YAML::BeginMap;
  emit_data(out, "client-certificate-data", x.certificate);
  emit_data(out, "client-key-data", x.key);
  emit(out, "token", x.token);
  out << YAML::EndMap << YAML::EndMap;
}

template <class T, class F>
void emit_list(YAML::Emitter& out, const char* key, const std::vector<T>& list,
               F emit_one) {
  out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (auto& x : list)
    emit_one(out, x);
  out << YAML::EndSeq;
}

template <class T>
const T* find(const std::vector<T>& list, std::string_view name) {
  auto i = std::find_if(list.begin(), list.end(),
                        [&](const T& x) { return x.name == name; });
  return i == list.end() ? nullptr : &*i;
}

} // namespace

std::vector<std::string> addresses_of(const kubeconfig_cluster& cluster) {
  auto& text = cluster.actors;
  std::vector<std::string> result;
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(',', begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::string to_yaml(const kubeconfig& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit(out, "apiVersion", "v1");
  emit_list(out, "clusters", config.clusters, emit_cluster);
  emit_list(out, "contexts", config.contexts, emit_context);
  emit(out, "current-context", config.current_context);
  emit(out, "kind", "Config");
  emit_list(out, "users", config.users, emit_user);
  out << YAML::EndMap;
  return std::string{out.c_str()} + "\n";
}

expected<kubeconfig> parse_kubeconfig(std::string_view content,
                                      const std::filesystem::path& directory) {
  try {
    reader in{directory};
    auto out = in.read(YAML::Load(std::string{content}));
    if (in.error)
      return std::move(in.error);
    return out;
  } catch (const YAML::Exception& x) {
    return make_error(ec::invalid, std::string{"not YAML: "} + x.what());
  }
}

expected<kubeconfig> read_kubeconfig(const std::filesystem::path& path) {
  auto content = read_file(path);
  if (!content)
    return std::move(content.error());
  auto out = parse_kubeconfig(*content, path.parent_path());
  if (!out)
    return make_error(ec::invalid,
                      path.string() + ": " + message_of(out.error()));
  return out;
}

expected<kubeconfig_access> choose(const kubeconfig& config,
                                   std::string_view wanted) {
  std::string name{wanted.empty() ? config.current_context : wanted};
  if (name.empty())
    return field_error("current-context", "required, or name a context");
  auto* context = find(config.contexts, name);
  if (!context)
    return field_error("contexts", "no context is named " + name);
  auto* cluster = find(config.clusters, context->cluster);
  if (!cluster)
    return field_error("clusters", "context " + name + " wants the cluster \""
                                       + context->cluster
                                       + "\", which is not there");
  auto* user = find(config.users, context->user);
  if (!user)
    return field_error("users", "context " + name + " wants the user \""
                                    + context->user + "\", which is not there");
  for (auto* problem : {&cluster->problem, &user->problem})
    if (!problem->empty())
      return make_error(ec::invalid, *problem);
  return kubeconfig_access{*cluster, *user,
                           context->ns.empty() ? "default" : context->ns};
}

} // namespace troupe::crypto

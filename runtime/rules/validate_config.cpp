#include "messages/api/core_config.pb.h"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace troupe::rules {

using core::v1::ConfigMap;
using core::v1::Secret;

namespace {

constexpr size_t most_bytes = 1048576;
constexpr std::string_view fixed = "field is immutable when `immutable` is set";

template <class Map>
std::set<std::string_view> keys_of(const Map& map) {
  std::set<std::string_view> result;
  for (auto& entry : map)
    result.insert(entry.first);
  return result;
}

template <class Map>
size_t bytes_of(const Map& map) {
  size_t result = 0;
  for (auto& entry : map)
    result += entry.second.size();
  return result;
}

template <class Map>
void check_keys(const Map& map, const field_path& at, findings& out) {
  for (auto key : keys_of(map))
    out.invalid(at.key(key), key, check_config_key(key));
}

void validate_config_map(const ConfigMap& obj, findings& out) {
  field_path data{"data"};
  field_path binary{"binaryData"};
  check_keys(obj.data(), data, out);
  check_keys(obj.binary_data(), binary, out);
  for (auto key : keys_of(obj.data()))
    if (obj.binary_data().contains(std::string{key}))
      out.invalid(data.key(key), key, "duplicate of key present in binaryData");
  if (bytes_of(obj.data()) + bytes_of(obj.binary_data()) > most_bytes)
    out.too_long(data, most_bytes, "bytes");
}

template <class A, class B>
bool same_map(const A& a, const B& b) {
  if (a.size() != b.size())
    return false;
  for (auto& [key, value] : a) {
    auto i = b.find(key);
    if (i == b.end() || i->second != value)
      return false;
  }
  return true;
}

void validate_config_map_update(const ConfigMap& obj, const ConfigMap& old,
                                findings& out) {
  if (!old.immutable())
    return;
  if (!obj.immutable())
    out.forbidden(field_path{"immutable"}, fixed);
  if (!same_map(obj.data(), old.data()))
    out.forbidden(field_path{"data"}, fixed);
  if (!same_map(obj.binary_data(), old.binary_data()))
    out.forbidden(field_path{"binaryData"}, fixed);
}

// What a secret holds never appears in a message.
void require_json(const Secret& secret, const std::string& key, findings& out) {
  field_path data{"data"};
  auto i = secret.data().find(key);
  if (i == secret.data().end())
    out.required(data.key(key));
  else if (!nlohmann::json::accept(i->second))
    out.invalid(data.key(key), "<secret contents redacted>",
                "must be valid JSON");
}

void check_secret_type(const Secret& secret, findings& out) {
  field_path data{"data"};
  auto need = [&](const char* key) {
    if (!secret.data().contains(key))
      out.required(data.key(key));
  };
  auto& type = secret.type();
  if (type == "kubernetes.io/tls") {
    need("tls.crt");
    need("tls.key");
  } else if (type == "kubernetes.io/dockerconfigjson") {
    require_json(secret, ".dockerconfigjson", out);
  } else if (type == "kubernetes.io/dockercfg") {
    require_json(secret, ".dockercfg", out);
  } else if (type == "kubernetes.io/basic-auth") {
    if (!secret.data().contains("username")
        && !secret.data().contains("password")) {
      need("username");
      need("password");
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    need("ssh-privatekey");
  } else if (type == "kubernetes.io/service-account-token") {
    constexpr std::string_view account = "kubernetes.io/service-account.name";
    auto& notes = secret.metadata().annotations();
    auto i = notes.find(std::string{account});
    field_path annotations{"metadata.annotations"};
    if (i == notes.end() || i->second.empty())
      out.required(annotations.key(account));
  }
}

void validate_secret(const Secret& secret, findings& out) {
  field_path data{"data"};
  check_keys(secret.data(), data, out);
  if (bytes_of(secret.data()) > most_bytes)
    out.too_long(data, most_bytes, "bytes");
  check_secret_type(secret, out);
}

void validate_secret_update(const Secret& secret, const Secret& old,
                            findings& out) {
  require_unchanged(secret.type() == old.type(), secret.type(),
                    field_path{"type"}, out);
  if (!old.immutable())
    return;
  if (!secret.immutable())
    out.forbidden(field_path{"immutable"}, fixed);
  if (!same_map(secret.data(), old.data()))
    out.forbidden(field_path{"data"}, fixed);
}

} // namespace

void add_config_validation(registry& all) {
  auto& map = all.of<ConfigMap>();
  map.validate = check<ConfigMap, validate_config_map>;
  map.validate_update = check_from<ConfigMap, validate_config_map_update>;
  auto& secret = all.of<Secret>();
  secret.validate = check<Secret, validate_secret>;
  secret.validate_update = check_from<Secret, validate_secret_update>;
}

} // namespace troupe::rules

#include "runtime/rules/cluster_info.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/json_web_token.hpp"

#include <map>

namespace troupe::rules {

namespace {

using core::v1::ConfigMap;

constexpr auto content_key = "kubeconfig";
constexpr std::string_view signature_prefix = "jws-kubeconfig-";

bool may_sign(const bootstrap_token& token, time_point now) {
  return token.for_signing && (!token.expires || *token.expires > now);
}

} // namespace

object cluster_info(const std::string& server, const std::string& authority) {
  ConfigMap map;
  map.mutable_metadata()->set_name(cluster_info_name);
  map.mutable_metadata()->set_namespace_(cluster_info_namespace);
  (*map.mutable_data())[content_key] = "apiVersion: v1\n"
                                       "clusters:\n"
                                       "- cluster:\n"
                                       "    certificate-authority-data: "
                                       + crypto::base64_encode(authority)
                                       + "\n"
                                         "    server: "
                                       + server
                                       + "\n"
                                         "  name: \"\"\n"
                                         "contexts: null\n"
                                         "current-context: \"\"\n"
                                         "kind: Config\n"
                                         "preferences: {}\n"
                                         "users: null\n";
  return object::of(map);
}

object corrected_cluster_info(const object& stored, const object& wanted) {
  auto& text = wanted.as<ConfigMap>().data().at(content_key);
  auto fresh = stored.copy<ConfigMap>();
  auto& place = (*fresh.mutable_data())[content_key];
  if (place == text)
    return {};
  place = text;
  return object::of(fresh).with_revision(stored.revision());
}

object signed_cluster_info(const object& stored,
                           const std::vector<bootstrap_token>& tokens,
                           time_point now) {
  auto fresh = stored.copy<ConfigMap>();
  auto& data = *fresh.mutable_data();
  auto content = data.find(content_key);
  if (content == data.end())
    return {};
  std::map<std::string, std::string> wanted;
  for (auto& token : tokens)
    if (may_sign(token, now))
      wanted[std::string{signature_prefix} + token.id] =
          crypto::sign_detached(content->second, token.id, token.secret);
  std::map<std::string, std::string> present;
  for (auto& [key, value] : data)
    if (std::string_view{key}.starts_with(signature_prefix))
      present[key] = value;
  if (present == wanted)
    return {};
  for (auto& [key, value] : present)
    data.erase(key);
  for (auto& [key, value] : wanted)
    data[key] = value;
  return object::of(fresh).with_revision(stored.revision());
}

std::optional<time_point>
next_signature_end(const std::vector<bootstrap_token>& tokens, time_point now) {
  std::optional<time_point> result;
  for (auto& token : tokens)
    if (may_sign(token, now) && token.expires
        && (!result || *token.expires < *result))
      result = token.expires;
  return result;
}

} // namespace troupe::rules

#include "runtime/rules/continue_token.hpp"

#include "runtime/text/base64.hpp"

#include <nlohmann/json.hpp>

namespace troupe::rules {

namespace {

constexpr auto version = "meta.k8s.io/v1";
/// Kubernetes: no revision in particular.
constexpr int newest = -1;

caf::error refused(const std::string& why) {
  return make_error(ec::bad_request, "continue key is not valid: " + why);
}

} // namespace

std::string encode(const continue_token& token) {
  nlohmann::json doc{{"v", version}, {"start", token.after}};
  if (token.revision != 0)
    doc["rv"] = token.revision;
  else
    doc["rv"] = newest;
  if (token.left)
    doc["left"] = *token.left;
  return text::base64_encode(doc.dump());
}

continue_token inconsistent(const continue_token& token) {
  return {0, token.after, std::nullopt};
}

expected<continue_token> decode_continue_token(const std::string& text) {
  auto bytes = text::base64_decode(text);
  if (!bytes)
    return refused("illegal base64 data");
  auto doc = nlohmann::json::parse(*bytes, nullptr, false);
  if (!doc.is_object() || !doc.contains("v") || doc["v"] != version)
    return refused("server does not recognize this encoded version");
  auto revision = doc.find("rv");
  auto after = doc.find("start");
  auto any = revision != doc.end() && *revision == newest;
  if (revision == doc.end() || *revision == 0
      || (!any && !revision->is_number_unsigned()))
    return refused("incorrect encoded start resourceVersion");
  if (after == doc.end() || !after->is_string()
      || after->get_ref<const std::string&>().empty())
    return refused("incorrect encoded start key");
  continue_token result;
  if (!any)
    result.revision = revision->get<uint64_t>();
  result.after = after->get<std::string>();
  if (auto left = doc.find("left"); left != doc.end() && left->is_number())
    result.left = left->get<int64_t>();
  return result;
}

} // namespace troupe::rules

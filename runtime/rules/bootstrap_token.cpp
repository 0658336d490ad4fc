#include "runtime/rules/bootstrap_token.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::rules {

namespace {

constexpr std::string_view name_prefix = "bootstrap-token-";
constexpr std::string_view group_prefix = "system:bootstrappers:";
constexpr std::string_view hash_prefix = "sha256:";

// Keys that Kubernetes knows, and our own.
constexpr auto id_key = "token-id";
constexpr auto secret_key = "token-secret";
constexpr auto expiration_key = "expiration";
constexpr auto description_key = "description";
constexpr auto authentication_key = "usage-bootstrap-authentication";
constexpr auto signing_key = "usage-bootstrap-signing";
constexpr auto groups_key = "auth-extra-groups";
constexpr auto uses_key = "troupe-uses-left";
constexpr auto roles_key = "troupe-roles";
constexpr auto takers_key = "troupe-used-by";

/// As many of those that took a use are remembered.
constexpr size_t most_takers = 256;

constexpr std::array role_names{"node", "component", "server"};

bool is_word(std::string_view text, size_t length) {
  return text.size() == length
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            });
}

bool is_hash(std::string_view text) {
  if (!text.starts_with(hash_prefix))
    return false;
  text.remove_prefix(hash_prefix.size());
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9');
         });
}

template <class List, class Name>
std::string joined(const List& list, Name name) {
  std::string result;
  for (auto& each : list)
    result += (result.empty() ? "" : ",") + std::string{name(each)};
  return result;
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    if (end > 0)
      result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// A request that took a use, as "MARK@SECONDS".
struct taker {
  std::string mark;
  time_point at;
};

std::string to_string(const taker& x) {
  auto at =
      std::chrono::duration_cast<std::chrono::seconds>(x.at.time_since_epoch());
  return x.mark + "@" + std::to_string(at.count());
}

/// Those of a moment ago.
std::vector<taker> takers_of(const core::v1::Secret& secret, time_point now) {
  std::vector<taker> result;
  auto found = secret.data().find(takers_key);
  if (found == secret.data().end())
    return result;
  for (auto each : parts_of(found->second)) {
    auto sign = std::min(each.find('@'), each.size());
    int64_t seconds = 0;
    auto* begin = each.data() + std::min(sign + 1, each.size());
    std::from_chars(begin, each.data() + each.size(), seconds);
    time_point at{std::chrono::seconds{seconds}};
    if (at + use_patience > now)
      result.push_back({std::string{each.substr(0, sign)}, at});
  }
  return result;
}

caf::error bad(const std::string& what) {
  return make_error(ec::invalid, "no bootstrap token: " + what);
}

caf::error read_limits(bootstrap_token& out, const std::string& expiration,
                       const std::string& uses, const std::string& roles) {
  if (!expiration.empty()) {
    auto when = text::parse_timestamp(expiration);
    if (!when)
      return bad("its expiration is no time");
    out.expires = time_point{std::chrono::seconds{when->seconds}};
  }
  if (!uses.empty()) {
    uint32_t left = 0;
    auto [end, failed] =
        std::from_chars(uses.data(), uses.data() + uses.size(), left);
    if (failed != std::errc{} || end != uses.data() + uses.size())
      return bad("how many uses are left is no number");
    out.uses_left = left;
  }
  if (roles.empty())
    return caf::none;
  out.roles.clear();
  for (auto each : parts_of(roles)) {
    auto role = parse_join_role(each);
    if (!role)
      return bad("it has an unknown role");
    out.roles.push_back(*role);
  }
  return caf::none;
}

} // namespace

std::string_view to_string(join_role x) {
  return role_names[static_cast<size_t>(x)];
}

expected<join_role> parse_join_role(std::string_view word) {
  for (size_t i = 0; i < role_names.size(); ++i)
    if (word == role_names[i])
      return static_cast<join_role>(i);
  return make_error(ec::bad_request, "\"" + std::string{word}
                                         + "\" is no role: node, component or "
                                           "server");
}

bool bootstrap_token::lets_in(join_role role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

std::string bootstrap_token_name(std::string_view id) {
  return std::string{name_prefix} + std::string{id};
}

bool is_token_id(std::string_view text) {
  return is_word(text, 6);
}

bool is_token_secret(std::string_view text) {
  return is_word(text, 16);
}

core::v1::Secret to_secret(const bootstrap_token& token) {
  core::v1::Secret result;
  result.mutable_metadata()->set_name(bootstrap_token_name(token.id));
  result.mutable_metadata()->set_namespace_(bootstrap_token_namespace);
  result.set_type(bootstrap_token_type);
  auto& data = *result.mutable_data();
  data[id_key] = token.id;
  data[secret_key] = token.secret;
  if (token.expires)
    data[expiration_key] = text::time_text(*token.expires);
  if (!token.description.empty())
    data[description_key] = token.description;
  if (token.for_authentication)
    data[authentication_key] = "true";
  if (token.for_signing)
    data[signing_key] = "true";
  if (!token.groups.empty())
    data[groups_key] = joined(token.groups, [](auto& x) { return x; });
  if (token.uses_left)
    data[uses_key] = std::to_string(*token.uses_left);
  data[roles_key] = joined(token.roles, [](auto x) { return to_string(x); });
  return result;
}

expected<bootstrap_token> read_bootstrap_token(const core::v1::Secret& secret) {
  auto value = [&](const char* key) {
    auto found = secret.data().find(key);
    return found == secret.data().end() ? std::string{} : found->second;
  };
  if (secret.type() != bootstrap_token_type)
    return bad("the Secret is of another type");
  bootstrap_token out;
  out.id = value(id_key);
  out.secret = value(secret_key);
  if (!is_token_id(out.id)
      || secret.metadata().name() != bootstrap_token_name(out.id))
    return bad("its name and its token-id differ");
  if (!is_token_secret(out.secret))
    return bad("its token-secret has not its form");
  out.description = value(description_key);
  out.for_authentication = value(authentication_key) == "true";
  out.for_signing = value(signing_key) == "true";
  out.groups.clear();
  auto groups = value(groups_key);
  for (auto each : parts_of(groups))
    if (each.starts_with(group_prefix))
      out.groups.emplace_back(each);
    else
      return bad("one of its groups is none of bootstrappers");
  if (auto err = read_limits(out, value(expiration_key), value(uses_key),
                             value(roles_key)))
    return err;
  return out;
}

std::string request_mark(join_role role, std::string_view name,
                         std::string_view signing_request) {
  std::string all{to_string(role)};
  // A slash is in no name.
  all.append("/").append(name).append("/").append(signing_request);
  return crypto::hex_encode(crypto::sha256(all)).substr(0, 32);
}

core::v1::Secret with_one_use_less(const core::v1::Secret& secret,
                                   const std::string& mark, time_point now) {
  auto result = secret;
  auto& data = *result.mutable_data();
  auto& left = data[uses_key];
  left = std::to_string(std::stoul(left) - 1);
  auto takers = takers_of(secret, now);
  takers.insert(takers.begin(), {mark, now});
  takers.resize(std::min(takers.size(), most_takers));
  data[takers_key] = joined(takers, [](auto& x) { return to_string(x); });
  return result;
}

bool has_taken_use(const core::v1::Secret& secret, std::string_view mark,
                   time_point now) {
  auto takers = takers_of(secret, now);
  return std::any_of(takers.begin(), takers.end(),
                     [&](auto& x) { return x.mark == mark; });
}

token_problem check_token(const bootstrap_token& token, std::string_view secret,
                          join_role role, time_point now) {
  if (!crypto::equal_secrets(token.secret, secret) || !token.for_authentication)
    return token_problem::wrong;
  if (token.expires && *token.expires <= now)
    return token_problem::expired;
  if (token.uses_left == 0u)
    return token_problem::used_up;
  return token.lets_in(role) ? token_problem::none : token_problem::wrong_role;
}

std::string to_string(const join_token& x) {
  return x.id + "." + x.secret + "@" + x.authority_hash;
}

expected<join_token> parse_join_token(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.remove_suffix(1);
  auto dot = text.find('.');
  auto at = text.find('@');
  if (dot == std::string_view::npos || at == std::string_view::npos || at < dot)
    return make_error(ec::bad_request,
                      "that is no token: it looks like "
                      "ID.SECRET@sha256:HASH, as `troupe token create` prints "
                      "it");
  join_token out{std::string{text.substr(0, dot)},
                 std::string{text.substr(dot + 1, at - dot - 1)},
                 std::string{text.substr(at + 1)}};
  if (!is_token_id(out.id) || !is_token_secret(out.secret))
    return make_error(ec::bad_request,
                      "that is no token: before the @ it is six letters and "
                      "digits, a dot, and sixteen of them");
  if (!is_hash(out.authority_hash))
    return make_error(ec::bad_request,
                      "that is no token: behind the @ stands sha256: and 64 "
                      "hexadecimal digits");
  return out;
}

} // namespace troupe::rules

#include "runtime/rules/account_token.hpp"

#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::rules {

namespace {

using authentication::v1::TokenRequest;
using core::v1::Secret;
using core::v1::ServiceAccount;
using nlohmann::json;
using std::chrono::seconds;

constexpr int64_t usual_lifetime = 3600;
/// What ServiceAccount admission asks for, and nobody else would.
constexpr int64_t admitted_lifetime = 3607;
constexpr std::chrono::hours long_lifetime{24 * 365};

constexpr auto private_claims = "kubernetes.io";
constexpr auto lasting_prefix = "kubernetes.io/serviceaccount/";

/// No payload of ours is deeper than that.
constexpr int deepest = 8;

int64_t to_seconds(time_point x) {
  return std::chrono::duration_cast<seconds>(x.time_since_epoch()).count();
}

json to_json(const token_object& x) {
  json result{{"name", x.name}};
  if (!x.uid.empty())
    result["uid"] = x.uid;
  return result;
}

std::string lasting_payload(const account_claims& x) {
  std::string prefix{lasting_prefix};
  return json{{"iss", lasting_issuer},
              {"sub", account_user(x.ns, x.account.name)},
              {prefix + "namespace", x.ns},
              {prefix + "secret.name", x.secret.name},
              {prefix + "service-account.name", x.account.name},
              {prefix + "service-account.uid", x.account.uid}}
      .dump();
}

caf::error unauthorized(std::string why) {
  return make_error(ec::unauthorized, std::move(why));
}

caf::error not_ours() {
  return unauthorized("the token is not one of a service account");
}

/// Reads members of one JSON object and notes whether all had their form.
struct reader {
  const json& from;
  bool fine = true;

  std::string text(const std::string& name) {
    auto found = from.find(name);
    if (found == from.end())
      return {};
    fine = fine && found->is_string();
    return found->is_string() ? found->get<std::string>() : std::string{};
  }

  /// RFC 7519: seconds, perhaps with a fraction.
  std::optional<time_point> time(const std::string& name) {
    // The year 2255; a clock of nanoseconds ends soon after.
    constexpr double most = 9e9;
    auto found = from.find(name);
    if (found == from.end())
      return std::nullopt;
    auto value = found->is_number() ? found->get<double>() : -1.0;
    if (!(value >= 0 && value <= most)) {
      fine = false;
      return std::nullopt;
    }
    return time_point{seconds{static_cast<int64_t>(value)}};
  }

  token_object thing(const char* name) {
    auto found = from.find(name);
    if (found == from.end())
      return {};
    if (!found->is_object()) {
      fine = false;
      return {};
    }
    reader inside{*found};
    token_object result{inside.text("name"), inside.text("uid")};
    fine = fine && inside.fine && result;
    return result;
  }

  std::vector<std::string> texts(const char* name) {
    auto found = from.find(name);
    if (found == from.end())
      return {};
    if (found->is_string())
      return {found->get<std::string>()};
    std::vector<std::string> result;
    for (auto& each : *found) {
      fine = fine && each.is_string();
      if (each.is_string())
        result.push_back(each.get<std::string>());
    }
    fine = fine && found->is_array();
    return result;
  }
};

bool is_whole(const account_claims& x, const std::string& subject) {
  return !x.ns.empty() && x.account && !x.account.uid.empty()
         && subject == account_user(x.ns, x.account.name);
}

expected<account_claims> read_lasting(reader& all) {
  std::string prefix{lasting_prefix};
  account_claims x;
  x.lasting = true;
  x.ns = all.text(prefix + "namespace");
  x.secret.name = all.text(prefix + "secret.name");
  x.account = {all.text(prefix + "service-account.name"),
               all.text(prefix + "service-account.uid")};
  if (!is_whole(x, all.text("sub")) || !x.secret || !all.fine)
    return not_ours();
  return x;
}

expected<account_claims> read_bound(reader& all) {
  auto found = all.from.find(private_claims);
  if (found == all.from.end() || !found->is_object())
    return not_ours();
  reader own{*found};
  account_claims x;
  x.ns = own.text("namespace");
  x.account = own.thing("serviceaccount");
  x.pod = own.thing("pod");
  x.secret = own.thing("secret");
  x.node = own.thing("node");
  x.warn_after = own.time("warnafter");
  x.audiences = all.texts("aud");
  x.id = all.text("jti");
  x.issued = all.time("iat");
  x.begins = all.time("nbf");
  x.ends = all.time("exp");
  if (!is_whole(x, all.text("sub")) || !own.fine || !all.fine || !x.ends)
    return not_ours();
  return x;
}

} // namespace

std::string to_payload(const account_claims& x) {
  if (x.lasting)
    return lasting_payload(x);
  json own{{"namespace", x.ns}, {"serviceaccount", to_json(x.account)}};
  if (x.pod)
    own["pod"] = to_json(x.pod);
  if (x.secret)
    own["secret"] = to_json(x.secret);
  if (x.node)
    own["node"] = to_json(x.node);
  if (x.warn_after)
    own["warnafter"] = to_seconds(*x.warn_after);
  json all{{"iss", token_issuer},
           {"sub", account_user(x.ns, x.account.name)},
           {"aud", x.audiences},
           {private_claims, std::move(own)}};
  if (!x.id.empty())
    all["jti"] = x.id;
  if (x.issued)
    all["iat"] = to_seconds(*x.issued);
  if (x.begins)
    all["nbf"] = to_seconds(*x.begins);
  if (x.ends)
    all["exp"] = to_seconds(*x.ends);
  return all.dump();
}

expected<account_claims> read_payload(std::string_view text) {
  auto too_deep = false;
  auto filter = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  auto parsed = json::parse(text, filter, false);
  if (too_deep || !parsed.is_object())
    return not_ours();
  reader all{parsed};
  auto issuer = all.text("iss");
  if (issuer == lasting_issuer)
    return read_lasting(all);
  return issuer == token_issuer ? read_bound(all) : not_ours();
}

expected<std::vector<std::string>>
check_claims(const account_claims& x, const std::vector<std::string>& wanted,
             time_point now) {
  if (x.ends && now > *x.ends + token_leeway)
    return unauthorized("service account token has expired");
  if (x.begins && now + token_leeway < *x.begins)
    return unauthorized("service account token is not valid yet");
  std::vector<std::string> of{token_issuer};
  auto& own = x.lasting ? of : x.audiences;
  std::vector<std::string> result;
  for (auto& each : wanted)
    if (std::find(own.begin(), own.end(), each) != own.end())
      result.push_back(each);
  if (result.empty())
    return unauthorized("token audiences do not match");
  return result;
}

caf::error check_token_object(const object& found, const token_object& named,
                              std::string_view word, time_point now) {
  auto about = std::string{word} + " \"" + named.name + "\"";
  auto gone = [&] {
    auto& meta = found.meta();
    return meta.has_deletion_timestamp()
           && from_time(meta.deletion_timestamp()) + token_leeway < now;
  };
  if (!found || gone())
    return unauthorized(about + " has been deleted");
  if (!named.uid.empty() && found.uid() != named.uid)
    return unauthorized(about + " is another one than the token's");
  return caf::none;
}

caller caller_of(const account_claims& x) {
  caller who;
  who.user = account_user(x.ns, x.account.name);
  who.uid = x.account.uid;
  who.groups = {"system:serviceaccounts", "system:serviceaccounts:" + x.ns};
  auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty())
      who.extra["authentication.kubernetes.io/" + key] = {value};
  };
  add("pod-name", x.pod.name);
  add("pod-uid", x.pod.uid);
  add("node-name", x.node.name);
  add("node-uid", x.node.uid);
  if (!x.id.empty())
    add("credential-id", "JTI=" + x.id);
  return who;
}

void set_token_defaults(TokenRequest& request) {
  auto& spec = *request.mutable_spec();
  if (!spec.has_expiration_seconds())
    spec.set_expiration_seconds(usual_lifetime);
  if (spec.audiences().empty())
    spec.add_audiences(token_issuer);
}

account_claims claims_for(const TokenRequest& request, const object& account,
                          const object& pod, time_point now, std::string id) {
  auto& spec = request.spec();
  account_claims x;
  x.ns = account.ns();
  x.account = {account.name(), account.uid()};
  auto& bound = spec.bound_object_ref();
  token_object named{bound.name(), bound.uid()};
  if (bound.kind() == "Pod") {
    x.pod = named;
    x.node.name = pod ? pod.as<core::v1::Pod>().spec().node_name() : "";
  } else if (bound.kind() == "Secret") {
    x.secret = named;
  } else if (bound.kind() == "Node") {
    x.node = named;
  }
  x.audiences = {spec.audiences().begin(), spec.audiences().end()};
  x.id = std::move(id);
  x.issued = x.begins = now;
  auto wished = now + seconds{spec.expiration_seconds()};
  x.ends = wished;
  auto for_server = x.audiences == std::vector<std::string>{token_issuer};
  if (x.pod && for_server && spec.expiration_seconds() == admitted_lifetime) {
    x.warn_after = wished;
    x.ends = now + long_lifetime;
  }
  return x;
}

time_point told_end(const account_claims& x) {
  return x.warn_after ? *x.warn_after : x.ends.value_or(time_point{});
}

bool is_account_token(const Secret& secret) {
  return secret.type() == account_token_type;
}

namespace {

std::string annotation(const object& what, const char* key) {
  auto& all = what.meta().annotations();
  auto found = all.find(key);
  return found == all.end() ? std::string{} : found->second;
}

} // namespace

bool is_token_of(const object& secret, const object& account) {
  auto uid = annotation(secret, account_uid_annotation);
  return secret.ns() == account.ns()
         && annotation(secret, account_name_annotation) == account.name()
         && (uid.empty() || uid == account.uid());
}

account_claims lasting_claims(const object& secret, const object& account) {
  account_claims x;
  x.lasting = true;
  x.ns = account.ns();
  x.account = {account.name(), account.uid()};
  x.secret.name = secret.name();
  return x;
}

object filled_token_secret(const object& secret, const object& account,
                           const std::string& authority,
                           const std::function<std::string()>& token) {
  auto fresh = secret.copy<Secret>();
  auto& data = *fresh.mutable_data();
  auto changed = false;
  auto set = [&](const char* key, const std::string& value) {
    auto& place = data[key];
    changed = changed || place != value;
    place = value;
  };
  if (!authority.empty())
    set("ca.crt", authority);
  set("namespace", secret.ns());
  if (auto made = data["token"].empty() ? token() : std::string{};
      !made.empty())
    set("token", made);
  auto& notes = *fresh.mutable_metadata()->mutable_annotations();
  if (notes[account_uid_annotation] != account.uid()) {
    notes[account_uid_annotation] = account.uid();
    changed = true;
  }
  if (!changed)
    return {};
  return object::of(fresh).with_revision(secret.revision());
}

object own_token_secret(const object& account, const std::string& lost) {
  // Kubernetes' letters for the ends of names, which spell no words.
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  auto hash = crypto::sha256(account.uid() + lost);
  std::string end;
  for (size_t i = 0; i < 5; ++i)
    end += letters[static_cast<uint8_t>(hash[i]) % letters.size()];
  // Kubernetes: a generated name has room for its end.
  constexpr size_t longest = 253 - 13;
  Secret secret;
  auto& meta = *secret.mutable_metadata();
  meta.set_name(account.name().substr(0, longest) + "-token-" + end);
  meta.set_namespace_(account.ns());
  (*meta.mutable_annotations())[account_name_annotation] = account.name();
  (*meta.mutable_annotations())[account_uid_annotation] = account.uid();
  secret.set_type(account_token_type);
  return object::of(secret);
}

std::string lost_secret(const object& account,
                        const std::vector<object>& secrets) {
  auto beginning = account.name() + "-token-";
  for (auto& each : account.as<ServiceAccount>().secrets())
    if (each.name().starts_with(beginning)
        && std::none_of(secrets.begin(), secrets.end(), [&](auto& secret) {
             return secret.name() == each.name();
           }))
      return each.name();
  return {};
}

object with_secret(const object& account, const std::string& name,
                   const std::string& lost) {
  auto fresh = account.copy<ServiceAccount>();
  auto& listed = *fresh.mutable_secrets();
  auto is_named = [](const std::string& wanted) {
    return [&wanted](auto& each) { return each.name() == wanted; };
  };
  auto there = std::any_of(listed.begin(), listed.end(), is_named(name));
  auto gone = lost.empty()
                  ? listed.end()
                  : std::find_if(listed.begin(), listed.end(), is_named(lost));
  if ((name.empty() || there) && gone == listed.end())
    return {};
  if (gone != listed.end())
    listed.erase(gone);
  if (!name.empty() && !there)
    fresh.add_secrets()->set_name(name);
  return object::of(fresh).with_revision(account.revision());
}

} // namespace troupe::rules

#include "runtime/rules/audit.hpp"

#include "runtime/text/document.hpp"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <filesystem>

namespace troupe::rules {

namespace {

using json = nlohmann::json;
using ordered = nlohmann::ordered_json;
using texts = std::vector<std::string>;

constexpr std::array<std::string_view, 4> level_names{
    "None", "Metadata", "Request", "RequestResponse"};
constexpr std::array<std::string_view, 4> stage_names{
    "RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"};

template <class T, size_t N>
std::optional<T> find_name(const std::array<std::string_view, N>& names,
                           const std::string& text) {
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end())
    return std::nullopt;
  return static_cast<T>(found - names.begin());
}

bool has(const texts& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

caf::error wrong(const std::string& at, const std::string& why) {
  return make_error(ec::invalid, at + ": " + why);
}

ordered to_json(const caller& who) {
  auto result = ordered::object();
  if (!who.user.empty())
    result["username"] = who.user;
  if (!who.uid.empty())
    result["uid"] = who.uid;
  if (!who.groups.empty())
    result["groups"] = who.groups;
  if (!who.extra.empty())
    result["extra"] = who.extra;
  return result;
}

/// Kubernetes: microseconds, always.
std::string moment(time_point when) {
  auto since = std::chrono::duration_cast<std::chrono::microseconds>(
                   when.time_since_epoch())
                   .count();
  auto text =
      text::time_text(time_point{std::chrono::seconds{since / 1'000'000}});
  auto rest = std::to_string(since % 1'000'000);
  text.pop_back();
  return text + "." + std::string(6 - rest.size(), '0') + rest + "Z";
}

/// Kubernetes: who says more than this is cut off.
std::string short_agent(const std::string& agent) {
  constexpr size_t most = 1024;
  return agent.size() > most ? agent.substr(0, most) + "...TRUNCATED" : agent;
}

void add_reference(ordered& to, const audit_event& x) {
  if (x.what.resource.empty())
    return;
  ordered ref{{"resource", x.what.resource}};
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      ref[name] = value;
  };
  add("namespace", x.what.ns);
  add("name", x.what.name);
  add("uid", x.object_uid);
  add("apiGroup", x.what.group);
  add("apiVersion", x.api_version);
  add("resourceVersion", x.object_version);
  add("subresource", x.what.subresource);
  to["objectRef"] = std::move(ref);
}

void add_object(ordered& to, const char* name, const std::string& text) {
  if (text.empty())
    return;
  auto value = ordered::parse(text, nullptr, false);
  if (!value.is_discarded())
    to[name] = std::move(value);
}

void add_status(ordered& to, const audit_event& x) {
  if (x.status == 0)
    return;
  ordered status{{"metadata", ordered::object()}};
  if (!x.outcome.empty())
    status["status"] = x.outcome;
  if (!x.message.empty())
    status["message"] = x.message;
  if (!x.reason.empty())
    status["reason"] = x.reason;
  add_object(status, "details", x.details);
  status["code"] = x.status;
  to["responseStatus"] = std::move(status);
}

std::string text_in(const json& from, const char* name) {
  auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string{};
}

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1
         || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

/// What full files of a log are called.
struct backup_form {
  std::string begin;
  std::string end;

  explicit backup_form(const std::string& file) {
    std::filesystem::path path{file};
    begin = path.stem().string() + "-";
    end = path.extension().string();
  }
};

void drop_managed(json& object) {
  if (!object.is_object())
    return;
  if (auto meta = object.find("metadata");
      meta != object.end() && meta->is_object())
    meta->erase("managedFields");
}

} // namespace

/// Reads the members of a Policy, and notes the first that is wrong.
struct audit_policy::parser {
  caf::error error;

  void fail(const std::string& at, const std::string& why) {
    if (!error)
      error = wrong(at, why);
  }

  texts read_texts(const json& from, const char* name, const std::string& at) {
    auto found = from.find(name);
    if (found == from.end() || found->is_null())
      return {};
    texts result;
    if (!found->is_array())
      fail(at + "." + name, "must be a list");
    else
      for (auto& each : *found)
        if (each.is_string())
          result.push_back(each.get<std::string>());
        else
          fail(at + "." + name, "must be a list of texts");
    return result;
  }

  std::set<audit_stage> read_stages(const json& from, const std::string& at) {
    std::set<audit_stage> result;
    for (auto& each : read_texts(from, "omitStages", at))
      if (auto stage = find_name<audit_stage>(stage_names, each))
        result.insert(*stage);
      else
        fail(at + ".omitStages", "\"" + each + "\" is no stage");
    return result;
  }

  std::optional<bool> read_flag(const json& from, const std::string& at) {
    auto found = from.find("omitManagedFields");
    if (found == from.end() || found->is_null())
      return std::nullopt;
    if (!found->is_boolean()) {
      fail(at + ".omitManagedFields", "must be true or false");
      return std::nullopt;
    }
    return found->get<bool>();
  }

  std::vector<group_resources> read_resources(const json& from,
                                              const std::string& at) {
    std::vector<group_resources> result;
    auto found = from.find("resources");
    if (found == from.end() || found->is_null())
      return result;
    if (!found->is_array())
      fail(at + ".resources", "must be a list");
    for (auto& each : *found) {
      auto here = at + ".resources[" + std::to_string(result.size()) + "]";
      if (!each.is_object()) {
        fail(here, "must be an object");
        break;
      }
      auto group = each.value("group", json(""));
      if (!group.is_string())
        fail(here + ".group", "must be a text");
      group_resources one{group.is_string() ? group.get<std::string>() : "",
                          read_texts(each, "resources", here),
                          read_texts(each, "resourceNames", here)};
      if (!one.names.empty() && one.resources.empty())
        fail(here + ".resourceNames", "using resourceNames requires at least "
                                      "one resource");
      result.push_back(std::move(one));
    }
    return result;
  }

  rule read_rule(const json& from, const std::string& at) {
    rule result;
    if (!from.is_object()) {
      fail(at, "must be an object");
      return result;
    }
    auto level = from.value("level", json(""));
    auto known =
        level.is_string()
            ? find_name<audit_level>(level_names, level.get<std::string>())
            : std::nullopt;
    if (known)
      result.level = *known;
    else
      fail(at + ".level", "must be None, Metadata, Request or RequestResponse");
    result.users = read_texts(from, "users", at);
    result.groups = read_texts(from, "userGroups", at);
    result.verbs = read_texts(from, "verbs", at);
    result.namespaces = read_texts(from, "namespaces", at);
    result.paths = read_texts(from, "nonResourceURLs", at);
    result.resources = read_resources(from, at);
    result.omitted = read_stages(from, at);
    result.without_managed_fields = read_flag(from, at);
    if (!result.paths.empty()
        && (!result.resources.empty() || !result.namespaces.empty()))
      fail(at + ".nonResourceURLs",
           "rules cannot apply to both regular resources and non-resource "
           "URLs");
    return result;
  }
};

expected<audit_policy> audit_policy::parse(std::string_view text) {
  auto parsed = text::parse_yaml(text);
  if (!parsed)
    return make_error(ec::invalid, message_of(parsed.error()));
  auto& all = *parsed;
  if (!all.is_object() || all.value("kind", json{}) != "Policy"
      || all.value("apiVersion", json{}) != "audit.k8s.io/v1")
    return wrong("kind", "must be Policy of audit.k8s.io/v1");
  audit_policy result;
  parser read;
  result.omitted_ = read.read_stages(all, "policy");
  result.without_managed_fields_ =
      read.read_flag(all, "policy").value_or(false);
  auto rules = all.find("rules");
  if (rules == all.end() || !rules->is_array() || rules->empty())
    return wrong("rules", "there must be at least one");
  for (auto& each : *rules)
    result.rules_.push_back(read.read_rule(
        each, "rules[" + std::to_string(result.rules_.size()) + "]"));
  if (read.error)
    return read.error;
  return result;
}

bool audit_policy::fits_resource(const rule& x, const access& what) {
  if (!what.path.empty())
    return false;
  if (!x.namespaces.empty() && !has(x.namespaces, what.ns))
    return false;
  if (x.resources.empty())
    return true;
  auto whole = what.whole_resource();
  return std::any_of(x.resources.begin(), x.resources.end(), [&](auto& each) {
    if (each.group != what.group)
      return false;
    if (each.resources.empty())
      return true;
    if (!each.names.empty() && !has(each.names, what.name))
      return false;
    return std::any_of(each.resources.begin(), each.resources.end(),
                       [&](auto& resource) {
                         return resource == "*" || resource == whole
                                || (!what.subresource.empty()
                                    && resource == "*/" + what.subresource)
                                || resource == what.resource + "/*";
                       });
  });
}

bool audit_policy::fits_path(const rule& x, const access& what) {
  if (what.path.empty())
    return false;
  return std::any_of(x.paths.begin(), x.paths.end(), [&](auto& each) {
    if (!each.empty() && each.back() == '*')
      return what.path.compare(0, each.size() - 1, each, 0, each.size() - 1)
             == 0;
    return each == what.path;
  });
}

bool audit_policy::fits(const rule& x, const caller& who, const access& what) {
  if (!x.users.empty() && !has(x.users, who.user))
    return false;
  auto in_any = [&] {
    return std::any_of(x.groups.begin(), x.groups.end(),
                       [&](auto& each) { return who.in_group(each); });
  };
  if (!x.groups.empty() && !in_any())
    return false;
  if (!x.verbs.empty() && !has(x.verbs, what.verb))
    return false;
  if (!x.namespaces.empty() || !x.resources.empty())
    return fits_resource(x, what);
  return x.paths.empty() || fits_path(x, what);
}

audit_decision audit_policy::decide(const caller& who,
                                    const access& what) const {
  for (auto& each : rules_) {
    if (!fits(each, who, what))
      continue;
    auto omitted = each.omitted;
    omitted.insert(omitted_.begin(), omitted_.end());
    return {each.level, std::move(omitted),
            each.without_managed_fields.value_or(without_managed_fields_)};
  }
  return {};
}

bool is_long_running(const access& what) {
  constexpr std::array<std::string_view, 5> long_ones{"attach", "exec", "proxy",
                                                      "log", "portforward"};
  return what.verb == "watch"
         || std::find(long_ones.begin(), long_ones.end(), what.subresource)
                != long_ones.end();
}

void note_object(audit_event& x, const std::string& object) {
  auto said = json::parse(object, nullptr, false);
  auto found = said.is_object() ? said.find("metadata") : said.end();
  if (!said.is_object() || found == said.end() || !found->is_object())
    return;
  auto take = [&](std::string& to, const char* name) {
    if (to.empty())
      to = text_in(*found, name);
  };
  take(x.what.ns, "namespace");
  take(x.what.name, "name");
  take(x.object_uid, "uid");
  take(x.object_version, "resourceVersion");
}

void note_answer(audit_event& x, const std::string& answer) {
  auto said = json::parse(answer, nullptr, false);
  if (!said.is_object() || text_in(said, "kind") != "Status")
    return;
  x.outcome = text_in(said, "status");
  x.message = text_in(said, "message");
  x.reason = text_in(said, "reason");
  if (auto found = said.find("details");
      found != said.end() && found->is_object() && !found->empty())
    x.details = found->dump();
}

void note_no_answer(audit_event& x) {
  x.status = 200;
  x.outcome = "Success";
  x.message = "Connection closed early";
}

std::string_view name_of(audit_level level) {
  return level_names[static_cast<size_t>(level)];
}

std::vector<std::string> source_addresses(const std::string& forwarded_for,
                                          const std::string& real_ip,
                                          const std::string& peer) {
  texts result;
  for (size_t at = 0; at < forwarded_for.size();) {
    auto end = std::min(forwarded_for.find(',', at), forwarded_for.size());
    auto one = forwarded_for.substr(at, end - at);
    std::erase(one, ' ');
    if (is_address(one))
      result.push_back(one);
    at = end + 1;
  }
  if (is_address(real_ip) && !has(result, real_ip))
    result.push_back(real_ip);
  if (!peer.empty() && (result.empty() || result.back() != peer))
    result.push_back(peer);
  return result;
}

std::string tried_text(const std::string& authorization, bool certificate) {
  auto scheme = authorization.substr(0, authorization.find(' '));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  std::string tried;
  if (scheme == "basic" || scheme == "bearer")
    tried = scheme;
  if (certificate)
    tried += tried.empty() ? "x509" : ", x509";
  return tried.empty() ? "Authentication failed, no credentials provided"
                       : "Authentication failed, attempted: " + tried;
}

std::string backup_name(const std::string& file, time_point now) {
  backup_form form{file};
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                    now.time_since_epoch())
                    .count()
                % 1000;
  auto when = text::time_text(now);
  when.pop_back();
  std::replace(when.begin(), when.end(), ':', '-');
  auto rest = std::to_string(millis);
  return form.begin + when + "." + std::string(3 - rest.size(), '0') + rest
         + form.end;
}

bool is_backup_name(const std::string& file, const std::string& name) {
  constexpr std::string_view form = "dddd-dd-ddTdd-dd-dd.ddd";
  backup_form around{file};
  if (name.size() != around.begin.size() + form.size() + around.end.size()
      || !name.starts_with(around.begin) || !name.ends_with(around.end))
    return false;
  for (size_t i = 0; i < form.size(); ++i) {
    auto c = name[around.begin.size() + i];
    if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i])
      return false;
  }
  return true;
}

std::string to_line(const audit_event& x, audit_stage stage, time_point now) {
  ordered out{{"kind", "Event"},
              {"apiVersion", "audit.k8s.io/v1"},
              {"level", level_names[static_cast<size_t>(x.level)]},
              {"auditID", x.id},
              {"stage", stage_names[static_cast<size_t>(stage)]},
              {"requestURI", x.uri},
              {"verb", x.what.verb},
              {"user", to_json(x.who)}};
  if (x.acts_as)
    out["impersonatedUser"] = to_json(*x.acts_as);
  if (!x.addresses.empty())
    out["sourceIPs"] = x.addresses;
  if (!x.agent.empty())
    out["userAgent"] = short_agent(x.agent);
  add_reference(out, x);
  add_status(out, x);
  if (x.level >= audit_level::request)
    add_object(out, "requestObject", x.request_object);
  if (x.level >= audit_level::request_response)
    add_object(out, "responseObject", x.response_object);
  out["requestReceivedTimestamp"] = moment(x.received);
  out["stageTimestamp"] =
      moment(stage == audit_stage::request_received ? x.received : now);
  if (!x.annotations.empty())
    out["annotations"] = x.annotations;
  return out.dump(-1, ' ', false, ordered::error_handler_t::replace);
}

std::string without_managed_fields(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  if (value.is_discarded())
    return text;
  drop_managed(value);
  if (value.is_object())
    if (auto items = value.find("items");
        items != value.end() && items->is_array())
      for (auto& each : *items)
        drop_managed(each);
  return value.dump();
}

} // namespace troupe::rules

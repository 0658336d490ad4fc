#include "runtime/rules/audit.hpp"

#include "runtime/text/document.hpp"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

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
  ordered result{{"username", who.user}};
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
  add("apiGroup", x.what.group);
  add("apiVersion", x.api_version);
  add("subresource", x.what.subresource);
  to["objectRef"] = std::move(ref);
}

void add_status(ordered& to, const audit_event& x) {
  if (x.status == 0)
    return;
  ordered status{{"metadata", ordered::object()}};
  if (x.status >= 400)
    status["status"] = "Failure";
  if (!x.message.empty())
    status["message"] = x.message;
  if (!x.reason.empty())
    status["reason"] = x.reason;
  status["code"] = x.status;
  to["responseStatus"] = std::move(status);
}

void add_object(ordered& to, const char* name, const std::string& text) {
  if (text.empty())
    return;
  auto value = ordered::parse(text, nullptr, false);
  if (!value.is_discarded())
    to[name] = std::move(value);
}

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
    out["userAgent"] = x.agent;
  add_reference(out, x);
  add_status(out, x);
  if (x.level >= audit_level::request)
    add_object(out, "requestObject", x.request_object);
  if (x.level >= audit_level::request_response)
    add_object(out, "responseObject", x.response_object);
  out["requestReceivedTimestamp"] = moment(x.received);
  out["stageTimestamp"] = moment(now);
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

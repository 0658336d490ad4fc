#include "runtime/rules/rbac_rules.hpp"

#include "messages/fields.hpp"

#include <algorithm>
#include <map>

namespace troupe::rules {

namespace {

using rbac::v1::PolicyRule;
using words = google::protobuf::RepeatedPtrField<std::string>;

bool has(const words& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool has_or_all(const words& list, const std::string& word) {
  return has(list, "*") || has(list, word);
}

// Kubernetes: "*/scale" is that subresource of every resource.
bool names_resource(const words& list, const std::string& whole,
                    const std::string& subresource) {
  return has_or_all(list, whole)
         || (!subresource.empty() && has(list, "*/" + subresource));
}

bool names_path(const std::string& pattern, const std::string& path) {
  if (pattern == "*" || pattern == path)
    return true;
  return pattern.ends_with('*')
         && path.starts_with(
             pattern.substr(0, pattern.find_last_not_of('*') + 1));
}

bool names_path(const words& list, const std::string& path) {
  return std::any_of(list.begin(), list.end(),
                     [&](auto& pattern) { return names_path(pattern, path); });
}

/// Whether a rule allows a part of another one: what has one word each.
bool covers(const PolicyRule& held, const PolicyRule& part) {
  if (!has_or_all(held.verbs(), part.verbs(0)))
    return false;
  if (!part.non_resource_urls().empty())
    return names_path(held.non_resource_urls(), part.non_resource_urls(0));
  auto& resource = part.resources(0);
  auto slash = resource.find('/');
  auto subresource =
      slash == std::string::npos ? std::string{} : resource.substr(slash + 1);
  if (!has_or_all(held.api_groups(), part.api_groups(0))
      || !names_resource(held.resources(), resource, subresource))
    return false;
  return held.resource_names().empty()
         || (!part.resource_names().empty()
             && has(held.resource_names(), part.resource_names(0)));
}

/// Calls `visit` with each part of a rule.
template <class Visit>
void each_part(const PolicyRule& rule, Visit visit) {
  for (auto& verb : rule.verbs()) {
    PolicyRule part;
    part.add_verbs(verb);
    for (auto& path : rule.non_resource_urls()) {
      *part.mutable_non_resource_urls() = {&path, &path + 1};
      visit(part);
    }
    part.clear_non_resource_urls();
    for (auto& group : rule.api_groups())
      for (auto& resource : rule.resources()) {
        *part.mutable_api_groups() = {&group, &group + 1};
        *part.mutable_resources() = {&resource, &resource + 1};
        part.clear_resource_names();
        if (rule.resource_names().empty())
          visit(part);
        for (auto& name : rule.resource_names()) {
          *part.mutable_resource_names() = {&name, &name + 1};
          visit(part);
        }
      }
  }
}

void show(std::string& out, const char* name, const words& list) {
  if (list.empty())
    return;
  out += out.size() > 1 ? ", " : "";
  out += std::string{name} + ":[";
  for (int i = 0; i < list.size(); ++i)
    out += (i > 0 ? " \"" : "\"") + list[i] + "\"";
  out += "]";
}

std::string shown_one(const PolicyRule& rule) {
  std::string out{"{"};
  show(out, "APIGroups", rule.api_groups());
  show(out, "Resources", rule.resources());
  show(out, "ResourceNames", rule.resource_names());
  show(out, "NonResourceURLs", rule.non_resource_urls());
  show(out, "Verbs", rule.verbs());
  return out + "}";
}

} // namespace

bool allows(const PolicyRule& rule, const access& what) {
  if (!has_or_all(rule.verbs(), what.verb))
    return false;
  if (!what.path.empty())
    return names_path(rule.non_resource_urls(), what.path);
  return has_or_all(rule.api_groups(), what.group)
         && names_resource(rule.resources(), what.whole_resource(),
                           what.subresource)
         && (rule.resource_names().empty()
             || has(rule.resource_names(), what.name));
}

std::vector<PolicyRule> not_covered(const std::vector<const PolicyRule*>& held,
                                    const role_rules& wanted) {
  std::vector<PolicyRule> missing;
  for (auto& rule : wanted)
    each_part(rule, [&](const PolicyRule& part) {
      if (std::none_of(held.begin(), held.end(),
                       [&](auto* one) { return covers(*one, part); }))
        missing.push_back(part);
    });
  return missing;
}

std::string rules_text(const std::vector<PolicyRule>& parts) {
  std::map<std::string, PolicyRule> merged;
  for (auto& part : parts) {
    auto key = part;
    key.clear_verbs();
    auto [at, fresh] = merged.try_emplace(shown_one(key), part);
    if (!fresh && !has(at->second.verbs(), part.verbs(0)))
      at->second.add_verbs(part.verbs(0));
  }
  std::string out;
  for (auto& [key, rule] : merged) {
    auto sorted = rule;
    std::sort(sorted.mutable_verbs()->begin(), sorted.mutable_verbs()->end());
    out += (out.empty() ? "" : "\n") + shown_one(sorted);
  }
  return out;
}

role_rules all_rights() {
  role_rules result;
  auto& resources = *result.Add();
  resources.add_verbs("*");
  resources.add_api_groups("*");
  resources.add_resources("*");
  auto& paths = *result.Add();
  paths.add_verbs("*");
  paths.add_non_resource_urls("*");
  return result;
}

bool same_rule(const PolicyRule& a, const PolicyRule& b) {
  return canonical_equal(a, b);
}

} // namespace troupe::rules

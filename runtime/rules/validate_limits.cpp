#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_limits.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace troupe::rules {

using core::v1::LimitRange;
using core::v1::LimitRangeItem;
using core::v1::ResourceQuota;
using core::v1::ResourceQuotaSpec;
using core::v1::ScopedResourceSelectorRequirement;
using text::quantity;

namespace {

using amounts = google::protobuf::Map<std::string, meta::v1::Quantity>;

template <class List>
bool has(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// A list as a message shows it.
template <class List>
shown list_text(const List& list) {
  std::string text;
  for (auto& each : list)
    text += (text.empty() ? "[\"" : ",\"") + std::string{each} + "\"";
  shown result{""};
  result.text = text.empty() ? "[]" : text + "]";
  return result;
}

std::set<std::string> names_of(const amounts& all) {
  std::set<std::string> result;
  for (auto& [name, amount] : all)
    result.insert(name);
  return result;
}

// -- quotas ------------------------------------------------------------------

// Kubernetes: IsStandardQuotaResourceName. A quota counts what is asked for,
// not what a claim holds.
bool standard_quota(std::string_view name) {
  return standard_resource(name) && name != "storage";
}

// Kubernetes: IsIntegerResourceName.
bool counted_in_pieces(std::string_view name) {
  constexpr std::array<std::string_view, 9> names{"pods",
                                                  "resourcequotas",
                                                  "services",
                                                  "secrets",
                                                  "replicationcontrollers",
                                                  "configmaps",
                                                  "services.nodeports",
                                                  "services.loadbalancers",
                                                  "persistentvolumeclaims"};
  return has(names, name) || name.starts_with("count/")
         || extended_resource(name);
}

void check_quota_name(std::string_view name, const field_path& at,
                      findings& out) {
  check_resource(std::string{name}, at, out);
  if (name.find('/') == name.npos && !standard_quota(name))
    out.invalid(at, name, "must be a standard resource for quota");
}

void check_quota_amounts(const amounts& all, const field_path& at,
                         findings& out) {
  for (auto& name : names_of(all)) {
    auto one = at.key(name);
    check_quota_name(name, one, out);
    auto amount = check_amount(all.at(name), one, out);
    if (amount && counted_in_pieces(name) && !amount->is_whole())
      out.invalid(one, all.at(name).string(), "must be an integer");
  }
}

bool known_scope(std::string_view scope) {
  constexpr std::array<std::string_view, 7> known{
      "Terminating",          "NotTerminating", "BestEffort",
      "NotBestEffort",        "PriorityClass",  "CrossNamespacePodAffinity",
      "VolumeAttributesClass"};
  return has(known, scope);
}

/// What the pods of a scope can be bounded in.
bool scope_covers(std::string_view scope, std::string_view resource) {
  constexpr std::array<std::string_view, 7> of_pods{
      "pods",       "cpu",           "memory",         "requests.cpu",
      "limits.cpu", "limits.memory", "requests.memory"};
  if (scope == "BestEffort")
    return resource == "pods";
  if (scope == "VolumeAttributesClass")
    return resource == "persistentvolumeclaims"
           || resource == "requests.storage";
  return has(of_pods, resource);
}

bool covers_all(std::string_view scope, const ResourceQuotaSpec& spec) {
  auto& hard = spec.hard();
  return std::all_of(hard.begin(), hard.end(), [&](auto& entry) {
    return !standard_quota(entry.first) || scope_covers(scope, entry.first);
  });
}

void check_scopes(const ResourceQuotaSpec& spec, const field_path& up,
                  findings& out) {
  auto at = up.child("scopes");
  auto& scopes = spec.scopes();
  for (auto& scope : scopes) {
    if (!known_scope(scope))
      out.invalid(at, list_text(scopes), "unsupported scope");
    else if (!covers_all(scope, spec))
      out.invalid(at, list_text(scopes),
                  "unsupported scope applied to resource");
  }
  auto both = [&](const char* a, const char* b) {
    if (has(scopes, a) && has(scopes, b))
      out.invalid(at, list_text(scopes), "conflicting scopes");
  };
  both("BestEffort", "NotBestEffort");
  both("Terminating", "NotTerminating");
}

void check_scope_values(const ScopedResourceSelectorRequirement& one,
                        const field_path& at, findings& out) {
  auto& operation = one.operator_();
  if (operation == "In" || operation == "NotIn") {
    if (one.values().empty())
      out.required(at.child("values"),
                   "must be at least one value when `operator` is 'In' or "
                   "'NotIn' for scope selector");
  } else if (operation == "Exists" || operation == "DoesNotExist") {
    if (!one.values().empty())
      out.invalid(at.child("values"), list_text(one.values()),
                  "must be no value when `operator` is 'Exists' or "
                  "'DoesNotExist' for scope selector");
  } else {
    out.invalid(at.child("operator"), operation,
                "not a valid selector operator");
  }
}

void check_scope_selector(const ResourceQuotaSpec& spec, const field_path& up,
                          findings& out) {
  auto selector = up.child("scopeSelector");
  auto at = selector.child("matchExpressions");
  for (auto& one : spec.scope_selector().match_expressions()) {
    auto& scope = one.scope_name();
    if (!known_scope(scope))
      out.invalid(at.child("scopeName"), scope, "unsupported scope");
    else if (!covers_all(scope, spec))
      out.invalid(at, scope, "unsupported scope applied to resource");
    if (scope != "PriorityClass" && scope != "VolumeAttributesClass"
        && one.operator_() != "Exists")
      out.invalid(
          at.child("operator"), one.operator_(),
          "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, "
          "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
          "ResourceQuotaScopeNotBestEffort or "
          "ResourceQuotaScopeCrossNamespacePodAffinity");
    check_scope_values(one, at, out);
  }
}

void validate_quota(const ResourceQuota& obj, findings& out) {
  field_path at{"spec"};
  check_quota_amounts(obj.spec().hard(), at.child("hard"), out);
  check_scopes(obj.spec(), at, out);
  check_scope_selector(obj.spec(), at, out);
}

void validate_quota_update(const ResourceQuota& obj, const ResourceQuota& old,
                           findings& out) {
  std::set<std::string> now{obj.spec().scopes().begin(),
                            obj.spec().scopes().end()};
  std::set<std::string> then{old.spec().scopes().begin(),
                             old.spec().scopes().end()};
  require_unchanged(now == then, list_text(obj.spec().scopes()),
                    field_path{"spec.scopes"}, out);
}

void validate_quota_status(const ResourceQuota& obj, const ResourceQuota&,
                           findings& out) {
  field_path at{"status"};
  check_quota_amounts(obj.status().hard(), at.child("hard"), out);
  check_quota_amounts(obj.status().used(), at.child("used"), out);
}

// -- ranges ------------------------------------------------------------------

using by_name = std::map<std::string, quantity>;

struct range_amounts {
  by_name max;
  by_name min;
  by_name preset;
  by_name preset_request;
  by_name ratio;
};

void check_range_name(const LimitRangeItem& item, const std::string& name,
                      const field_path& at, findings& out) {
  if (item.type() == "Pod" || item.type() == "Container")
    check_container_resource(name, at, out);
  else
    check_resource(name, at, out);
}

by_name check_range_amounts(const LimitRangeItem& item, const amounts& all,
                            const field_path& at, findings& out) {
  by_name result;
  for (auto& name : names_of(all)) {
    auto one = at.key(name);
    check_range_name(item, name, one, out);
    if (auto amount = quantity::parse(all.at(name)))
      result.emplace(name, *amount);
    else
      out.invalid(one, all.at(name).string(), message_of(amount.error()));
  }
  return result;
}

const quantity* find(const by_name& all, const std::string& name) {
  auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

/// Reports when `low` is more than `high`, about `value` at a place.
void check_order(const quantity* low, const char* low_word,
                 const quantity* high, const char* high_word,
                 const quantity* value, const field_path& at, findings& out) {
  if (low != nullptr && high != nullptr && *low > *high)
    out.invalid(at, value->str(),
                std::string{low_word} + " value " + low->str()
                    + " is greater than " + high_word + " value "
                    + high->str());
}

void check_ratio(const std::string& name, const range_amounts& all,
                 const field_path& at, findings& out) {
  auto* ratio = find(all.ratio, name);
  if (ratio == nullptr)
    return;
  auto one = at.key(name);
  if (*ratio < quantity::of(int64_t{1}))
    out.invalid(one, ratio->str(), "ratio " + ratio->str() + " is less than 1");
  auto* min = find(all.min, name);
  auto* max = find(all.max, name);
  if (min == nullptr || max == nullptr || min->is_zero())
    return;
  auto most = max->as_double() / min->as_double();
  if (ratio->as_double() <= most)
    return;
  char digits[64];
  std::snprintf(digits, sizeof(digits), "%f", most);
  out.invalid(one, ratio->str(),
              "ratio " + ratio->str() + " is greater than max/min = " + digits);
}

void compare(const std::string& name, const range_amounts& all,
             const field_path& item, findings& out) {
  auto* min = find(all.min, name);
  auto* max = find(all.max, name);
  auto* preset = find(all.preset, name);
  auto* request = find(all.preset_request, name);
  auto min_field = item.child("min");
  auto preset_field = item.child("default");
  auto request_field = item.child("defaultRequest");
  auto ratio_field = item.child("maxLimitRequestRatio");
  auto at_min = min_field.key(name);
  auto at_preset = preset_field.key(name);
  auto at_request = request_field.key(name);
  check_order(min, "min", max, "max", min, at_min, out);
  check_order(min, "min", request, "default request", request, at_request, out);
  check_order(request, "default request", max, "max", request, at_request, out);
  check_order(request, "default request", preset, "default limit", request,
              at_request, out);
  check_order(min, "min", preset, "default", min, at_preset, out);
  check_order(preset, "default", max, "max", max, at_preset, out);
  check_ratio(name, all, ratio_field, out);
  auto shared = native_resource(name) && !name.starts_with("hugepages-");
  if (!shared && preset != nullptr && request != nullptr && *preset != *request)
    out.invalid(at_request, request->str(),
                "default value " + preset->str()
                    + " must equal to defaultRequest value " + request->str()
                    + " in " + name);
}

void check_range_type(const std::string& type, const field_path& at,
                      findings& out) {
  constexpr std::array<std::string_view, 3> standard{"Pod", "Container",
                                                     "PersistentVolumeClaim"};
  auto wrong = check_qualified_name(type);
  out.invalid(at, type, wrong);
  if (wrong.empty() && type.find('/') == type.npos && !has(standard, type))
    out.invalid(at, type, "must be a standard limit type or fully qualified");
}

void check_item(const LimitRangeItem& item, const field_path& at,
                findings& out) {
  check_range_type(item.type(), at.child("type"), out);
  auto read = [&](const amounts& from, const char* name) {
    auto member = at.child(name);
    return check_range_amounts(item, from, member, out);
  };
  range_amounts all;
  all.max = read(item.max(), "max");
  all.min = read(item.min(), "min");
  if (item.type() == "Pod") {
    constexpr auto not_here = "may not be specified when `type` is 'Pod'";
    if (!item.default_().empty())
      out.forbidden(at.child("default"), not_here);
    if (!item.default_request().empty())
      out.forbidden(at.child("defaultRequest"), not_here);
  } else {
    all.preset = read(item.default_(), "default");
    all.preset_request = read(item.default_request(), "defaultRequest");
  }
  if (item.type() == "PersistentVolumeClaim" && all.min.count("storage") == 0
      && all.max.count("storage") == 0)
    out.required(at.child("limits"),
                 "either minimum or maximum storage value is required, but "
                 "neither was provided");
  all.ratio = read(item.max_limit_request_ratio(), "maxLimitRequestRatio");
  std::set<std::string> names;
  for (auto* each :
       {&all.max, &all.min, &all.preset, &all.preset_request, &all.ratio})
    for (auto& [name, amount] : *each)
      names.insert(name);
  for (auto& name : names)
    compare(name, all, at, out);
}

void validate_range(const LimitRange& obj, findings& out) {
  field_path at{"spec.limits"};
  std::set<std::string> types;
  auto& limits = obj.spec().limits();
  for (int i = 0; i < limits.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    if (!types.insert(limits[i].type()).second)
      out.duplicate(one.child("type"), limits[i].type());
    check_item(limits[i], one, out);
  }
}

} // namespace

void add_limit_validation(registry& all) {
  auto& quota = all.of<ResourceQuota>();
  quota.validate = check<ResourceQuota, validate_quota>;
  quota.validate_update = check_from<ResourceQuota, validate_quota_update>;
  quota.validate_status = check_from<ResourceQuota, validate_quota_status>;
  all.of<LimitRange>().validate = check<LimitRange, validate_range>;
}

} // namespace troupe::rules

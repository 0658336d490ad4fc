#include "runtime/rules/flow_table.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace troupe::rules {

namespace {

using namespace flowcontrol::v1;
using words = google::protobuf::RepeatedPtrField<std::string>;

constexpr std::string_view every = "*";
constexpr auto dangling = "Dangling";

bool holds(const words& all, std::string_view word) {
  return (all.size() == 1 && all[0] == every)
         || std::find(all.begin(), all.end(), word) != all.end();
}

bool is_account(const ServiceAccountSubject& account, std::string_view user) {
  constexpr std::string_view prefix = "system:serviceaccount:";
  if (account.name() != every)
    return user == account_user(account.namespace_(), account.name());
  if (!user.starts_with(prefix))
    return false;
  user.remove_prefix(prefix.size());
  if (!user.starts_with(account.namespace_()))
    return false;
  user.remove_prefix(account.namespace_().size());
  return user.starts_with(":");
}

bool is_subject(const Subject& subject, const caller& who) {
  auto& kind = subject.kind();
  if (kind == "User")
    return subject.has_user()
           && (subject.user().name() == every
               || subject.user().name() == who.user);
  if (kind == "Group")
    return subject.has_group()
           && (subject.group().name() == every
               || who.in_group(subject.group().name()));
  return kind == "ServiceAccount" && subject.has_service_account()
         && is_account(subject.service_account(), who.user);
}

bool covers(const ResourcePolicyRule& rule, const flow_request& what) {
  return holds(rule.verbs(), what.verb) && holds(rule.resources(), what.what)
         && holds(rule.api_groups(), what.group)
         && (what.ns.empty() ? rule.cluster_scope()
                             : holds(rule.namespaces(), what.ns));
}

/// Kubernetes: a path stands for all below it too, with or without its star.
bool covers_path(std::string_view rule, std::string_view path) {
  if (rule == every || rule == path)
    return true;
  if (rule.ends_with('*'))
    rule.remove_suffix(1);
  if (rule.ends_with('/'))
    rule.remove_suffix(1);
  return path.size() > rule.size() && path.starts_with(rule)
         && path[rule.size()] == '/';
}

bool covers(const NonResourcePolicyRule& rule, const flow_request& what) {
  return holds(rule.verbs(), what.verb)
         && std::any_of(rule.non_resource_urls().begin(),
                        rule.non_resource_urls().end(),
                        [&](auto& url) { return covers_path(url, what.path); });
}

template <class Rules>
bool any_covers(const Rules& all, const flow_request& what) {
  return std::any_of(all.begin(), all.end(),
                     [&](auto& rule) { return covers(rule, what); });
}

bool matches(const FlowSchemaSpec& spec, const caller& who,
             const flow_request& what) {
  auto& all = spec.rules();
  return std::any_of(all.begin(), all.end(), [&](auto& rule) {
    auto& subjects = rule.subjects();
    return std::any_of(subjects.begin(), subjects.end(),
                       [&](auto& one) { return is_subject(one, who); })
           && (what.resource ? any_covers(rule.resource_rules(), what)
                             : any_covers(rule.non_resource_rules(), what));
  });
}

} // namespace

flow_table::flow_table(std::span<const object> schemas,
                       std::span<const object> levels) {
  std::map<std::string_view, std::string> uids;
  for (auto& level : levels)
    uids[level.name()] = level.uid();
  for (auto& schema : schemas) {
    auto& spec = schema.as<FlowSchema>().spec();
    auto level = uids.find(spec.priority_level_configuration().name());
    if (level != uids.end())
      entries_.push_back({spec,
                          {std::string{schema.name()},
                           std::string{schema.uid()}, level->second}});
  }
  std::sort(entries_.begin(), entries_.end(), [](auto& a, auto& b) {
    auto left = a.spec.matching_precedence();
    auto right = b.spec.matching_precedence();
    return left != right ? left < right : a.found.schema < b.found.schema;
  });
}

const flow_class* flow_table::find(const caller& who,
                                   const flow_request& what) const {
  for (auto& each : entries_)
    if (matches(each.spec, who, what))
      return &each.found;
  return nullptr;
}

std::optional<FlowSchemaCondition>
changed_dangling(const FlowSchema& schema, bool level_exists, time_point now) {
  auto text = "This FlowSchema references the PriorityLevelConfiguration "
              "object named \""
              + schema.spec().priority_level_configuration().name() + "\" ";
  FlowSchemaCondition wanted;
  wanted.set_type(dangling);
  wanted.set_status(level_exists ? "False" : "True");
  wanted.set_reason(level_exists ? "Found" : "NotFound");
  wanted.set_message(
      text + (level_exists ? "and it exists" : "but there is no such object"));
  *wanted.mutable_last_transition_time() = to_time(now);
  for (auto& known : schema.status().conditions())
    if (known.type() == dangling && known.status() == wanted.status()
        && known.reason() == wanted.reason()
        && known.message() == wanted.message())
      return std::nullopt;
  return wanted;
}

std::string dangling_patch(const FlowSchemaCondition& what) {
  nlohmann::json condition{
      {"type", what.type()},
      {"status", what.status()},
      {"lastTransitionTime", text::time_text(what.last_transition_time())},
      {"reason", what.reason()},
      {"message", what.message()}};
  return nlohmann::json{{"status", {{"conditions", {condition}}}}}.dump();
}

} // namespace troupe::rules

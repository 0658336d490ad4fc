#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/default_flow.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/shown_list.hpp"
#include "runtime/text/json_writer.hpp"

#include <array>
#include <cmath>
#include <set>

namespace troupe::rules {

using namespace flowcontrol::v1;

namespace {

constexpr int32_t last_precedence = 10000;
constexpr int32_t most_queues = 10000 * 1000;
// Kubernetes deals hands of queues by the bits of one hash.
constexpr int hash_bits = 60;

constexpr std::array verbs{"create", "delete", "deletecollection",
                           "get",    "list",   "patch",
                           "proxy",  "update", "watch"};

// -- FlowSchema ---------------------------------------------------------------

void check_verbs(const words& list, const field_path& at, findings& out) {
  if (list.empty())
    out.required(at, "verbs must contain at least one value");
  require_lone_star(list, "verbs", at, out);
  auto known = [](auto& verb) {
    return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
  };
  if (!has_star(list) && !std::all_of(list.begin(), list.end(), known))
    out.not_supported(at, shown_list(list), {verbs.begin(), verbs.end()});
}

/// A path such as "/healthz" or "/metrics/*".
void check_url(const std::string& path, const field_path& at, findings& out) {
  if (path.empty())
    out.invalid(at, path, "must not be empty");
  else if (path == "/")
    return;
  else if (path[0] != '/')
    out.invalid(at, path, "must start with slash");
  else if (path.find(' ') != std::string::npos)
    out.invalid(at, path, "must not contain white-space");
  else if (path.find("//") != std::string::npos)
    out.invalid(at, path, "must not contain double slash");
  else if (auto star = path.find('*');
           star != std::string::npos
           && (star + 1 != path.size() || path[star - 1] != '/'))
    out.invalid(at, path, "wildcard can only do suffix matching");
}

void check_rule(const NonResourcePolicyRule& rule, const field_path& at,
                findings& out) {
  auto list = at.child("verbs");
  check_verbs(rule.verbs(), list, out);
  auto urls = at.child("nonResourceURLs");
  auto& all = rule.non_resource_urls();
  if (all.empty())
    out.required(urls, "nonResourceURLs must contain at least one value");
  require_lone_star(all, "non-resource URLs", urls, out);
  for (int i = 0; i < all.size() && !has_star(all); ++i)
    check_url(all[i], urls[static_cast<size_t>(i)], out);
}

void check_spaces(const ResourcePolicyRule& rule, const field_path& at,
                  findings& out) {
  auto& all = rule.namespaces();
  if (all.empty() && !rule.cluster_scope())
    out.required(at, "resource rules that are not cluster scoped must supply "
                     "at least one namespace");
  require_lone_star(all, "namespaces", at, out);
  for (int i = 0; i < all.size() && !has_star(all); ++i)
    for (auto& problem : check_dns1123_label(all[i]))
      out.invalid(at[static_cast<size_t>(i)], all[i],
                  "each member of this list must be '*' or a DNS-1123 label; "
                      + problem);
}

void check_rule(const ResourcePolicyRule& rule, const field_path& at,
                findings& out) {
  auto list = at.child("verbs");
  check_verbs(rule.verbs(), list, out);
  auto groups = at.child("apiGroups");
  if (rule.api_groups().empty())
    out.required(groups, "resource rules must supply at least one api group");
  require_lone_star(rule.api_groups(), "api groups", groups, out);
  auto resources = at.child("resources");
  if (rule.resources().empty())
    out.required(resources, "resource rules must supply at least one resource");
  require_lone_star(rule.resources(), "resources", resources, out);
  auto spaces = at.child("namespaces");
  check_spaces(rule, spaces, out);
}

void check_account(const ServiceAccountSubject& account, const field_path& at,
                   findings& out) {
  if (account.name().empty())
    out.required(at.child("name"));
  else if (account.name() != "*")
    out.invalid(at.child("name"), account.name(),
                check_dns1123_subdomain(account.name()));
  if (account.namespace_().empty())
    out.required(at.child("namespace"),
                 "must specify namespace for service account");
  else
    out.invalid(at.child("namespace"), account.namespace_(),
                check_dns1123_label(account.namespace_()));
}

void check_subject(const Subject& subject, const field_path& at,
                   findings& out) {
  struct part {
    std::string_view kind;
    std::string_view field;
    bool given;
  };
  const std::array parts{
      part{"ServiceAccount", "serviceAccount", subject.has_service_account()},
      part{"User", "user", subject.has_user()},
      part{"Group", "group", subject.has_group()}};
  auto known = std::any_of(parts.begin(), parts.end(), [&](auto& each) {
    return each.kind == subject.kind();
  });
  if (!known)
    return out.not_supported(at.child("kind"), subject.kind(),
                             {"Group", "ServiceAccount", "User"});
  for (auto& [kind, field, given] : parts) {
    auto place = at.child(field);
    auto meant = kind == subject.kind();
    if (meant && !given)
      out.required(place, std::string{field}
                              + " is required when subject kind "
                                "is '"
                              + std::string{kind} + "'");
    if (!meant && given)
      out.forbidden(place, std::string{field}
                               + " is forbidden when subject kind is not '"
                               + std::string{kind} + "'");
  }
  auto account = at.child("serviceAccount");
  if (subject.kind() == "ServiceAccount" && subject.has_service_account())
    check_account(subject.service_account(), account, out);
  if (subject.kind() == "User" && subject.has_user()
      && subject.user().name().empty())
    out.required(at.child("user.name"));
  if (subject.kind() == "Group" && subject.has_group()
      && subject.group().name().empty())
    out.required(at.child("group.name"));
}

void check_rules(const PolicyRulesWithSubjects& rules, const field_path& at,
                 findings& out) {
  auto subjects = at.child("subjects");
  if (rules.subjects().empty())
    out.required(subjects, "subjects must contain at least one value");
  for (int i = 0; i < rules.subjects_size(); ++i) {
    auto one = subjects[static_cast<size_t>(i)];
    check_subject(rules.subjects(i), one, out);
  }
  if (rules.resource_rules().empty() && rules.non_resource_rules().empty())
    out.required(at, "at least one of resourceRules and nonResourceRules has "
                     "to be non-empty");
  auto resources = at.child("resourceRules");
  for (int i = 0; i < rules.resource_rules_size(); ++i) {
    auto one = resources[static_cast<size_t>(i)];
    check_rule(rules.resource_rules(i), one, out);
  }
  auto others = at.child("nonResourceRules");
  for (int i = 0; i < rules.non_resource_rules_size(); ++i) {
    auto one = others[static_cast<size_t>(i)];
    check_rule(rules.non_resource_rules(i), one, out);
  }
}

template <class T>
void check_conditions(const T& obj, findings& out) {
  field_path at{"status.conditions"};
  std::set<std::string> seen;
  for (int i = 0; i < obj.status().conditions_size(); ++i) {
    auto& type = obj.status().conditions(i).type();
    auto one = at[static_cast<size_t>(i)];
    if (!seen.insert(type).second)
      out.duplicate(one.child("type"), type);
    if (type.empty())
      out.required(one.child("type"), "must not be empty");
  }
}

/// Kubernetes: what is mandatory says one thing only.
template <class T>
void check_mandatory(const T& obj, findings& out) {
  if (keeps_mandatory_flow(obj))
    return;
  shown spec{""};
  spec.text = text::to_json(obj.spec());
  out.invalid(field_path{"spec"}, spec,
              "spec of '" + obj.metadata().name()
                  + "' must equal the fixed value");
}

template <class T>
void validate_status(const T& obj, const T&, findings& out) {
  check_conditions(obj, out);
}

void check_precedence(const FlowSchema& obj, const field_path& at,
                      findings& out) {
  auto value = obj.spec().matching_precedence();
  if (value <= 0)
    out.invalid(at, value, "must be a positive value");
  if (value > last_precedence)
    out.invalid(at, value,
                "must not be greater than " + std::to_string(last_precedence));
  if (value == 1 && obj.metadata().name() != "exempt")
    out.invalid(at, value,
                "only the schema named 'exempt' may have matchingPrecedence 1");
}

void validate_schema(const FlowSchema& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  auto precedence = at.child("matchingPrecedence");
  check_precedence(obj, precedence, out);
  auto& method = spec.distinguisher_method().type();
  if (spec.has_distinguisher_method() && method != "ByUser"
      && method != "ByNamespace")
    out.not_supported(at.child("distinguisherMethod.type"), method,
                      {"ByNamespace", "ByUser"});
  auto level = at.child("priorityLevelConfiguration.name");
  auto& name = spec.priority_level_configuration().name();
  if (name.empty())
    out.required(level, "must reference a priority level");
  else
    out.invalid(level, name, check_dns1123_subdomain(name));
  auto rules = at.child("rules");
  for (int i = 0; i < spec.rules_size(); ++i) {
    auto one = rules[static_cast<size_t>(i)];
    check_rules(spec.rules(i), one, out);
  }
  check_mandatory(obj, out);
  check_conditions(obj, out);
}

// -- PriorityLevelConfiguration -----------------------------------------------

/// How many bits of a hash it takes to deal a hand.
int bits_for(int32_t queues, int32_t hand) {
  double bits = 0;
  for (int32_t i = 0; i < hand && bits <= hash_bits; ++i)
    bits += std::log2(queues - i);
  return static_cast<int>(std::ceil(bits));
}

void check_queuing(const QueuingConfiguration& queuing, const field_path& at,
                   findings& out) {
  if (queuing.queue_length_limit() <= 0)
    out.invalid(at.child("queueLengthLimit"), queuing.queue_length_limit(),
                "must be positive");
  auto queues = queuing.queues();
  if (queues <= 0)
    out.invalid(at.child("queues"), queues, "must be positive");
  else if (queues > most_queues)
    out.invalid(at.child("queues"), queues,
                "must not be greater than " + std::to_string(most_queues));
  auto hand = queuing.hand_size();
  auto place = at.child("handSize");
  if (hand <= 0)
    out.invalid(place, hand, "must be positive");
  else if (hand > queues)
    out.invalid(place, hand,
                "should not be greater than queues (" + std::to_string(queues)
                    + ")");
  else if (auto bits = bits_for(queues, hand); bits > hash_bits)
    out.invalid(place, hand,
                "required entropy bits of deckSize " + std::to_string(queues)
                    + " and handSize " + std::to_string(hand)
                    + " should not be greater than "
                    + std::to_string(hash_bits));
}

void check_response(const LimitResponse& response, const field_path& at,
                    findings& out) {
  auto queuing = at.child("queuing");
  if (response.type() == "Reject") {
    if (response.has_queuing())
      out.forbidden(queuing, "must be nil if limited.limitResponse.type is "
                             "not Limited");
  } else if (response.type() == "Queue") {
    if (response.has_queuing())
      check_queuing(response.queuing(), queuing, out);
    else
      out.required(queuing, "must not be empty if limited.limitResponse.type "
                            "is Limited");
  } else {
    out.not_supported(at.child("type"), response.type(), {"Queue", "Reject"});
  }
}

void check_percent(bool given, int32_t value, bool bounded,
                   const field_path& at, findings& out) {
  if (given && (value < 0 || (bounded && value > 100)))
    out.invalid(at, value,
                bounded ? "must be between 0 and 100, inclusive"
                        : "if specified, must be a non-negative integer");
}

void check_limited(const LimitedPriorityLevelConfiguration& limited,
                   const field_path& at, findings& out) {
  if (limited.nominal_concurrency_shares() < 0)
    out.invalid(at.child("nominalConcurrencyShares"),
                limited.nominal_concurrency_shares(),
                "must be a non-negative integer");
  auto response = at.child("limitResponse");
  check_response(limited.limit_response(), response, out);
  check_percent(limited.has_lendable_percent(), limited.lendable_percent(),
                true, at.child("lendablePercent"), out);
  check_percent(limited.has_borrowing_limit_percent(),
                limited.borrowing_limit_percent(), false,
                at.child("borrowingLimitPercent"), out);
}

void check_exempt(const ExemptPriorityLevelConfiguration& exempt,
                  const field_path& at, findings& out) {
  if (exempt.nominal_concurrency_shares() < 0)
    out.invalid(at.child("nominalConcurrencyShares"),
                exempt.nominal_concurrency_shares(),
                "must be a non-negative integer");
  check_percent(exempt.has_lendable_percent(), exempt.lendable_percent(), true,
                at.child("lendablePercent"), out);
}

void validate_level(const PriorityLevelConfiguration& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if ((obj.metadata().name() == "exempt") != (spec.type() == "Exempt"))
    out.invalid(at.child("type"), spec.type(),
                "type must be 'Exempt' if and only if name is 'exempt'");
  auto limited = at.child("limited");
  auto exempt = at.child("exempt");
  if (spec.type() == "Exempt") {
    if (spec.has_limited())
      out.forbidden(limited, "must be nil if the type is not Limited");
    if (spec.has_exempt())
      check_exempt(spec.exempt(), exempt, out);
  } else if (spec.type() == "Limited") {
    if (spec.has_exempt())
      out.forbidden(exempt, "must be nil if the type is Limited");
    if (spec.has_limited())
      check_limited(spec.limited(), limited, out);
    else
      out.required(limited, "must not be empty when type is Limited");
  } else {
    out.not_supported(at.child("type"), spec.type(), {"Exempt", "Limited"});
  }
  check_mandatory(obj, out);
  check_conditions(obj, out);
}

} // namespace

void add_flow_validation(registry& all) {
  auto& schemas = all.of<FlowSchema>();
  schemas.validate = check<FlowSchema, validate_schema>;
  schemas.validate_status = check_from<FlowSchema, validate_status<FlowSchema>>;
  using level = PriorityLevelConfiguration;
  auto& levels = all.of<level>();
  levels.validate = check<level, validate_level>;
  levels.validate_status = check_from<level, validate_status<level>>;
}

} // namespace troupe::rules

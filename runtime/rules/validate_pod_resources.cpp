#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/quantities.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace troupe::rules {

using core::v1::PodSpec;
using core::v1::ResourceRequirements;
using text::quantity;

bool standard_container_resource(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage"
         || name.starts_with("hugepages-");
}

bool native_resource(std::string_view name) {
  return name.find('/') == name.npos
         || name.find("kubernetes.io/") != name.npos;
}

bool extended_resource(std::string_view name) {
  // Kubernetes: there must be room for how quotas call it.
  constexpr std::string_view of_quota = "requests.";
  return !native_resource(name) && !name.starts_with(of_quota)
         && check_qualified_name(std::string{of_quota} + std::string{name})
                .empty();
}

std::optional<quantity> check_amount(const meta::v1::Quantity& amount,
                                     const field_path& at, findings& out) {
  auto value = quantity::parse(amount);
  if (!value) {
    out.invalid(at, amount.string(), message_of(value.error()));
    return std::nullopt;
  }
  if (value->sign() < 0)
    out.invalid(at, amount.string(), "must be greater than or equal to 0");
  return *value;
}

std::map<std::string, quantity>
check_amounts(const google::protobuf::Map<std::string, meta::v1::Quantity>& all,
              const field_path& at, findings& out) {
  std::map<std::string, quantity> result;
  std::set<std::string_view> names;
  for (auto& [name, amount] : all)
    names.insert(name);
  for (auto name : names) {
    auto& amount = all.at(std::string{name});
    if (auto value = check_amount(amount, at.key(name), out)) {
      if (extended_resource(name) && !value->is_whole())
        out.invalid(at.key(name), amount.string(), "must be an integer");
      result.emplace(name, *value);
    }
  }
  return result;
}

namespace {

void check_resource_names(const std::map<std::string, quantity>& all,
                          const field_path& at, findings& out) {
  for (auto& [name, amount] : all)
    check_container_resource(name, at.key(name), out);
}

// What cannot be given to two at once is asked for exactly.
bool overcommits(std::string_view name) {
  return native_resource(name) && !name.starts_with("hugepages-");
}

/// Kubernetes: huge pages alone make no quality of service.
void check_huge_pages(const std::map<std::string, quantity>& requests,
                      const std::map<std::string, quantity>& limits,
                      const field_path& at, findings& out) {
  auto has_any = [&](auto test) {
    auto has_one = [&](auto& all) {
      return std::any_of(all.begin(), all.end(),
                         [&](auto& entry) { return test(entry.first); });
    };
    return has_one(requests) || has_one(limits);
  };
  auto huge = has_any([](auto& n) { return n.starts_with("hugepages-"); });
  auto computes = has_any([](auto& n) { return n == "cpu" || n == "memory"; });
  if (huge && !computes)
    out.forbidden(at, "HugePages require cpu or memory");
}

void compare(const std::map<std::string, quantity>& requests,
             const std::map<std::string, quantity>& limits,
             const field_path& at, findings& out) {
  for (auto& [name, amount] : requests) {
    auto limit = limits.find(name);
    if (limit == limits.end()) {
      if (!overcommits(name))
        out.required(at.child("limits"),
                     "Limit must be set for non overcommitable resources");
      continue;
    }
    if (!overcommits(name) && amount != limit->second)
      out.invalid(at.child("requests"), amount.str(),
                  "must be equal to " + name + " limit of "
                      + limit->second.str());
    else if (amount > limit->second)
      out.invalid(at.child("requests"), amount.str(),
                  "must be less than or equal to " + name + " limit of "
                      + limit->second.str());
  }
}

} // namespace

void check_resource(const std::string& name, const field_path& at,
                    findings& out) {
  auto wrong = check_qualified_name(name);
  out.invalid(at, name, wrong);
  if (wrong.empty() && name.find('/') == std::string::npos
      && !standard_resource(name))
    out.invalid(at, name,
                "must be a standard resource type or fully qualified");
}

void check_container_resource(const std::string& name, const field_path& at,
                              findings& out) {
  check_resource(name, at, out);
  if (name.find('/') == std::string::npos) {
    if (!standard_container_resource(name))
      out.invalid(at, name, "must be a standard resource for containers");
  } else if (!native_resource(name) && !extended_resource(name)) {
    out.invalid(at, name, "doesn't follow extended resource name standard");
  }
}

bool standard_resource(std::string_view name) {
  constexpr std::array<std::string_view, 17> more{"requests.cpu",
                                                  "requests.memory",
                                                  "requests.ephemeral-storage",
                                                  "limits.cpu",
                                                  "limits.memory",
                                                  "limits.ephemeral-storage",
                                                  "pods",
                                                  "resourcequotas",
                                                  "services",
                                                  "replicationcontrollers",
                                                  "secrets",
                                                  "configmaps",
                                                  "persistentvolumeclaims",
                                                  "storage",
                                                  "requests.storage",
                                                  "services.nodeports",
                                                  "services.loadbalancers"};
  return standard_container_resource(name)
         || name.starts_with("requests.hugepages-")
         || std::find(more.begin(), more.end(), name) != more.end();
}

void check_resources(const ResourceRequirements& resources, const PodSpec* spec,
                     const field_path& at, findings& out) {
  auto limits_at = at.child("limits");
  auto requests_at = at.child("requests");
  auto limits = check_amounts(resources.limits(), limits_at, out);
  auto requests = check_amounts(resources.requests(), requests_at, out);
  check_resource_names(limits, limits_at, out);
  check_resource_names(requests, requests_at, out);
  compare(requests, limits, at, out);
  check_huge_pages(requests, limits, at, out);
  auto claims = at.child("claims");
  std::set<std::string> seen;
  for (int i = 0; i < resources.claims_size() && spec != nullptr; ++i) {
    auto& claim = resources.claims(i);
    auto one = claims[static_cast<size_t>(i)];
    auto& known = spec->resource_claims();
    if (claim.name().empty())
      out.required(one.child("name"));
    else if (std::none_of(known.begin(), known.end(), [&](auto& entry) {
               return entry.name() == claim.name();
             }))
      out.not_found(one.child("name"), claim.name());
    else if (!seen.insert(claim.name() + "/" + claim.request()).second)
      out.duplicate(one.child("name"), claim.name());
  }
}

void round_amounts(
    google::protobuf::Map<std::string, meta::v1::Quantity>& all) {
  for (auto& [name, amount] : all) {
    // Only with these can it be finer.
    if (amount.string().find_first_of("nueE.") == std::string::npos)
      continue;
    auto exact = text::quantity::of(amount);
    if (auto rounded = exact.rounded_to_milli(); rounded != exact)
      amount.set_string(rounded.str());
  }
}

void check_overhead(
    const google::protobuf::Map<std::string, meta::v1::Quantity>& overhead,
    const field_path& at, findings& out) {
  ResourceRequirements limits;
  *limits.mutable_limits() = overhead;
  check_resources(limits, nullptr, at, out);
}

} // namespace troupe::rules

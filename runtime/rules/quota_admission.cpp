#include "runtime/rules/quota_admission.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/quota_usage.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::rules {

using core::v1::Container;
using core::v1::Pod;
using core::v1::ResourceQuota;
using text::quantity;

namespace {

using amounts = google::protobuf::Map<std::string, meta::v1::Quantity>;
using names = std::set<std::string>;

caf::error forbidden(const quota_request& request, const std::string& why) {
  auto& meta = *metadata_of(*request.fresh);
  auto& name = meta.name().empty() ? meta.generate_name() : meta.name();
  meta::v1::StatusDetails details;
  details.set_name(meta.name());
  details.set_group(std::string{request.kind->group});
  details.set_kind(std::string{request.kind->plural});
  return make_error(ec::forbidden,
                    request.kind->qualified_plural() + " \"" + name
                        + "\" is forbidden: " + why,
                    details);
}

/// "cpu=1,pods=2", of these names.
std::string listed(const amounts_by_name& all, const names& which) {
  std::string result;
  for (auto& name : which)
    if (auto found = all.find(name); found != all.end())
      result += (result.empty() ? "" : ",") + name + "=" + found->second.str();
  return result;
}

amounts_by_name amounts_of(const amounts& from) {
  amounts_by_name result;
  for (auto& [name, amount] : from)
    result.emplace(name, quantity::of(amount));
  return result;
}

// -- what containers must say ------------------------------------------------

/// Kubernetes: where these are under a quota, each container states them.
constexpr std::array must_be_stated{"cpu",          "memory",
                                    "requests.cpu", "requests.memory",
                                    "limits.cpu",   "limits.memory"};

bool states(const Container& container, std::string_view resource) {
  auto limit = resource.starts_with("limits.");
  auto dot = resource.find('.');
  std::string name{dot == resource.npos ? resource : resource.substr(dot + 1)};
  auto& given = container.resources();
  return (limit ? given.limits() : given.requests()).contains(name);
}

/// Containers that leave a resource open, joined by commas.
std::string silent_containers(const Pod& pod, std::string_view resource) {
  names found;
  for (auto* list : {&pod.spec().containers(), &pod.spec().init_containers()})
    for (auto& container : *list)
      if (!states(container, resource))
        found.insert(container.name());
  std::string result;
  for (auto& name : found)
    result += (result.empty() ? "" : ",") + name;
  return result;
}

/// "limits.cpu for: app; memory for: app", "" when all is stated.
std::string unstated(const Pod& pod, const amounts& hard) {
  names wanted;
  for (auto* name : must_be_stated)
    if (hard.contains(name))
      wanted.insert(name);
  std::string result;
  for (auto& name : wanted)
    if (auto silent = silent_containers(pod, name); !silent.empty())
      result += (result.empty() ? "" : "; ") + name + " for: " + silent;
  return result;
}

// -- one quota ---------------------------------------------------------------

bool is_pod(const quota_request& request) {
  return request.kind == &kind_of<Pod>();
}

/// Returns what the write adds to what the quota counts; negative for less.
amounts_by_name added(const ResourceQuota& quota,
                      const quota_request& request) {
  amounts_by_name result;
  auto count = [&](const google::protobuf::Message& what, bool more) {
    if (!is_in_scopes(quota, *request.kind, what))
      return;
    for (auto& [name, amount] : usage_of(*request.kind, what, request.now))
      result[name] += more ? amount : -amount;
  };
  count(*request.fresh, true);
  if (request.old != nullptr)
    count(*request.old, false);
  std::erase_if(result, [&](auto& entry) {
    return !quota.status().hard().contains(entry.first);
  });
  return result;
}

bool is_nothing(const amounts_by_name& all) {
  return std::all_of(all.begin(), all.end(),
                     [](auto& entry) { return entry.second.is_zero(); });
}

/// Kubernetes: what is not counted yet cannot be given out.
caf::error check_counted(const ResourceQuota& quota,
                         const quota_request& request) {
  names unknown;
  names relevant;
  for (auto& [name, amount] : quota.status().hard())
    if (takes_of(*request.kind, name)) {
      relevant.insert(name);
      if (!quota.status().used().contains(name))
        unknown.insert(name);
    }
  if (unknown.empty())
    return caf::none;
  std::string list;
  for (auto& name : relevant)
    list += (list.empty() ? "" : ",") + name;
  return forbidden(request,
                   "status unknown for quota: " + quota.metadata().name()
                       + ", resources: " + list);
}

caf::error check_stated(const ResourceQuota& quota,
                        const quota_request& request) {
  if (!is_pod(request))
    return caf::none;
  auto open =
      unstated(static_cast<const Pod&>(*request.fresh), quota.status().hard());
  if (open.empty())
    return caf::none;
  return forbidden(request, "failed quota: " + quota.metadata().name()
                                + ": must specify " + open);
}

bool concerns(const ResourceQuota& quota, const quota_request& request) {
  auto& hard = quota.status().hard();
  return std::any_of(hard.begin(), hard.end(), [&](auto& entry) {
    return takes_of(*request.kind, entry.first);
  });
}

/// Returns nothing where the quota stays as it is.
expected<object> charge_one(const object& paying,
                            const quota_request& request) {
  auto& quota = paying.as<ResourceQuota>();
  if (!concerns(quota, request))
    return object{};
  if (is_in_scopes(quota, *request.kind, *request.fresh)) {
    if (auto err = check_stated(quota, request))
      return err;
    if (auto err = check_counted(quota, request))
      return err;
  }
  auto more = added(quota, request);
  if (is_nothing(more))
    return object{};
  auto hard = amounts_of(quota.status().hard());
  auto used = amounts_of(quota.status().used());
  names exceeded;
  for (auto& [name, amount] : more)
    if (used[name] + amount > hard[name])
      exceeded.insert(name);
  if (!exceeded.empty())
    return forbidden(request, "exceeded quota: " + quota.metadata().name()
                                  + ", requested: " + listed(more, exceeded)
                                  + ", used: " + listed(used, exceeded)
                                  + ", limited: " + listed(hard, exceeded));
  auto paid = paying.copy<ResourceQuota>();
  for (auto& [name, amount] : more)
    (*paid.mutable_status()->mutable_used())[name] =
        (used[name] + amount).message();
  return object::of(paid).with_revision(paying.revision());
}

} // namespace

bool may_take(const quota_request& request) {
  if (request.old == nullptr)
    return true;
  if (is_pod(request))
    return is_bounded(static_cast<const Pod&>(*request.fresh))
           != is_bounded(static_cast<const Pod&>(*request.old));
  return request.kind == &kind_of<core::v1::Service>()
         || request.kind == &kind_of<core::v1::PersistentVolumeClaim>();
}

expected<std::vector<object>> charge(std::span<const object> quotas,
                                     const quota_request& request) {
  std::vector<object> result;
  if (!may_take(request))
    return result;
  for (auto& quota : quotas) {
    auto paid = charge_one(quota, request);
    if (!paid)
      return paid.error();
    if (*paid)
      result.push_back(std::move(*paid));
  }
  return result;
}

} // namespace troupe::rules

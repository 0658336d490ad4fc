#include "runtime/rules/limit_ranges.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/pod_needs.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

namespace troupe::rules {

using core::v1::Container;
using core::v1::LimitRange;
using core::v1::LimitRangeItem;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using text::quantity;

namespace {

using amounts = google::protobuf::Map<std::string, meta::v1::Quantity>;

constexpr auto note = "kubernetes.io/limit-ranger";

amounts_by_name amounts_of(const amounts& from) {
  amounts_by_name result;
  for (auto& [name, amount] : from)
    result.emplace(name, quantity::of(amount));
  return result;
}

// -- defaults ----------------------------------------------------------------

/// Adds what is missing; returns the names of it, joined.
std::string fill(amounts& to, const amounts& from) {
  std::set<std::string> added;
  for (auto& [name, amount] : from)
    if (to.insert({name, amount}).second)
      added.insert(name);
  std::string result;
  for (auto& name : added)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

struct default_needs {
  amounts requests;
  amounts limits;
};

default_needs defaults_of(const LimitRange& range) {
  default_needs result;
  for (auto& item : range.spec().limits()) {
    if (item.type() != "Container")
      continue;
    for (auto& [name, amount] : item.default_request())
      result.requests[name] = amount;
    for (auto& [name, amount] : item.default_())
      result.limits[name] = amount;
  }
  return result;
}

template <class Containers>
void fill_all(Containers& containers, const default_needs& from,
              const std::string& what, std::vector<std::string>& told) {
  for (auto& container : containers) {
    auto& given = *container.mutable_resources();
    auto limits = fill(*given.mutable_limits(), from.limits);
    auto requests = fill(*given.mutable_requests(), from.requests);
    if (!requests.empty())
      told.push_back(requests + " request for " + what + " "
                     + container.name());
    if (!limits.empty())
      told.push_back(limits + " limit for " + what + " " + container.name());
  }
}

void apply_one(Pod& pod, const LimitRange& range) {
  auto from = defaults_of(range);
  if (from.requests.empty() && from.limits.empty())
    return;
  std::vector<std::string> told;
  fill_all(*pod.mutable_spec()->mutable_containers(), from, "container", told);
  fill_all(*pod.mutable_spec()->mutable_init_containers(), from,
           "init container", told);
  if (told.empty())
    return;
  std::string text;
  for (auto& each : told)
    text += (text.empty() ? "LimitRanger plugin set: " : "; ") + each;
  (*pod.mutable_metadata()->mutable_annotations())[note] = text;
}

// -- bounds ------------------------------------------------------------------

/// What something asks for, and what bounds it.
struct needs {
  amounts_by_name requests;
  amounts_by_name limits;
};

const quantity* find(const amounts_by_name& all, const std::string& name) {
  auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

/// Collects reasons, each once.
class reasons {
public:
  void add(std::string text) {
    if (std::find(all_.begin(), all_.end(), text) == all_.end())
      all_.push_back(std::move(text));
  }

  /// "a" or "[a, b]".
  std::string text() const {
    if (all_.size() == 1)
      return all_[0];
    std::string result;
    for (auto& each : all_)
      result += (result.empty() ? "[" : ", ") + each;
    return result.empty() ? result : result + "]";
  }

private:
  std::vector<std::string> all_;
};

std::string usage(const char* bound, const std::string& name,
                  const std::string& type, const quantity& enforced) {
  return std::string{bound} + " " + name + " usage per " + type + " is "
         + enforced.str();
}

void check_min(const std::string& type, const needs& given,
               const amounts& least, reasons& out) {
  for (auto& [name, enforced] : amounts_of(least)) {
    auto text = usage("minimum", name, type, enforced);
    auto* request = find(given.requests, name);
    auto* limit = find(given.limits, name);
    if (request == nullptr)
      out.add(text + ".  No request is specified");
    else if (*request < enforced)
      out.add(text + ", but request is " + request->str());
    else if (limit != nullptr && *limit < enforced)
      out.add(text + ", but limit is " + limit->str());
  }
}

void check_max(const std::string& type, const needs& given, const amounts& most,
               reasons& out) {
  for (auto& [name, enforced] : amounts_of(most)) {
    auto text = usage("maximum", name, type, enforced);
    auto* request = find(given.requests, name);
    auto* limit = find(given.limits, name);
    if (limit == nullptr)
      out.add(text + ".  No limit is specified");
    else if (*limit > enforced)
      out.add(text + ", but limit is " + limit->str());
    else if (request != nullptr && *request > enforced)
      out.add(text + ", but request is " + request->str());
  }
}

void check_ratio(const std::string& type, const needs& given,
                 const amounts& most, reasons& out) {
  for (auto& [name, enforced] : amounts_of(most)) {
    auto text = name + " max limit to request ratio per " + type + " is "
                + enforced.str();
    auto* request = find(given.requests, name);
    auto* limit = find(given.limits, name);
    if (request == nullptr || request->is_zero()) {
      out.add(text + ", but no request is specified or request is 0");
    } else if (limit == nullptr || limit->is_zero()) {
      out.add(text + ", but no limit is specified or limit is 0");
    } else if (auto ratio = limit->as_double() / request->as_double();
               ratio > enforced.as_double()) {
      char digits[64];
      std::snprintf(digits, sizeof(digits), "%f", ratio);
      out.add(text + ", but provided ratio is " + digits);
    }
  }
}

void check_item(const LimitRangeItem& item, const needs& given, reasons& out) {
  check_min(item.type(), given, item.min(), out);
  check_max(item.type(), given, item.max(), out);
  check_ratio(item.type(), given, item.max_limit_request_ratio(), out);
}

needs needs_of(const Container& container) {
  return {amounts_of(container.resources().requests()),
          amounts_of(container.resources().limits())};
}

reasons against(const Pod& pod, const LimitRange& range) {
  reasons result;
  for (auto& item : range.spec().limits()) {
    if (item.type() == "Container")
      for (auto* list :
           {&pod.spec().containers(), &pod.spec().init_containers()})
        for (auto& container : *list)
          check_item(item, needs_of(container), result);
    if (item.type() == "Pod")
      check_item(item, {pod_requests(pod.spec()), pod_limits(pod.spec())},
                 result);
  }
  return result;
}

// Kubernetes: a claim has no limits.
reasons against(const PersistentVolumeClaim& claim, const LimitRange& range) {
  reasons result;
  auto requests = amounts_of(claim.spec().resources().requests());
  for (auto& item : range.spec().limits()) {
    if (item.type() != "PersistentVolumeClaim")
      continue;
    check_min(item.type(), {requests, {}}, item.min(), result);
    for (auto& [name, enforced] : amounts_of(item.max())) {
      auto text = usage("maximum", name, item.type(), enforced);
      auto* request = find(requests, name);
      if (request == nullptr)
        result.add(text + ".  No request is specified");
      else if (*request > enforced)
        result.add(text + ", but request is " + request->str());
    }
  }
  return result;
}

template <class T>
caf::error check(const T& what, const char* resource,
                 const limit_ranges& ranges) {
  for (auto* range : ranges) {
    auto why = against(what, *range).text();
    if (why.empty())
      continue;
    auto& meta = what.metadata();
    auto& name = meta.name().empty() ? meta.generate_name() : meta.name();
    meta::v1::StatusDetails details;
    details.set_name(meta.name());
    details.set_kind(resource);
    return make_error(ec::forbidden,
                      std::string{resource} + " \"" + name
                          + "\" is forbidden: " + why,
                      details);
  }
  return caf::none;
}

} // namespace

void apply_limit_ranges(Pod& pod, const limit_ranges& ranges) {
  for (auto* range : ranges)
    apply_one(pod, *range);
}

caf::error check_limit_ranges(const Pod& pod, const limit_ranges& ranges) {
  return check(pod, "pods", ranges);
}

caf::error check_limit_ranges(const PersistentVolumeClaim& claim,
                              const limit_ranges& ranges) {
  return check(claim, "persistentvolumeclaims", ranges);
}

} // namespace troupe::rules

#include "actors/proxy/service_book.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/rules/endpointslice_plan.hpp"

#include <utility>

namespace troupe {

namespace {

/// The key of the service that a slice belongs to, "" for none.
std::string service_of(const object& slice) {
  auto& labels = slice.meta().labels();
  auto found = labels.find(rules::slice_service_label);
  return found == labels.end() ? "" : slice.ns() + "/" + found->second;
}

} // namespace

bool service_book::take_services(const changes& batch) {
  if (batch.reset) {
    services_.clear();
    services_complete_ = false;
  }
  for (auto& item : batch.items) {
    auto key = item.what.key();
    dirty_.insert(key);
    if (item.type == change_type::deleted)
      services_.erase(key);
    else
      services_.insert_or_assign(key, item.what);
  }
  services_complete_ |= batch.complete;
  return batch.reset;
}

bool service_book::take_slices(const changes& batch) {
  if (batch.reset) {
    slices_.clear();
    home_.clear();
    slices_complete_ = false;
  }
  for (auto& item : batch.items) {
    auto key = item.what.key();
    forget_slice(key);
    auto service = service_of(item.what);
    if (item.type == change_type::deleted || service.empty())
      continue;
    home_[key] = service;
    slices_[service][key] = item.what;
    dirty_.insert(service);
  }
  slices_complete_ |= batch.complete;
  return batch.reset;
}

void service_book::forget_slice(const std::string& key) {
  auto known = home_.find(key);
  if (known == home_.end())
    return;
  dirty_.insert(known->second);
  auto siblings = slices_.find(known->second);
  siblings->second.erase(key);
  if (siblings->second.empty())
    slices_.erase(siblings);
  home_.erase(known);
}

const object* service_book::find(const std::string& key) const {
  auto found = services_.find(key);
  return found == services_.end() ? nullptr : &found->second;
}

std::vector<object> service_book::slices_of(const std::string& key) const {
  std::vector<object> result;
  if (auto found = slices_.find(key); found != slices_.end())
    for (auto& [name, slice] : found->second)
      result.push_back(slice);
  return result;
}

std::set<std::string> service_book::take_dirty() {
  return std::exchange(dirty_, {});
}

} // namespace troupe

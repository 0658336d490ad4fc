#include "runtime/images/garbage.hpp"

#include "runtime/images/image_store.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::images {

namespace {

bool is_percent(int x) {
  return x >= 0 && x <= 100;
}

/// Kubernetes: the share that is used is rounded up.
int used_percent(const disk_state& disk) {
  auto available = std::min(disk.available, disk.capacity);
  // Percent of very large disks must not overflow.
  auto share =
      static_cast<double>(available) * 100 / static_cast<double>(disk.capacity);
  return 100 - static_cast<int>(share);
}

uint64_t bytes_to_free(const disk_state& disk, const garbage_policy& policy) {
  if (disk.capacity == 0 || used_percent(disk) < policy.high_percent)
    return 0;
  auto free_share = static_cast<uint64_t>(100 - policy.low_percent);
  auto wished =
      disk.capacity / 100 * free_share + disk.capacity % 100 * free_share / 100;
  return wished > disk.available ? wished - disk.available : 0;
}

} // namespace

caf::error check(const garbage_policy& policy) {
  auto refuse = [](const std::string& what) {
    return make_error(ec::invalid, what);
  };
  if (!is_percent(policy.high_percent))
    return refuse("invalid HighThresholdPercent "
                  + std::to_string(policy.high_percent)
                  + ", must be in range [0-100]");
  if (!is_percent(policy.low_percent))
    return refuse("invalid LowThresholdPercent "
                  + std::to_string(policy.low_percent)
                  + ", must be in range [0-100]");
  if (policy.low_percent > policy.high_percent)
    return refuse("LowThresholdPercent " + std::to_string(policy.low_percent)
                  + " can not be higher than HighThresholdPercent "
                  + std::to_string(policy.high_percent));
  return {};
}

garbage_plan plan_garbage(const std::vector<image_record>& images,
                          const std::set<std::string>& in_use,
                          const disk_state& disk, const garbage_policy& policy,
                          time_point now) {
  garbage_plan result;
  result.wanted = bytes_to_free(disk, policy);
  std::vector<const image_record*> may_go;
  for (auto& each : images) {
    if (each.pinned || each.removed || in_use.count(each.id) != 0
        || each.used > now || now - each.added < policy.min_age)
      continue;
    auto too_old =
        policy.max_age.count() > 0 && now - each.used > policy.max_age;
    if (result.wanted > 0 || too_old)
      may_go.push_back(&each);
  }
  std::sort(may_go.begin(), may_go.end(), [](auto* a, auto* b) {
    return std::tie(a->used, a->added, a->id)
           < std::tie(b->used, b->added, b->id);
  });
  for (auto* each : may_go)
    result.remove.push_back(each->id);
  return result;
}

expected<collected> collect_garbage(image_store& store,
                                    const std::set<std::string>& in_use,
                                    const garbage_policy& policy,
                                    time_point now) {
  auto images = store.list();
  if (!images)
    return images.error();
  auto holders = store.holders();
  if (!holders)
    return holders.error();
  auto usage = store.usage();
  if (!usage)
    return usage.error();
  auto needed = in_use;
  for (auto& [holder, id] : *holders)
    needed.insert(id);
  auto plan = plan_garbage(*images, needed, {usage->capacity, usage->available},
                           policy, now);
  collected result;
  result.wanted = plan.wanted;
  auto before = usage->bytes;
  // Parts that nobody goes on with go before images do.
  if (plan.wanted > 0)
    if (auto err = store.sweep(now, true))
      return err;
  for (auto& id : plan.remove) {
    if (auto after = store.usage())
      result.freed = before - std::min(before, after->bytes);
    auto old = std::find_if(images->begin(), images->end(),
                            [&](auto& x) { return x.id == id; });
    auto too_old =
        policy.max_age.count() > 0 && now - old->used > policy.max_age;
    if (result.freed >= result.wanted && !too_old)
      continue;
    if (!store.remove(id, now))
      result.removed.push_back(id);
  }
  if (auto after = store.usage())
    result.freed = before - std::min(before, after->bytes);
  return result;
}

} // namespace troupe::images

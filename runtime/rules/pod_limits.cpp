#include "runtime/rules/pod_limits.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/pod_needs.hpp"
#include "runtime/rules/pod_resources.hpp"

#include <algorithm>

namespace troupe::rules {

using container::Resources;
using core::v1::Container;
using core::v1::Pod;
using text::quantity;

namespace {

constexpr int64_t least_shares = 2;
constexpr int64_t most_shares = 262144;
constexpr int64_t shares_of_processor = 1024;
constexpr int64_t period = 100000; ///< microseconds
constexpr int64_t least_quota = 1000;
constexpr int32_t critical_priority = 2000000000;
constexpr int guaranteed_score = -997;
constexpr int best_effort_score = 1000;
constexpr std::string_view hugepages = "hugepages-";

int64_t shares_of(int64_t milli) {
  return std::clamp(milli * shares_of_processor / 1000, least_shares,
                    most_shares);
}

void limit_cpu(Resources& to, int64_t milli) {
  if (milli <= 0)
    return;
  to.set_cpu_period(period);
  to.set_cpu_quota(std::max(milli * period / 1000, least_quota));
}

template <class Amounts>
quantity amount_of(const Amounts& from, const char* name) {
  auto at = from.find(name);
  if (at == from.end())
    return {};
  if constexpr (std::is_same_v<Amounts, amounts_by_name>)
    return at->second;
  else
    return quantity::of(at->second);
}

/// "2MB" for 2Mi: as the kernel names its files.
std::string page_size_of(const std::string& name) {
  auto bytes = quantity::parse(name.substr(hugepages.size()));
  if (!bytes || bytes->value() <= 0)
    return {};
  auto size = bytes->value();
  for (auto unit : {"GB", "MB", "KB"}) {
    auto scale = int64_t{1} << (unit[0] == 'G' ? 30 : unit[0] == 'M' ? 20 : 10);
    if (size % scale == 0)
      return std::to_string(size / scale) + unit;
  }
  return {};
}

template <class Amounts>
void limit_pages(Resources& to, const Amounts& limits) {
  for (auto& [name, amount] : limits) {
    if (name.compare(0, hugepages.size(), hugepages) != 0)
      continue;
    auto size = page_size_of(name);
    if (size.empty())
      continue;
    auto* pages = to.add_hugepage_limits();
    pages->set_page_size(size);
    if constexpr (std::is_same_v<Amounts, amounts_by_name>)
      pages->set_limit(static_cast<uint64_t>(amount.value()));
    else
      pages->set_limit(static_cast<uint64_t>(quantity::of(amount).value()));
  }
}

bool all_limit(const Pod& pod, const char* name) {
  auto& containers = pod.spec().containers();
  return std::all_of(containers.begin(), containers.end(), [&](auto& each) {
    return amount_of(each.resources().limits(), name).sign() > 0;
  });
}

} // namespace

Resources container_limits(const Container& container) {
  Resources result;
  auto& asked = container.resources();
  auto limit = amount_of(asked.limits(), "cpu").milli_value();
  auto request = amount_of(asked.requests(), "cpu").milli_value();
  result.set_cpu_shares(shares_of(request == 0 ? limit : request));
  limit_cpu(result, limit);
  if (auto memory = amount_of(asked.limits(), "memory").value(); memory > 0)
    result.set_memory_limit(memory);
  limit_pages(result, asked.limits());
  return result;
}

Resources pod_group_limits(const Pod& pod) {
  Resources result;
  auto limits = pod_limits(pod.spec());
  auto requests = pod_requests(pod.spec());
  limit_pages(result, limits);
  if (qos_class(pod.spec()) == "BestEffort") {
    result.set_cpu_shares(least_shares);
    return result;
  }
  result.set_cpu_shares(shares_of(amount_of(requests, "cpu").milli_value()));
  if (all_limit(pod, "cpu"))
    limit_cpu(result, amount_of(limits, "cpu").milli_value());
  if (all_limit(pod, "memory"))
    result.set_memory_limit(amount_of(limits, "memory").value());
  return result;
}

int oom_score(const Pod& pod, const Container& container, int64_t node_memory) {
  auto qos = qos_class(pod.spec());
  if (pod.spec().priority() >= critical_priority || qos == "Guaranteed")
    return guaranteed_score;
  if (qos == "BestEffort" || node_memory <= 0)
    return best_effort_score;
  auto memory = amount_of(container.resources().requests(), "memory").value();
  auto score =
      1000
      - 1000 * static_cast<double>(memory) / static_cast<double>(node_memory);
  // Between those that are sure of their memory and those that ask for none.
  return std::clamp(static_cast<int>(score), 1000 + guaranteed_score,
                    best_effort_score - 1);
}

} // namespace troupe::rules

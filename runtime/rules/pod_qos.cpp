#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_status.hpp"
#include "runtime/text/quantity.hpp"

namespace troupe::rules {

namespace {

using text::quantity;

struct tally {
  bool any = false;
  bool all_limited = true;
};

// Only processor and memory decide; a request that is not given is the limit.
void count(const core::v1::ResourceRequirements& resources, tally& sum) {
  for (const char* name : {"cpu", "memory"}) {
    auto limit = resources.limits().find(name);
    auto request = resources.requests().find(name);
    auto limit_of = limit == resources.limits().end()
                        ? quantity{}
                        : quantity::of(limit->second);
    auto request_of = request == resources.requests().end()
                          ? limit_of
                          : quantity::of(request->second);
    if (!limit_of.is_zero() || !request_of.is_zero())
      sum.any = true;
    if (limit_of.is_zero() || limit_of != request_of)
      sum.all_limited = false;
  }
}

} // namespace

std::string qos_class(const core::v1::Pod& pod) {
  tally sum;
  if (pod.spec().has_resources())
    count(pod.spec().resources(), sum);
  else
    for (size_t i = 0; i < container_count(pod); ++i)
      if (!is_late(pod, i))
        count(container_at(pod, i).resources(), sum);
  return !sum.any ? "BestEffort" : sum.all_limited ? "Guaranteed" : "Burstable";
}

} // namespace troupe::rules

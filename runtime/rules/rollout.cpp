#include "runtime/rules/rollout.hpp"

#include "messages/fields.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/text/int_or_string.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace troupe::rules {

namespace {

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  auto [end, err] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (err != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

// Kubernetes: ResolveFenceposts.
std::pair<int, int> fence_posts(const apps::v1::Deployment& deployment) {
  const auto& spec = deployment.spec();
  const auto& how = spec.strategy().rolling_update();
  auto value = [&](bool given, const meta::v1::IntOrString& x,
                   text::rounding rounding) {
    auto used = given ? x : text::int_or_string("25%");
    auto result = text::scaled_value(used, spec.replicas(), rounding);
    return result ? std::max(0, *result) : 0;
  };
  auto surge = value(how.has_max_surge(), how.max_surge(), text::rounding::up);
  auto unavailable = value(how.has_max_unavailable(), how.max_unavailable(),
                           text::rounding::down);
  // Kubernetes: both zero would be a rollout that can never move.
  if (surge == 0 && unavailable == 0)
    unavailable = 1;
  return {surge, unavailable};
}

template <class F>
int sum(const set_list& sets, F&& count) {
  int result = 0;
  for (const auto* each : sets)
    result += count(each->now);
  return result;
}

} // namespace

set_list rollout::old() {
  set_list result;
  for (auto& each : sets)
    if (&each != current)
      result.push_back(&each);
  return result;
}

set_list rollout::all() {
  set_list result;
  for (auto& each : sets)
    result.push_back(&each);
  return result;
}

set_list rollout::active(const set_list& from) {
  set_list result;
  std::copy_if(
      from.begin(), from.end(), std::back_inserter(result),
      [](const auto* each) { return each->now.spec().replicas() > 0; });
  return result;
}

bool is_rolling(const apps::v1::Deployment& deployment) {
  return deployment.spec().strategy().type() != "Recreate";
}

int max_surge(const apps::v1::Deployment& deployment) {
  return is_rolling(deployment) ? fence_posts(deployment).first : 0;
}

int max_unavailable(const apps::v1::Deployment& deployment) {
  auto replicas = deployment.spec().replicas();
  if (!is_rolling(deployment) || replicas == 0)
    return 0;
  return std::min(fence_posts(deployment).second, replicas);
}

bool has_deadline(const apps::v1::Deployment& deployment) {
  // Kubernetes: the largest number stands for no deadline.
  return deployment.spec().has_progress_deadline_seconds()
         && deployment.spec().progress_deadline_seconds()
                != std::numeric_limits<int32_t>::max();
}

int wished_pods(const set_list& sets) {
  return sum(sets, [](const auto& set) { return set.spec().replicas(); });
}

int actual_pods(const set_list& sets) {
  return sum(sets, [](const auto& set) { return set.status().replicas(); });
}

int ready_pods(const set_list& sets) {
  return sum(sets,
             [](const auto& set) { return set.status().ready_replicas(); });
}

int available_pods(const set_list& sets) {
  return sum(sets,
             [](const auto& set) { return set.status().available_replicas(); });
}

std::optional<int64_t> annotated(const meta::v1::ObjectMeta& meta,
                                 const char* key) {
  auto found = meta.annotations().find(key);
  if (found == meta.annotations().end())
    return std::nullopt;
  return number(found->second);
}

bool same_template(const core::v1::PodTemplateSpec& a,
                   const core::v1::PodTemplateSpec& b) {
  auto left = a;
  auto right = b;
  left.mutable_metadata()->mutable_labels()->erase(hash_label);
  right.mutable_metadata()->mutable_labels()->erase(hash_label);
  return canonical_equal(left, right);
}

std::string template_hash(const apps::v1::Deployment& deployment) {
  auto hash = fnv32(canonical_bytes(deployment.spec().template_()));
  if (deployment.status().has_collision_count())
    hash = fnv32(std::to_string(deployment.status().collision_count()), hash);
  return safe_letters(std::to_string(hash));
}

bool is_complete(const apps::v1::Deployment& deployment,
                 const apps::v1::DeploymentStatus& status) {
  auto wished = deployment.spec().replicas();
  return status.updated_replicas() == wished && status.replicas() == wished
         && status.available_replicas() == wished
         && status.observed_generation() >= deployment.metadata().generation();
}

} // namespace troupe::rules

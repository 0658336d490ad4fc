#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/version_behavior.hpp"
#include "runtime/rules/version_forms.hpp"
#include "runtime/rules/version_metrics.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <cctype>

namespace troupe::rules {

namespace {

namespace v1 = autoscaling::v1;
namespace v2 = autoscaling::v2;
using json = nlohmann::json;
using meta::v1::ObjectMeta;

// Kubernetes: what autoscaling/v1 has no fields for is in these annotations.
constexpr auto metrics_note = "autoscaling.alpha.kubernetes.io/metrics";
constexpr auto current_note = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr auto conditions_note = "autoscaling.alpha.kubernetes.io/conditions";
constexpr auto behavior_note = "autoscaling.alpha.kubernetes.io/behavior";

// -- annotations -------------------------------------------------------------

/// Takes an annotation off; an empty document when it is none or unreadable.
json take_note(ObjectMeta& meta, const char* name) {
  auto& notes = *meta.mutable_annotations();
  auto found = notes.find(name);
  if (found == notes.end())
    return {};
  auto doc = json::parse(found->second, nullptr, false);
  notes.erase(name);
  return doc.is_discarded() ? json{} : doc;
}

/// Reads the entries of a list; those that cannot be read are left out.
template <class T, class Use>
void each_entry(const json& list, Use use) {
  if (!list.is_array())
    return;
  for (auto& entry : list) {
    T msg;
    if (!text::read_json(entry.dump(), msg))
      use(msg);
  }
}

/// "[{...},{...}]" of messages; "" for none.
template <class List>
std::string note_of(const List& list) {
  std::string result;
  for (auto& msg : list)
    result += (result.empty() ? "[" : ",") + text::to_json(msg, {}, {});
  return result.empty() ? result : result + "]";
}

void add_note(ObjectMeta& meta, const char* name, std::string value) {
  if (!value.empty())
    (*meta.mutable_annotations())[name] = std::move(value);
}

/// Kubernetes writes the keys of this annotation in Go's case.
json with_first_letters(const json& from, int (*change)(int)) {
  if (from.is_array()) {
    auto result = json::array();
    for (auto& entry : from)
      result.push_back(with_first_letters(entry, change));
    return result;
  }
  if (!from.is_object())
    return from;
  auto result = json::object();
  for (auto& [key, value] : from.items()) {
    auto name = key;
    if (!name.empty())
      name[0] = static_cast<char>(change(static_cast<unsigned char>(name[0])));
    result[name] = with_first_letters(value, change);
  }
  return result;
}

bool is_cpu_utilization(const v2::MetricSpec& x) {
  return x.type() == "Resource" && x.resource().name() == "cpu"
         && x.resource().target().has_average_utilization();
}

void older_spec(const v2::HorizontalPodAutoscaler& from,
                v1::HorizontalPodAutoscaler& to) {
  auto& spec = *to.mutable_spec();
  copy_reference(from.spec().scale_target_ref(),
                 *spec.mutable_scale_target_ref());
  if (from.spec().has_min_replicas())
    spec.set_min_replicas(from.spec().min_replicas());
  spec.set_max_replicas(from.spec().max_replicas());
  google::protobuf::RepeatedPtrField<v1::MetricSpec> others;
  for (auto& metric : from.spec().metrics()) {
    if (is_cpu_utilization(metric)
        && !spec.has_target_cpu_utilization_percentage())
      spec.set_target_cpu_utilization_percentage(
          metric.resource().target().average_utilization());
    else
      older(metric, *others.Add());
  }
  add_note(*to.mutable_metadata(), metrics_note, note_of(others));
  add_behavior(from, *to.mutable_metadata());
}

void older_status(const v2::HorizontalPodAutoscaler& from,
                  v1::HorizontalPodAutoscaler& to) {
  auto& status = *to.mutable_status();
  if (from.status().has_observed_generation())
    status.set_observed_generation(from.status().observed_generation());
  if (from.status().has_last_scale_time())
    *status.mutable_last_scale_time() = from.status().last_scale_time();
  status.set_current_replicas(from.status().current_replicas());
  status.set_desired_replicas(from.status().desired_replicas());
  google::protobuf::RepeatedPtrField<v1::MetricStatus> current;
  for (auto& metric : from.status().current_metrics()) {
    older(metric, *current.Add());
    if (metric.type() == "Resource" && metric.resource().name() == "cpu"
        && metric.resource().current().has_average_utilization())
      status.set_current_cpu_utilization_percentage(
          metric.resource().current().average_utilization());
  }
  add_note(*to.mutable_metadata(), current_note, note_of(current));
  add_note(*to.mutable_metadata(), conditions_note,
           note_of(from.status().conditions()));
}

void newer_spec(const v1::HorizontalPodAutoscaler& from,
                v2::HorizontalPodAutoscaler& to) {
  auto& spec = *to.mutable_spec();
  copy_reference(from.spec().scale_target_ref(),
                 *spec.mutable_scale_target_ref());
  if (from.spec().has_min_replicas())
    spec.set_min_replicas(from.spec().min_replicas());
  spec.set_max_replicas(from.spec().max_replicas());
  if (from.spec().has_target_cpu_utilization_percentage()) {
    auto& metric = *spec.add_metrics();
    metric.set_type("Resource");
    metric.mutable_resource()->set_name("cpu");
    auto& target = *metric.mutable_resource()->mutable_target();
    target.set_type("Utilization");
    target.set_average_utilization(
        from.spec().target_cpu_utilization_percentage());
  }
  each_entry<v1::MetricSpec>(
      take_note(*to.mutable_metadata(), metrics_note),
      [&](const v1::MetricSpec& x) { newer(x, *spec.add_metrics()); });
  take_behavior(to);
}

void newer_status(const v1::HorizontalPodAutoscaler& from,
                  v2::HorizontalPodAutoscaler& to) {
  auto& status = *to.mutable_status();
  if (from.status().has_observed_generation())
    status.set_observed_generation(from.status().observed_generation());
  if (from.status().has_last_scale_time())
    *status.mutable_last_scale_time() = from.status().last_scale_time();
  status.set_current_replicas(from.status().current_replicas());
  status.set_desired_replicas(from.status().desired_replicas());
  each_entry<v1::MetricStatus>(take_note(*to.mutable_metadata(), current_note),
                               [&](const v1::MetricStatus& x) {
                                 newer(x, *status.add_current_metrics());
                               });
  each_entry<v2::HorizontalPodAutoscalerCondition>(
      take_note(*to.mutable_metadata(), conditions_note),
      [&](const auto& x) { *status.add_conditions() = x; });
}

} // namespace

void add_behavior(const v2::HorizontalPodAutoscaler& from, ObjectMeta& to) {
  if (from.spec().has_behavior())
    add_note(to, behavior_note,
             with_first_letters(
                 json::parse(text::to_json(from.spec().behavior(), {}, {})),
                 std::toupper)
                 .dump());
}

void take_behavior(v2::HorizontalPodAutoscaler& to) {
  auto behavior = take_note(*to.mutable_metadata(), behavior_note);
  if (!behavior.is_object())
    return;
  v2::HorizontalPodAutoscalerBehavior read;
  if (!text::read_json(with_first_letters(behavior, std::tolower).dump(), read))
    *to.mutable_spec()->mutable_behavior() = read;
}

void convert(const v1::HorizontalPodAutoscaler& from,
             v2::HorizontalPodAutoscaler& to) {
  *to.mutable_metadata() = from.metadata();
  newer_spec(from, to);
  newer_status(from, to);
}

void convert(const v2::HorizontalPodAutoscaler& from,
             v1::HorizontalPodAutoscaler& to) {
  *to.mutable_metadata() = from.metadata();
  older_spec(from, to);
  older_status(from, to);
}

} // namespace troupe::rules

#include "runtime/rules/scale.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/selector.hpp"

namespace troupe::rules {

namespace {

std::string selector_text(const meta::v1::LabelSelector& selector) {
  auto parsed = text::label_selector::from(selector);
  return parsed ? parsed->str() : std::string{};
}

template <class Map>
std::string selector_text(const Map& labels) {
  return text::label_selector::of(labels).str();
}

template <class T>
void show(const T& what, autoscaling::v1::Scale& scale) {
  scale.mutable_spec()->set_replicas(what.spec().replicas());
  scale.mutable_status()->set_replicas(what.status().replicas());
  scale.mutable_status()->set_selector(selector_text(what.spec().selector()));
}

template <class T>
object resized(const object& what, const autoscaling::v1::Scale& scale) {
  auto msg = what.copy<T>();
  msg.mutable_spec()->set_replicas(scale.spec().replicas());
  // Whoever wrote the Scale may insist on what it was made of.
  auto& meta = *msg.mutable_metadata();
  meta.set_resource_version(scale.metadata().resource_version());
  if (!scale.metadata().uid().empty())
    meta.set_uid(scale.metadata().uid());
  return object::of(msg);
}

caf::error cannot_scale(const object& what) {
  return make_error(ec::not_found, "the server could not find the requested "
                                   "resource: "
                                       + what.kind().qualified_plural()
                                       + " cannot be scaled");
}

} // namespace

expected<object> scale_of(const object& what) {
  autoscaling::v1::Scale scale;
  auto& from = what.meta();
  auto& meta = *scale.mutable_metadata();
  meta.set_name(from.name());
  meta.set_namespace_(from.namespace_());
  meta.set_uid(from.uid());
  meta.set_resource_version(std::to_string(what.revision()));
  *meta.mutable_creation_timestamp() = from.creation_timestamp();
  if (what.kind().kind == "Deployment")
    show(what.as<apps::v1::Deployment>(), scale);
  else if (what.kind().kind == "ReplicaSet")
    show(what.as<apps::v1::ReplicaSet>(), scale);
  else if (what.kind().kind == "StatefulSet")
    show(what.as<apps::v1::StatefulSet>(), scale);
  else if (what.kind().kind == "ReplicationController")
    show(what.as<core::v1::ReplicationController>(), scale);
  else
    return cannot_scale(what);
  return object::of(scale);
}

expected<object> with_scale(const object& what,
                            const autoscaling::v1::Scale& scale) {
  auto replicas = scale.spec().replicas();
  if (replicas < 0)
    return invalid(kind_of<autoscaling::v1::Scale>(), what.name(),
                   {{"FieldValueInvalid", "spec.replicas",
                     "Invalid value: " + std::to_string(replicas)
                         + ": must be greater than or equal to 0"}});
  if (what.kind().kind == "Deployment")
    return resized<apps::v1::Deployment>(what, scale);
  if (what.kind().kind == "ReplicaSet")
    return resized<apps::v1::ReplicaSet>(what, scale);
  if (what.kind().kind == "StatefulSet")
    return resized<apps::v1::StatefulSet>(what, scale);
  if (what.kind().kind == "ReplicationController")
    return resized<core::v1::ReplicationController>(what, scale);
  return cannot_scale(what);
}

} // namespace troupe::rules

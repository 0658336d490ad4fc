#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/defaults.hpp"
#include "runtime/rules/images.hpp"
#include "runtime/rules/quantities.hpp"

namespace troupe::rules {

using namespace core::v1;

namespace {

void default_probe(Probe& probe) {
  if (probe.timeout_seconds() == 0)
    probe.set_timeout_seconds(1);
  if (probe.period_seconds() == 0)
    probe.set_period_seconds(10);
  if (probe.success_threshold() == 0)
    probe.set_success_threshold(1);
  if (probe.failure_threshold() == 0)
    probe.set_failure_threshold(3);
}

void default_grpc(GRPCAction& action) {
  if (!action.has_service())
    action.set_service("");
}

void round_resources(ResourceRequirements& resources) {
  round_amounts(*resources.mutable_limits());
  round_amounts(*resources.mutable_requests());
}

template <class T>
void default_container(T& container) {
  if (container.has_resources())
    round_resources(*container.mutable_resources());
  if (container.image_pull_policy().empty())
    container.set_image_pull_policy(
        default_image_pull_policy(container.image()));
}

void default_pod_spec(PodSpec& spec) {
  round_amounts(*spec.mutable_overhead());
  if (spec.has_resources())
    round_resources(*spec.mutable_resources());
  if (!spec.has_security_context())
    spec.mutable_security_context();
  // The older name of the account is kept equal to the newer one.
  if (spec.service_account_name().empty() && !spec.service_account().empty())
    spec.set_service_account_name(spec.service_account());
  if (!spec.service_account_name().empty())
    spec.set_service_account(spec.service_account_name());
}

} // namespace

std::string default_image_pull_policy(std::string_view image) {
  auto digest = image.find('@');
  auto name = image.substr(0, digest);
  auto slash = name.rfind('/');
  auto colon = name.rfind(':');
  bool tagged = colon != std::string_view::npos
                && (slash == std::string_view::npos || colon > slash);
  auto tag = tagged ? name.substr(colon + 1) : std::string_view{};
  bool newest = tagged ? tag == "latest"
                       : digest == std::string_view::npos && !image.empty();
  return newest ? "Always" : "IfNotPresent";
}

void add_container_defaults(default_table& table) {
  table.add<Probe, default_probe>();
  table.add<GRPCAction, default_grpc>();
  table.add<Container, default_container<Container>>();
  table.add<EphemeralContainerCommon,
            default_container<EphemeralContainerCommon>>();
  table.add<PodSpec, default_pod_spec>();
}

} // namespace troupe::rules

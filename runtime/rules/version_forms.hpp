#pragma once

namespace troupe::autoscaling {
namespace v1 {
class HorizontalPodAutoscaler;
} // namespace v1
namespace v2 {
class HorizontalPodAutoscaler;
} // namespace v2
namespace v2beta1 {
class HorizontalPodAutoscaler;
} // namespace v2beta1
} // namespace troupe::autoscaling

namespace troupe::certificates {
namespace v1 {
class CertificateSigningRequest;
} // namespace v1
namespace v1beta1 {
class CertificateSigningRequest;
} // namespace v1beta1
} // namespace troupe::certificates

namespace troupe::core::v1 {
class Event;
} // namespace troupe::core::v1

namespace troupe::discovery {
namespace v1 {
class EndpointSlice;
} // namespace v1
namespace v1beta1 {
class EndpointSlice;
} // namespace v1beta1
} // namespace troupe::discovery

namespace troupe::events {
namespace v1 {
class Event;
} // namespace v1
namespace v1beta1 {
class Event;
} // namespace v1beta1
} // namespace troupe::events

namespace troupe::extensions::v1beta1 {
class Ingress;
} // namespace troupe::extensions::v1beta1

namespace troupe::flowcontrol {
namespace v1 {
class PriorityLevelConfiguration;
} // namespace v1
namespace v1beta1 {
class PriorityLevelConfiguration;
} // namespace v1beta1
} // namespace troupe::flowcontrol

namespace troupe::networking {
namespace v1 {
class Ingress;
} // namespace v1
namespace v1beta1 {
class Ingress;
} // namespace v1beta1
} // namespace troupe::networking

namespace troupe::policy {
namespace v1 {
class PodDisruptionBudget;
} // namespace v1
namespace v1beta1 {
class PodDisruptionBudget;
} // namespace v1beta1
} // namespace troupe::policy

/// One pair of functions per kind with several versions: there and back. `to`
/// is empty before. What an older version fills in when it is left out, the
/// way to the newer one does.
namespace troupe::rules {

void convert(const autoscaling::v1::HorizontalPodAutoscaler& from,
             autoscaling::v2::HorizontalPodAutoscaler& to);
void convert(const autoscaling::v2::HorizontalPodAutoscaler& from,
             autoscaling::v1::HorizontalPodAutoscaler& to);

void convert(const autoscaling::v2beta1::HorizontalPodAutoscaler& from,
             autoscaling::v2::HorizontalPodAutoscaler& to);
void convert(const autoscaling::v2::HorizontalPodAutoscaler& from,
             autoscaling::v2beta1::HorizontalPodAutoscaler& to);

void convert(const certificates::v1beta1::CertificateSigningRequest& from,
             certificates::v1::CertificateSigningRequest& to);
void convert(const certificates::v1::CertificateSigningRequest& from,
             certificates::v1beta1::CertificateSigningRequest& to);

void convert(const discovery::v1beta1::EndpointSlice& from,
             discovery::v1::EndpointSlice& to);
void convert(const discovery::v1::EndpointSlice& from,
             discovery::v1beta1::EndpointSlice& to);

void convert(const events::v1::Event& from, core::v1::Event& to);
void convert(const core::v1::Event& from, events::v1::Event& to);

void convert(const events::v1beta1::Event& from, core::v1::Event& to);
void convert(const core::v1::Event& from, events::v1beta1::Event& to);

void convert(const extensions::v1beta1::Ingress& from,
             networking::v1::Ingress& to);
void convert(const networking::v1::Ingress& from,
             extensions::v1beta1::Ingress& to);

void convert(const networking::v1beta1::Ingress& from,
             networking::v1::Ingress& to);
void convert(const networking::v1::Ingress& from,
             networking::v1beta1::Ingress& to);

void convert(const flowcontrol::v1beta1::PriorityLevelConfiguration& from,
             flowcontrol::v1::PriorityLevelConfiguration& to);
void convert(const flowcontrol::v1::PriorityLevelConfiguration& from,
             flowcontrol::v1beta1::PriorityLevelConfiguration& to);

void convert(const policy::v1beta1::PodDisruptionBudget& from,
             policy::v1::PodDisruptionBudget& to);
void convert(const policy::v1::PodDisruptionBudget& from,
             policy::v1beta1::PodDisruptionBudget& to);

} // namespace troupe::rules

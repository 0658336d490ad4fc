#pragma once

#include "messages/container_interface.hpp"

namespace troupe::kubelet_api {
class Address;
class Attend;
class CheckAddress;
class Finished;
class Gone;
class Leave;
class PodAttach;
class PodExec;
class PodLogs;
class ProbeContainer;
class References;
class ReferencesChanged;
class Remark;
class Report;
class StopProbing;
class Verdict;
class WantAddress;
class WantReferences;
} // namespace troupe::kubelet_api

namespace troupe {

/// Opens logs and commands of pods. The answer's source takes credit, input
/// and the end of the stream; the stream itself goes to the receiver.
using pod_streams_actor = caf::typed_actor<
    caf::replies_to<pb<kubelet_api::PodLogs>, container_stream_actor>::with<
        pb<container::StreamOpened>, stream_source_actor>,
    caf::replies_to<pb<kubelet_api::PodExec>, container_stream_actor>::with<
        pb<container::StreamOpened>, stream_source_actor>,
    caf::replies_to<pb<kubelet_api::PodAttach>, container_stream_actor>::with<
        pb<container::StreamOpened>, stream_source_actor>>;

/// Knows which addresses the pods of a node have.
using address_book_actor = caf::typed_actor<
    // Is this one's? not_found where it is not.
    caf::replies_to<pb<kubelet_api::CheckAddress>>::with<
        pb<kubelet_api::Address>>>;

/// What a pod worker asks of its kubelet.
using pod_keeper_actor = caf::typed_actor<
    // The pod with the status it should have.
    caf::reacts_to<pb<kubelet_api::Report>, object>,
    // Nothing is left of it.
    caf::reacts_to<pb<kubelet_api::Gone>>,
    // An event about it.
    caf::reacts_to<pb<kubelet_api::Remark>>,
    // ConfigMaps, Secrets, tokens and Services that it speaks of.
    caf::replies_to<pb<kubelet_api::WantReferences>>::with<
        pb<kubelet_api::References>, std::vector<object>>,
    // The address that its sandbox shall have.
    caf::replies_to<pb<kubelet_api::WantAddress>>::with<
        pb<kubelet_api::Address>>>;

/// Hears what probes find.
using probe_listener_actor =
    caf::typed_actor<caf::reacts_to<pb<kubelet_api::Verdict>>>;

} // namespace troupe

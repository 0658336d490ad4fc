#include "messages/codec.hpp"

#include "messages/call.pb.h"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "messages/container_interface.hpp"
#include "messages/interfaces.hpp"
#include "messages/kubelet.pb.h"
#include "messages/kubelet_interface.hpp"
#include "messages/object.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/proxy.pb.h"
#include "messages/raft.pb.h"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "messages/system.pb.h"

#include <caf/actor_system_config.hpp>

namespace troupe {

namespace {

template <class... Ts>
void add_messages(caf::actor_system_config& cfg) {
  (cfg.add_message_type<pb<Ts>>(std::string{"pb:"}
                                + Ts::default_instance().GetTypeName()),
   ...);
}

} // namespace

void register_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<object>("troupe.object");
  cfg.add_message_type<std::vector<object>>("troupe.objects");
  cfg.add_message_type<changes>("troupe.changes");
  cfg.add_message_type<watcher_actor>("troupe.watcher");
  cfg.add_message_type<api_actor>("troupe.api");
  cfg.add_message_type<session_actor>("troupe.session");
  add_messages<system::Describe, system::Description, system::Explain,
               system::Explanation, system::Resolve, system::Started,
               system::Stopped, system::KeepAway, system::ListActors,
               system::ActorList, system::Kill, system::Killed, system::Tick>(
      cfg);
  add_messages<call::Request, call::Response, call::Watch, call::WatchStarted,
               call::Ack, call::StopWatch, call::AskNonce, call::Nonce,
               call::OpenSession, call::SessionOpened, call::OpenStream>(cfg);
  add_messages<proxy::PlaceReport>(cfg);
  cfg.add_message_type<store_watcher_actor>("troupe.store_watcher");
  add_messages<store_api::RangeRequest, store_api::RangeResponse,
               store_api::TxnRequest, store_api::TxnResponse,
               store_api::WatchRequest, store_api::WatchCredit,
               store_api::WatchCancel, store_api::WatchProgress,
               store_api::WatchBatch, store_api::LeaseGrantRequest,
               store_api::LeaseRevokeRequest, store_api::LeaseKeepAliveRequest,
               store_api::LeaseTimeToLiveRequest, store_api::LeaseResponse,
               store_api::CompactRequest, store_api::CompactResponse,
               store_api::StatusRequest, store_api::StatusResponse>(cfg);
  add_messages<raft_api::Message, raft_api::Proposal, raft_api::Refused,
               raft_api::LeaseQuestion, raft_api::OpenSnapshot,
               raft_api::SnapshotOpened, raft_api::PullSnapshot,
               raft_api::SnapshotChunk, raft_api::HashReport>(cfg);
  using namespace container;
  cfg.add_message_type<container_listener_actor>("troupe.container_listener");
  cfg.add_message_type<container_stream_actor>("troupe.container_stream");
  add_messages<Attach, Container, ContainerList, ContainerStatus,
               CreateContainer, Done, Event, Exec, ExecResult, ExecSync, Image,
               ImageStatus, ImageStatusResult, ListContainers, ListPodSandbox,
               Logs, Probe, PullImage, RemoveContainer, RemovePodSandbox,
               ReopenLog, RunPodSandbox, RuntimeStatus, Sandbox, SandboxList,
               Signal, StartContainer, State, StopContainer, StopPodSandbox,
               StreamClose, StreamCredit, StreamData, StreamEnd, StreamOpened,
               StreamResize, Subscribe>(cfg);
  cfg.add_message_type<container_runtime_actor>("troupe.container_runtime");
  add_messages<kubelet_api::Address, kubelet_api::Attend, kubelet_api::Finished,
               kubelet_api::Gone, kubelet_api::Leave, kubelet_api::PodAttach,
               kubelet_api::PodExec, kubelet_api::PodLogs,
               kubelet_api::ProbeContainer, kubelet_api::References,
               kubelet_api::ReferencesChanged, kubelet_api::Remark,
               kubelet_api::Report, kubelet_api::StopProbing,
               kubelet_api::Verdict, kubelet_api::WantAddress,
               kubelet_api::WantReferences>(cfg);
}

} // namespace troupe

#include "messages/codec.hpp"

#include "messages/audit.pb.h"
#include "messages/call.pb.h"
#include "messages/codec_parts.hpp"
#include "messages/command_interface.hpp"
#include "messages/http.pb.h"
#include "messages/interfaces.hpp"
#include "messages/join.pb.h"
#include "messages/object.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/proxy.pb.h"
#include "messages/system.pb.h"
#include "messages/tunnel.pb.h"

namespace troupe {

void register_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<object>("troupe.object");
  cfg.add_message_type<std::vector<object>>("troupe.objects");
  cfg.add_message_type<changes>("troupe.changes");
  cfg.add_message_type<watcher_actor>("troupe.watcher");
  cfg.add_message_type<api_actor>("troupe.api");
  cfg.add_message_type<session_actor>("troupe.session");
  cfg.add_message_type<directory_actor>("troupe.directory");
  add_messages<system::Describe, system::Description, system::Explain,
               system::Explanation, system::Resolve, system::Started,
               system::Stopped, system::KeepAway, system::ListActors,
               system::ActorList, system::Kill, system::Killed, system::Tick,
               system::Enroll, system::Enrolled, system::FindProcess,
               system::ProcessFound, system::Servers, system::ListDeciders,
               system::Deciders, system::AwaitTerm, system::Term>(cfg);
  add_messages<join::JoinRequest, join::JoinAnswer, join::Revoked>(cfg);
  add_messages<call::Request, call::Response, call::Watch, call::WatchStarted,
               call::Ack, call::StopWatch, call::AskNonce, call::Nonce,
               call::OpenSession, call::SessionOpened, call::OpenStream>(cfg);
  add_messages<proxy::PlaceReport, tunnel::Connect, tunnel::Wanted,
               tunnel::SocketNews>(cfg);
  add_messages<http_api::Connected, http_api::Request, http_api::Data,
               http_api::Taken, http_api::Abandoned, http_api::Closed,
               http_api::Distrusted, http_api::Answered, audit::Line,
               audit::Written>(cfg);
  register_store_types(cfg);
  register_container_types(cfg);
  register_kubelet_types(cfg);
}

} // namespace troupe

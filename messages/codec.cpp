#include "messages/codec.hpp"

#include "messages/call.pb.h"
#include "messages/interfaces.hpp"
#include "messages/object.hpp"
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
  add_messages<system::Describe, system::Description, system::Explain,
               system::Explanation, system::Resolve, system::ListActors,
               system::ActorList, system::Kill, system::Killed, system::Tick>(
      cfg);
  add_messages<call::Request, call::Response, call::Watch, call::WatchStarted,
               call::Ack, call::StopWatch, call::AskNonce, call::Nonce,
               call::OpenSession, call::SessionOpened>(cfg);
}

} // namespace troupe

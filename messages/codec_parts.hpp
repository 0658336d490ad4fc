#pragma once

#include "messages/codec.hpp"

#include <caf/actor_system_config.hpp>

#include <string>

/// The parts that `register_types` is made of: what CAF needs for one type is
/// much code, so that each conversation is a translation unit of its own.
namespace troupe {

/// Registers messages under their Protobuf names, which is how the other side
/// of a connection knows them.
template <class... Ts>
void add_messages(caf::actor_system_config& cfg) {
  (cfg.add_message_type<pb<Ts>>(std::string{"pb:"}
                                + Ts::default_instance().GetTypeName()),
   ...);
}

void register_store_types(caf::actor_system_config& cfg);

void register_container_types(caf::actor_system_config& cfg);

void register_kubelet_types(caf::actor_system_config& cfg);

} // namespace troupe

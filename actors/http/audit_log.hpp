#pragma once

#include "actors/system/describing.hpp"
#include "messages/codec.hpp"
#include "messages/interfaces.hpp"
#include "runtime/rules/audit.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <memory>

namespace troupe::audit {
class Line;
class Written;
} // namespace troupe::audit

namespace troupe {

/// Takes what a connection notes.
using audit_sink_actor = caf::typed_actor<caf::reacts_to<pb<audit::Line>>>;

/// Hears what became of lines.
using audit_source_actor = caf::typed_actor<caf::reacts_to<pb<audit::Written>>>;

/// Writes what is noted of requests to a file, mode 0600, and begins another
/// one when it is full. No request waits for it; whoever passes lines on hears
/// what is dealt with, so that not too many are on their way.
///
/// Hears: lines.
/// Says:  which of them are dealt with to its source.
/// After a restart: goes on at the end of the file.
using audit_log_actor = caf::typed_actor<
    // One event.
    caf::reacts_to<pb<audit::Line>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct audit_log_state {
  static inline const char* name = "audit_log";

  audit_log_state() = default;
  audit_log_state(const audit_log_state&) = delete;
  audit_log_state& operator=(const audit_log_state&) = delete;
  ~audit_log_state();

  std::unique_ptr<context> ctx;
  std::shared_ptr<const rules::audit_settings> settings;
  int file = -1;
  uint64_t size = 0;
  audit_source_actor source; ///< where lines come from; null for nobody
  uint64_t written = 0;      ///< lines
  uint64_t lost = 0;         ///< lines that could not be written
};

audit_log_actor::behavior_type
audit_log(audit_log_actor::stateful_pointer<audit_log_state> self, context ctx,
          std::shared_ptr<const rules::audit_settings> settings,
          audit_source_actor source);

} // namespace troupe

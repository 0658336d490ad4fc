#include "actors/apiserver/session_parts.hpp"
#include "messages/call.pb.h"

#include <caf/stateful_actor.hpp>

// Server-side apply: who may patch and not create applies to what is there.
namespace troupe::serving {

namespace {

/// Goes on where the object is there, and insists that it is the same then.
void with_present(pointer self, const kind_info& kind,
                  const pb<call::Request>& msg, const caf::error& refusal,
                  on_apply next) {
  call::Request get;
  get.set_verb(call::GET);
  get.set_namespace_(msg->namespace_());
  get.set_name(msg->name());
  read(
      self, kind, std::move(get),
      [msg, next](const std::vector<object>& found) {
        auto limited = *msg;
        limited.set_precondition_uid(found.front().uid());
        next(pb<call::Request>{std::move(limited)});
      },
      [refusal, next](const caf::error& err) {
        next(is(err, ec::not_found) ? refusal : err);
      });
}

} // namespace

void check_apply(pointer self, const kind_info& kind,
                 const pb<call::Request>& msg, on_apply next) {
  if (msg->verb() != call::PATCH || msg->patch_type() != call::APPLY
      || !msg->subresource().empty())
    return next(msg);
  auto creates = *msg;
  creates.clear_precondition_uid();
  auto what = access_of(kind, creates, {});
  what.verb = "create";
  with_right(self, what,
             [self, &kind, msg = pb<call::Request>{std::move(creates)},
              next](const caf::error& err) {
               if (!err)
                 next(msg);
               else if (is(err, ec::forbidden))
                 with_present(self, kind, msg, err, next);
               else
                 next(err);
             });
}

} // namespace troupe::serving

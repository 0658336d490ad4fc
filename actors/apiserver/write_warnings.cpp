#include "actors/apiserver/write_job.hpp"
#include "actors/system/election.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>

// What a client is told depends on what else is in the cluster. That is asked
// for only where something is to be told, and as it is known here.
namespace troupe {

namespace {

using pointer = write_job::pointer;

/// More nodes are not looked at.
constexpr int most_nodes = 100;

/// Who acts on what changes rarely: it is not looked for at every write.
constexpr std::chrono::seconds looked_at_for{5};

using found =
    std::function<void(const call::Response&, const std::vector<object>&)>;

/// Asks the view of another kind beside us; finds nothing where that fails.
void ask_view(pointer self, const kind_info& kind, call::Request msg,
              found next) {
  auto lost = [next](const caf::error&) { next({}, {}); };
  system::Resolve where;
  where.set_path(self->state.ctx->beside(resource_path("view", kind)));
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, msg = std::move(msg), next, lost](const caf::actor& view) {
        self->state.requests.ask<pb<call::Response>, std::vector<object>>(
            caf::actor_cast<api_actor>(view),
            [next](const pb<call::Response>& response,
                   const std::vector<object>& objects) {
              next(*response, objects);
            },
            lost, pb<call::Request>{msg}, object{});
      },
      lost, pb<system::Resolve>{std::move(where)});
}

using helpers_found = std::function<void(unsigned)>;

bool is_known(pointer self, const known_helpers& what) {
  return self->clock().now() < what.until;
}

/// What may only be there is not kept: it comes with the first who tells.
unsigned keep(pointer self, known_helpers& what, unsigned which, bool told) {
  if (told)
    what = {which, self->clock().now() + looked_at_for};
  return which;
}

void look_at_nodes(pointer self, helpers_found next) {
  if (auto& known = self->state.nodes; is_known(self, known))
    return next(known.which);
  // Any state would do, but is only given whole.
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_limit(most_nodes);
  ask_view(self, kind_of<core::v1::Node>(), std::move(msg),
           [self, next](const call::Response& response,
                        const std::vector<object>& nodes) {
             auto all = response.continue_token().empty();
             next(keep(self, self->state.nodes,
                       rules::helpers_among(nodes, all), !nodes.empty()));
           });
}

void look_at_controllers(pointer self, helpers_found next) {
  if (auto& known = self->state.controllers; is_known(self, known))
    return next(known.which);
  call::Request msg;
  msg.set_resource_version("0");
  msg.set_verb(call::GET);
  msg.set_namespace_(rules::election_namespace);
  msg.set_name(controllers_election);
  ask_view(
      self, kind_of<coordination::v1::Lease>(), std::move(msg),
      [self, next](const call::Response&, const std::vector<object>& leases) {
        auto lease = leases.empty() ? object{} : leases.front();
        next(keep(self, self->state.controllers, rules::helpers_by(lease),
                  bool{lease}));
      });
}

} // namespace

void settle_warnings(pointer self, std::vector<rules::warning> warnings,
                     std::function<void(std::vector<std::string>)> next) {
  auto open = rules::doubts(warnings);
  auto tell = [warnings = std::move(warnings), next](unsigned helpers) {
    next(rules::that_hold(warnings, helpers));
  };
  auto then = [self, open, tell](unsigned helpers) {
    if ((open & rules::foreign_controllers) == 0)
      tell(helpers);
    else
      look_at_controllers(
          self, [tell, helpers](unsigned more) { tell(helpers | more); });
  };
  if ((open & rules::any_nodes) == 0)
    then(0);
  else
    look_at_nodes(self, then);
}

} // namespace troupe

#include "actors/http/flow_control.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/flow_table.hpp"

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace troupe {

namespace {

using flowcontrol::v1::FlowSchema;
using flowcontrol::v1::PriorityLevelConfiguration;
using pointer = flow_control_actor::stateful_pointer<flow_control_state>;

/// Kubernetes' name for whoever writes these statuses.
constexpr auto manager = "api-priority-and-fairness-config-consumer-v1";

/// After a status that could not be written.
constexpr std::chrono::seconds pause{1};

std::vector<object> all_of(const flow_control_state::followed& kind) {
  std::vector<object> result;
  for (auto& [name, what] : kind.objects)
    result.push_back(what);
  return result;
}

void look_at_statuses(pointer self);

/// Notes the newest state. Returns whether a table of it is another one: what a
/// level says decides nothing about a request, nor does the status of a schema.
bool put(flow_control_state::followed& kind, const object& what) {
  auto& known = kind.objects[what.name()];
  auto same = known && known.uid() == what.uid()
              && (&what.kind() != &kind_of<FlowSchema>()
                  || known.meta().generation() == what.meta().generation());
  known = what;
  return !same;
}

bool knows_all(const flow_control_state& st) {
  return st.schemas.complete && st.levels.complete;
}

void tell_reader(pointer self) {
  auto& st = self->state;
  if (!knows_all(st))
    return;
  self->send(st.reader, flow_news{std::make_shared<const rules::flow_table>(
                            all_of(st.schemas), all_of(st.levels))});
}

/// Another server may write the same; it is looked at again when that is seen.
void write_status(pointer self, const object& schema, std::string patch) {
  auto& st = self->state;
  auto name = schema.name();
  st.busy.insert(name);
  call::Request msg;
  msg.set_verb(call::PATCH);
  msg.set_api_version(schema.kind().api_version());
  msg.set_kind(std::string{schema.kind().kind});
  msg.set_name(name);
  msg.set_subresource("status");
  msg.set_patch_type(call::STRATEGIC);
  msg.set_patch(std::move(patch));
  msg.set_field_manager(manager);
  st.api.request(std::move(msg), {}, [self, name](expected<answer> result) {
    auto& now = self->state;
    now.busy.erase(name);
    if (!result) {
      if (!std::exchange(now.waits, true))
        self->delayed_send(self, pause, pb<system::Tick>{system::Tick{}});
      return;
    }
    auto known = now.schemas.objects.find(name);
    auto written = result->one();
    if (known != now.schemas.objects.end() && written
        && written.revision() > known->second.revision()
        && put(now.schemas, written))
      tell_reader(self);
    look_at_statuses(self);
  });
}

void look_at_statuses(pointer self) {
  auto& st = self->state;
  if (st.waits || !knows_all(st))
    return;
  std::vector<std::pair<object, std::string>> due;
  for (auto& [name, what] : st.schemas.objects) {
    auto& schema = what.as<FlowSchema>();
    auto& level = schema.spec().priority_level_configuration().name();
    auto changed = rules::changed_dangling(
        schema, st.levels.objects.count(level) != 0, st.api.now());
    if (changed && st.busy.count(name) == 0)
      due.emplace_back(what, rules::dangling_patch(*changed));
  }
  for (auto& [what, patch] : due)
    write_status(self, what, std::move(patch));
}

void take_note(pointer self, flow_control_state::followed& kind,
               const changes& batch) {
  auto changed = batch.reset || batch.complete;
  if (batch.reset) {
    kind.objects.clear();
    kind.complete = false;
  }
  for (auto& each : batch.items) {
    if (each.type == change_type::deleted)
      changed = kind.objects.erase(each.what.name()) != 0 || changed;
    else
      changed = put(kind, each.what) || changed;
  }
  kind.complete = kind.complete || batch.complete;
  if (changed)
    tell_reader(self);
  look_at_statuses(self);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("schemas=" + std::to_string(st.schemas.objects.size()));
  result.add_facts("levels=" + std::to_string(st.levels.objects.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

flow_control_actor::behavior_type flow_control(pointer self, context ctx,
                                               flow_reader_actor reader) {
  auto& st = self->state;
  st.reader = std::move(reader);
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  st.api.subscribe({&kind_of<FlowSchema>(), {}, {}, {}},
                   [self](const changes& batch) {
                     take_note(self, self->state.schemas, batch);
                   });
  st.api.subscribe({&kind_of<PriorityLevelConfiguration>(), {}, {}, {}},
                   [self](const changes& batch) {
                     take_note(self, self->state.levels, batch);
                   });
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  return {
      [self](const pb<system::Tick>&) {
        self->state.waits = false;
        look_at_statuses(self);
      },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

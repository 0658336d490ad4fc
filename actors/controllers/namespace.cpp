#include "actors/controllers/namespace.hpp"

#include "messages/api/core_config.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/namespace_plan.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using core::v1::Namespace;
using pointer = namespace_actor::stateful_pointer<namespace_state>;

void follow_content(pointer self, const std::string& key) {
  auto& st = self->state;
  auto [entry, fresh] = st.ending.try_emplace(key);
  if (!fresh)
    return;
  for (const auto* kind : rules::kinds_in_namespaces())
    entry->second.parts[kind].subscription = st.loop.api().subscribe(
        {kind, key, {}, {}}, [self, key, kind](const changes& batch) {
          auto& part = self->state.ending[key].parts[kind];
          part.view.apply(batch, [](const object&, const object&) {});
          if (part.view.complete())
            self->state.loop.mark(key);
        });
}

void forget_content(pointer self, const std::string& key) {
  auto& st = self->state;
  auto found = st.ending.find(key);
  if (found == st.ending.end())
    return;
  for (const auto& [kind, part] : found->second.parts)
    st.loop.api().unsubscribe(part.subscription);
  st.ending.erase(found);
  st.failures.erase(key);
}

bool is_known(const namespace_content& content) {
  return std::all_of(
      content.parts.begin(), content.parts.end(),
      [](const auto& each) { return each.second.view.complete(); });
}

std::vector<object> list(const namespace_content& content) {
  std::vector<object> result;
  for (const auto& kind : all_kinds()) {
    auto part = content.parts.find(&kind);
    if (part != content.parts.end())
      for (const auto& [key, what] : part->second.view.all())
        result.push_back(what);
  }
  return result;
}

void write(pointer self, const std::string& key,
           const rules::namespace_plan& plan) {
  auto& loop = self->state.loop;
  auto done = [self, key](expected<answer> result) {
    auto fine = result || is(result.error(), ec::not_found);
    self->state.loop.finish(key, fine ? caf::error{} : result.error());
  };
  if (plan.finalized) {
    call::Request msg;
    msg.set_verb(call::UPDATE);
    msg.set_subresource("finalize");
    msg.set_api_version("v1");
    msg.set_kind("Namespace");
    msg.set_name(key);
    loop.request(key, kind_of<Namespace>(), std::move(msg), *plan.finalized,
                 done);
  } else if (plan.status) {
    loop.update_status(key, *plan.status, done);
  } else {
    loop.finish(key);
  }
}

void carry_out(pointer self, const std::string& key,
               rules::namespace_plan plan) {
  auto& st = self->state;
  st.failures.erase(key);
  gathering all{[self, key, plan](const caf::error& err) {
    if (err)
      self->state.loop.finish(key, err);
    else
      write(self, key, plan);
  }};
  for (const auto& each : plan.removed) {
    if (st.ending[key].deleted.count(each.uid()) != 0)
      continue;
    delete_options options;
    options.propagation_policy = "Background";
    options.precondition_uid = each.uid();
    auto then = all.expect([](const caf::error& err) {
      return is(err, ec::not_found) || is(err, ec::conflict);
    });
    st.loop.remove(
        key, each, options, [self, key, each, then](expected<answer> result) {
          if (result)
            self->state.ending[key].deleted.insert(each.uid());
          else if (!is(result.error(), ec::not_found))
            self->state.failures[key].push_back(std::string{each.kind().plural}
                                                + " " + each.name() + ": "
                                                + message_of(result.error()));
          then(std::move(result));
        });
  }
  all.close();
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto space = st.namespaces->find(key);
  if (!space || !space.meta().has_deletion_timestamp()) {
    forget_content(self, key);
    if (space)
      st.loop.why.set(key, "is active");
    else
      st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  follow_content(self, key);
  const auto& content = st.ending[key];
  if (!is_known(content)) {
    st.loop.why.set(key, "looks what is in it");
    return st.loop.finish(key);
  }
  auto plan = rules::plan_namespace(space, list(content), st.failures[key],
                                    st.loop.now());
  st.loop.why.set(key, plan.reason);
  carry_out(self, key, std::move(plan));
}

} // namespace

namespace_actor::behavior_type namespace_controller(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.namespaces =
      &st.loop.follow({&kind_of<Namespace>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.loop.open(ctx, rules::controller_user("namespace-controller"));
  return controller(self);
}

} // namespace troupe

#include "actors/controllers/garbage_collector.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/versions.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer =
    garbage_collector_actor::stateful_pointer<garbage_collector_state>;
using rules::gc_verdict;
using rules::graph_ref;
using change_meta = std::function<bool(meta::v1::ObjectMeta&)>;

bool is_followed(const kind_info& kind) {
  return !kind.plural.empty() && kind.has_verb("list") && kind.has_verb("watch")
         && kind.has_verb("delete")
         && &rules::stored_kind(kind) == &kind
         // Kubernetes: events come and go on their own.
         && kind.kind != "Event";
}

std::string reason_key(const kind_info& kind, const std::string& key) {
  return std::string{kind.kind} + " " + key;
}

std::string key_of(const graph_ref& ref) {
  return ref.ns.empty() ? ref.name : ref.ns + "/" + ref.name;
}

bool is_fine(const caf::error& err) {
  return is(err, ec::not_found);
}

// Reads an object, as long as it is the one that is meant.
void read(pointer self, const graph_ref& ref,
          std::function<void(const object&, const caf::error&)> done) {
  self->state.loop.api().get(
      {ref.kind, ref.ns, ref.name},
      [uid = ref.uid, done = std::move(done)](expected<answer> result) {
        if (!result)
          return done({},
                      is_fine(result.error()) ? caf::error{} : result.error());
        auto found = result->one();
        done(found && found.uid() == uid ? found : object{}, {});
      });
}

// Changes the metadata of an object as it is now; `change` returns whether
// there is anything to write.
void edit(pointer self, const std::string& key, const graph_ref& ref,
          const change_meta& change, reconciler::outcome done) {
  read(self, ref,
       [self, key, change, done](const object& found, const caf::error& err) {
         if (err || !found)
           return done(err ? expected<answer>{err}
                           : expected<answer>{answer{}});
         auto changed = found.clone();
         if (!change(*mutable_metadata_of(*changed)))
           return done(answer{});
         self->state.loop.update(key, object::of(std::move(changed)), done);
       });
}

reconciler::outcome finishing(pointer self, const std::string& uid) {
  return [self, uid](expected<answer> result) {
    auto fine = result || is_fine(result.error());
    self->state.loop.finish(uid, fine ? caf::error{} : result.error());
  };
}

// -- verdicts -----------------------------------------------------------------

void verify(pointer self, const std::string& uid, const gc_verdict& verdict) {
  gathering all{[self, uid](const caf::error& err) {
    auto& st = self->state;
    for (const auto& each : st.graph.take_dirty())
      st.loop.mark(each);
    st.loop.finish(uid, err);
  }};
  for (const auto& owner : verdict.owners) {
    auto then = all.expect();
    read(self, owner,
         [self, owner, then](const object& found, const caf::error& err) {
           if (!err)
             self->state.graph.verified(owner.uid, static_cast<bool>(found));
           then(err ? expected<answer>{err} : expected<answer>{answer{}});
         });
  }
  all.close();
}

void remove_owners(pointer self, const std::string& uid,
                   const gc_verdict& verdict) {
  edit(
      self, uid, verdict.target,
      [owners = verdict.owners](meta::v1::ObjectMeta& meta) {
        bool changed = false;
        for (const auto& owner : owners)
          changed |= rules::release(meta, owner.uid);
        return changed;
      },
      finishing(self, uid));
}

// An owner that was added since we judged would be a reason to stay.
bool has_other_owner(const object& what, const std::vector<graph_ref>& judged) {
  const auto& refs = what.meta().owner_references();
  return std::any_of(refs.begin(), refs.end(), [&](const auto& ref) {
    return std::none_of(judged.begin(), judged.end(), [&](const auto& each) {
      return each.uid == ref.uid();
    });
  });
}

void remove(pointer self, const std::string& uid, const gc_verdict& verdict) {
  read(self, verdict.target,
       [self, uid, verdict](const object& found, const caf::error& err) {
         if (err || !found || found.meta().owner_references().empty()
             || has_other_owner(found, verdict.owners))
           return self->state.loop.finish(uid, err);
         call::Request msg;
         msg.set_verb(call::DELETE);
         msg.set_api_version(found.kind().api_version());
         msg.set_kind(std::string{found.kind().kind});
         msg.set_namespace_(found.ns());
         msg.set_name(found.name());
         msg.set_propagation_policy(verdict.propagation);
         msg.set_precondition_uid(found.uid());
         msg.set_precondition_resource_version(
             std::to_string(found.revision()));
         self->state.loop.request(uid, found.kind(), std::move(msg), {},
                                  finishing(self, uid));
       });
}

void release_dependents(pointer self, const std::string& uid,
                        const gc_verdict& verdict) {
  gathering all{[self, uid](const caf::error& err) {
    self->state.loop.finish(uid, err);
  }};
  for (const auto& each : verdict.dependents)
    edit(
        self, uid, each,
        [uid](meta::v1::ObjectMeta& meta) { return rules::release(meta, uid); },
        all.expect(is_fine));
  all.close();
}

void finalize(pointer self, const std::string& uid, const gc_verdict& verdict) {
  edit(
      self, uid, verdict.target,
      [name = verdict.finalizer](meta::v1::ObjectMeta& meta) {
        auto& list = *meta.mutable_finalizers();
        auto found = std::find(list.begin(), list.end(), name);
        if (found == list.end())
          return false;
        list.erase(found);
        return true;
      },
      finishing(self, uid));
}

void look_at(pointer self, const std::string& uid) {
  auto& st = self->state;
  auto verdict = st.graph.judge(uid);
  if (verdict.action != gc_verdict::nothing)
    st.loop.why.set(reason_key(*verdict.target.kind, key_of(verdict.target)),
                    verdict.reason);
  switch (verdict.action) {
    case gc_verdict::nothing:
      return st.loop.finish(uid);
    case gc_verdict::verify:
      return verify(self, uid, verdict);
    case gc_verdict::remove_owner:
      return remove_owners(self, uid, verdict);
    case gc_verdict::remove:
      return remove(self, uid, verdict);
    case gc_verdict::release:
      return release_dependents(self, uid, verdict);
    case gc_verdict::finalize:
      return finalize(self, uid, verdict);
  }
}

void on_batch(pointer self, const kind_info& kind, const changes& batch) {
  auto& st = self->state;
  if (batch.reset)
    st.graph.begin(kind);
  for (const auto& item : batch.items) {
    if (item.type != change_type::deleted) {
      st.graph.put(item.what);
      continue;
    }
    st.graph.gone(item.what);
    st.loop.why.forget(reason_key(kind, item.what.key()));
  }
  if (batch.complete)
    st.graph.complete(kind);
  for (const auto& uid : st.graph.take_dirty())
    st.loop.mark(uid);
}

pb<system::Description> describe(pointer self) {
  auto result = begin_description(self);
  result.MergeFrom(self->state.loop.describe());
  result.add_facts("known=" + std::to_string(self->state.graph.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

garbage_collector_actor::behavior_type garbage_collector(pointer self,
                                                         context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& uid) { look_at(self, uid); });
  for (const auto& kind : all_kinds())
    if (is_followed(kind))
      st.loop.follow_only(
          {&kind, {}, {}, {}},
          [self, &kind](const changes& batch) { on_batch(self, kind, batch); });
  st.loop.keep([self](const std::string& uid) {
    return self->state.graph.judge(uid).action != gc_verdict::nothing;
  });
  st.loop.open(ctx, rules::controller_user("generic-garbage-collector"));
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.loop.on_down(down); });
  return {
      [self](const pb<system::Tick>& msg) { self->state.loop.on_tick(*msg); },
      [self](const changes& batch) { self->state.loop.on_changes(batch); },
      [self](const pb<system::Explain>& msg) {
        return pb<system::Explanation>{
            self->state.loop.explain(msg->kind() + " " + msg->key())};
      },
      [self](const pb<system::Describe>&) { return describe(self); },
  };
}

} // namespace troupe

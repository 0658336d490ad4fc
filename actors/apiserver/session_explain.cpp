#include "actors/apiserver/registry.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/why.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <optional>

namespace troupe::serving {

namespace {

/// Controllers above controllers; nothing in Kubernetes has more.
constexpr size_t most_owners = 4;

/// One question `why` on its way.
struct inquiry {
  explicit inquiry(pointer self) : promise(self) {}

  object what;
  std::vector<object> owners;
  std::vector<rules::why_question> questions;
  /// One list per question; none where nobody answered who decides.
  std::vector<std::optional<std::vector<std::string>>> answers;
  std::vector<std::vector<std::string>> standbys; ///< what those say
  size_t open = 0;
  answer_to<pb<system::Explanation>> promise;

  void one_less() {
    if (--open > 0)
      return;
    system::Explanation all;
    for (size_t i = 0; i < answers.size(); ++i)
      for (auto& sentence : answers[i] ? *answers[i] : standbys[i]) {
        auto& about = questions[i].about;
        all.add_decisions(questions[i].path
                          + (about.empty() ? "" : " (" + about + ")") + ": "
                          + sentence);
      }
    if (all.decisions_size() == 0)
      all.add_decisions(rules::nothing_decided(what, questions));
    promise.deliver(pb<system::Explanation>{std::move(all)});
  }
};

using inquiry_ptr = std::shared_ptr<inquiry>;
void get(pointer self, const kind_info& kind, const std::string& ns,
         const std::string& name, const std::string& version, on_objects done,
         on_refusal failed) {
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_namespace_(kind.namespaced ? ns : std::string{});
  msg.set_name(name);
  msg.set_resource_version(version);
  read(self, kind, std::move(msg), std::move(done), std::move(failed));
}

/// Where a component of that path is: beside each server, if it is one of
/// those that decide.
std::vector<std::string> places_of(pointer self, const std::string& path,
                                   const system::Deciders& deciders) {
  if (path != "scheduler" && path.rfind("controllers/", 0) != 0)
    return {path};
  // Of this process, and of each other that may have one.
  auto& config = self->state.ctx->config();
  auto result = config.of_components(path);
  for (auto& process : deciders.processes())
    if (process != config.process)
      result.push_back(rules::path_in_cluster(process, path));
  return result;
}

void take_answer(const inquiry_ptr& all, size_t i,
                 const system::Explanation& part) {
  std::vector<std::string> told{part.decisions().begin(),
                                part.decisions().end()};
  if (part.standby())
    all->standbys[i] = std::move(told);
  else
    all->answers[i] = std::move(told);
  all->one_less();
}

void ask_one(pointer self, const inquiry_ptr& all, size_t i,
             const std::string& path) {
  auto& question = all->questions[i];
  system::Explain msg;
  msg.set_kind(question.kind);
  msg.set_key(question.key);
  auto failed = [all, i](const caf::error&) {
    if (all->standbys[i].empty())
      all->standbys[i] = {"does not answer"};
    all->one_less();
  };
  with_actor(
      self, path,
      [self, all, i, failed,
       out = pb<system::Explain>{std::move(msg)}](const caf::actor& to) {
        self->state.requests.ask<pb<system::Explanation>>(
            caf::actor_cast<explain_actor>(to),
            [all, i](const pb<system::Explanation>& part) {
              take_answer(all, i, *part);
            },
            failed, out);
      },
      failed);
}

void ask_deciders(pointer self, const inquiry_ptr& all,
                  const system::Deciders& deciders) {
  all->open = 1;
  for (size_t i = 0; i < all->questions.size(); ++i)
    for (auto& path : places_of(self, all->questions[i].path, deciders)) {
      ++all->open;
      ask_one(self, all, i, path);
    }
  all->one_less();
}

void ask_all(pointer self, const inquiry_ptr& all,
             const std::vector<object>& services) {
  all->questions = rules::questions_about(all->what, all->owners, services);
  all->answers.resize(all->questions.size());
  all->standbys.resize(all->questions.size());
  with_backend(self, processes_path, [self, all](const caf::actor& book) {
    self->state.requests.ask<pb<system::Deciders>>(
        book,
        [self, all](const pb<system::Deciders>& deciders) {
          ask_deciders(self, all, *deciders);
        },
        [self, all](const caf::error&) {
          ask_deciders(self, all, system::Deciders{});
        },
        pb<system::ListDeciders>{system::ListDeciders{}});
  });
}

void find_services(pointer self, const inquiry_ptr& all) {
  if (&all->what.kind() != &kind_of<core::v1::Pod>()) {
    ask_all(self, all, {});
    return;
  }
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_namespace_(all->what.ns());
  msg.set_resource_version("0");
  read(
      self, kind_of<core::v1::Service>(), std::move(msg),
      [self, all](const std::vector<object>& found) {
        ask_all(self, all, found);
      },
      [self, all](const caf::error&) { ask_all(self, all, {}); });
}

void find_owner_of(pointer self, const inquiry_ptr& all, const object& what) {
  auto* ref = rules::controller_of(what.meta());
  auto* kind =
      ref != nullptr ? find_kind(ref->api_version(), ref->kind()) : nullptr;
  if (kind == nullptr || !kind->has_verb("list")
      || all->owners.size() == most_owners) {
    find_services(self, all);
    return;
  }
  get(
      self, *kind, what.ns(), ref->name(), "0",
      [self, all, uid = ref->uid()](const std::vector<object>& found) {
        if (found.front().uid() != uid) {
          find_services(self, all);
          return;
        }
        all->owners.push_back(found.front());
        find_owner_of(self, all, found.front());
      },
      [self, all](const caf::error&) { find_services(self, all); });
}

/// A person names a kind without its group: the first that is acted on.
const kind_info* kind_named(const std::string& name) {
  const kind_info* result = nullptr;
  for (auto& kind : all_kinds())
    if (kind.kind == name && kind.has_verb("list")
        && (result == nullptr || (kind.acted_on && !result->acted_on)))
      result = &kind;
  return result;
}

} // namespace

caf::result<pb<system::Explanation>>
on_explain(pointer self, const pb<system::Explain>& msg) {
  if (auto err = check_master(self, msg->secret(), "ask why"))
    return err;
  auto* kind = kind_named(msg->kind());
  if (kind == nullptr)
    return make_error(ec::bad_request,
                      "there is no kind \"" + msg->kind() + "\"");
  auto all = std::make_shared<inquiry>(self);
  auto promise = all->promise;
  auto& key = msg->key();
  auto slash = key.find('/');
  auto ns = slash == key.npos ? std::string{} : key.substr(0, slash);
  auto name = slash == key.npos ? key : key.substr(slash + 1);
  get(
      self, *kind, ns, name, {},
      [self, all](const std::vector<object>& found) {
        all->what = found.front();
        find_owner_of(self, all, all->what);
      },
      [all](const caf::error& err) { all->promise.deliver(err); });
  return promise;
}

} // namespace troupe::serving

#include "tests/support/fake_api.hpp"

#include "actors/system/directory.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/codec.hpp"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <google/protobuf/message.h>

namespace troupe::test {

namespace {

using api_ptr = std::shared_ptr<fake_api>;
using reply = caf::result<pb<call::Response>, std::vector<object>>;

reply answer_with(std::vector<object> objects, uint64_t revision) {
  call::Response msg;
  msg.set_revision(revision);
  return {pb<call::Response>{std::move(msg)}, std::move(objects)};
}

std::string key_of(const call::Request& msg) {
  return msg.namespace_().empty() ? msg.name()
                                  : msg.namespace_() + "/" + msg.name();
}

reply on_create(fake_api& api, const fake_api::asked& what) {
  auto key = key_of(what.msg);
  if (api.find(what.msg.kind(), key))
    return make_error(ec::already_exists, key + " already exists");
  auto msg = what.body.clone();
  auto& meta = *mutable_metadata_of(*msg);
  if (meta.uid().empty())
    meta.set_uid("uid-" + std::to_string(api.revision + 1));
  api.put(object::of(std::move(msg)));
  return answer_with({api.find(what.msg.kind(), key)}, api.revision);
}

/// As the API server takes an update of the status: the rest stays as it was.
object with_status_of(const object& old, const object& body) {
  auto msg = old.clone();
  auto from = body.clone();
  auto* field = msg->GetDescriptor()->FindFieldByName("status");
  if (field != nullptr)
    msg->GetReflection()->SwapFields(msg.get(), from.get(), {field});
  return object::of(std::move(msg));
}

reply on_update(fake_api& api, const fake_api::asked& what) {
  auto key = key_of(what.msg);
  auto old = api.find(what.msg.kind(), key);
  if (!old)
    return make_error(ec::not_found, key + " not found");
  if (what.body.revision() != 0 && what.body.revision() != old.revision())
    return make_error(ec::conflict, key + " was changed");
  api.put(what.msg.subresource() == "status" ? with_status_of(old, what.body)
                                             : what.body);
  return answer_with({api.find(what.msg.kind(), key)}, api.revision);
}

reply on_list(fake_api& api, const call::Request& msg) {
  std::vector<object> result;
  for (auto& [at, what] : api.objects)
    if (at.first == msg.kind()
        && (msg.namespace_().empty() || what.ns() == msg.namespace_()))
      result.push_back(what);
  return answer_with(std::move(result), api.revision);
}

reply on_plain(fake_api& api, const fake_api::asked& what) {
  auto key = key_of(what.msg);
  switch (what.msg.verb()) {
    case call::CREATE:
      return on_create(api, what);
    case call::UPDATE:
      return on_update(api, what);
    case call::LIST:
      return on_list(api, what.msg);
    default:
      break;
  }
  auto found = api.find(what.msg.kind(), key);
  if (!found)
    return make_error(ec::not_found, key + " not found");
  if (what.msg.verb() == call::DELETE)
    api.remove(what.msg.kind(), key);
  return answer_with({found}, api.revision);
}

using session_pointer = session_actor::pointer;

reply on_request(session_pointer self, fake_api& api, const call::Request& msg,
                 const object& body) {
  api.requests.push_back({msg, body});
  fake_api::asked what{msg, body};
  if (api.mute)
    return self
        ->make_response_promise<pb<call::Response>, std::vector<object>>();
  if (api.refuse)
    if (auto err = api.refuse(what))
      return *err;
  if (api.writes && (!msg.subresource().empty() || msg.verb() == call::PATCH))
    return answer_with({api.writes(what)}, api.revision);
  if (msg.subresource().empty() || msg.verb() == call::UPDATE)
    return on_plain(api, what);
  return answer_with({api.find(msg.kind(), key_of(msg))}, api.revision);
}

/// Of the fields that may be selected by, only the name counts here.
bool is_wanted(const call::Watch& msg, const object& what) {
  constexpr std::string_view by_name = "metadata.name=";
  if (msg.kind() != what.kind().kind
      || (!msg.namespace_().empty() && msg.namespace_() != what.ns()))
    return false;
  auto& fields = msg.field_selector();
  return !fields.starts_with(by_name)
         || fields.substr(by_name.size()) == what.name();
}

caf::result<pb<call::WatchStarted>>
on_watch(fake_api& api, const call::Watch& msg, const watcher_actor& to) {
  // Whoever asks without a pause would never let the test go on.
  if (api.no_watch && ++api.refused_watches < 100)
    return api.no_watch;
  api.watches.push_back({msg, to, 0});
  changes batch;
  batch.reset = true;
  batch.complete = true;
  for (auto& [at, what] : api.objects)
    if (is_wanted(msg, what))
      batch.items.push_back({change_type::added, what});
  api.tell(api.watches.back(), std::move(batch));
  call::WatchStarted started;
  started.set_revision(api.revision);
  return pb<call::WatchStarted>{std::move(started)};
}

session_actor::behavior_type session(session_pointer self, api_ptr api) {
  return {
      [self, api](const pb<call::Request>& msg, const object& body) {
        return on_request(self, *api, *msg, body);
      },
      [api](const pb<call::Watch>& msg, const watcher_actor& to) {
        return on_watch(*api, *msg, to);
      },
      [](const pb<call::Ack>&, const watcher_actor&) {},
      [api](const pb<call::StopWatch>& msg, const watcher_actor& from) {
        std::erase_if(api->watches, [&](const fake_api::watch& each) {
          return each.to == from && each.msg.stream() == msg->stream();
        });
      },
      [](const pb<system::ListActors>&) { return pb<system::ActorList>{}; },
      [](const pb<system::Kill>&) { return pb<system::Killed>{}; },
      [](const pb<system::Explain>&) { return pb<system::Explanation>{}; },
      [](const pb<system::Describe>&) { return pb<system::Description>{}; },
  };
}

front_door_actor::behavior_type
front_door(front_door_actor::pointer self, api_ptr api,
           std::shared_ptr<std::vector<caf::actor>> sessions) {
  return {
      [](const pb<call::AskNonce>&) { return pb<call::Nonce>{}; },
      [self, api, sessions](const pb<call::OpenSession>&)
          -> caf::result<pb<call::SessionOpened>, session_actor> {
        auto handle = self->spawn(session, api);
        sessions->push_back(caf::actor_cast<caf::actor>(handle));
        return {pb<call::SessionOpened>{}, handle};
      },
      [](const pb<system::Describe>&) { return pb<system::Description>{}; },
  };
}

/// Tells the term that it was told, to whoever knows another.
struct fake_election_state {
  static inline const char* name = "fake_election";

  uint64_t term = 1;
  std::vector<caf::typed_response_promise<pb<system::Term>>> waiting;
};

pb<system::Term> a_term(uint64_t number) {
  system::Term msg;
  msg.set_number(number);
  msg.set_holder(number != 0 ? "server-1_a" : "server-2_b");
  return pb<system::Term>{std::move(msg)};
}

election_actor::behavior_type
fake_election(election_actor::stateful_pointer<fake_election_state> self,
              std::shared_ptr<size_t> refusals) {
  return {
      [self, refusals](
          const pb<system::AwaitTerm>& msg) -> caf::result<pb<system::Term>> {
        auto& st = self->state;
        if (msg->refused()) {
          ++*refusals;
          st.term = 0;
          for (auto& each : std::exchange(st.waiting, {}))
            each.deliver(a_term(0));
        }
        if (msg->known().number() != st.term)
          return a_term(st.term);
        st.waiting.push_back(self->make_response_promise<pb<system::Term>>());
        return st.waiting.back();
      },
      [self](const pb<system::Tick>& msg) {
        self->state.term = msg->number();
        for (auto& each : std::exchange(self->state.waiting, {}))
          each.deliver(a_term(msg->number()));
      },
      [](const changes&) {
        // It has no view.
      },
      [](const pb<system::Describe>&) { return pb<system::Description>{}; },
  };
}

} // namespace

object fake_api::put(const google::protobuf::Message& msg) {
  auto what = object::of(msg);
  put(what);
  return find(std::string{what.kind().kind}, what.key());
}

void fake_api::put(object what) {
  what = what.with_revision(++revision);
  auto at = std::make_pair(std::string{what.kind().kind}, what.key());
  auto known = objects.count(at) > 0;
  objects[at] = what;
  tell_all(known ? change_type::modified : change_type::added, what);
}

void fake_api::remove(const std::string& kind, const std::string& key) {
  auto i = objects.find({kind, key});
  if (i == objects.end())
    return;
  auto what = i->second.with_revision(++revision);
  objects.erase(i);
  tell_all(change_type::deleted, what);
}

object fake_api::find(const std::string& kind, const std::string& key) const {
  auto i = objects.find({kind, key});
  return i == objects.end() ? object{} : i->second;
}

std::vector<fake_api::asked> fake_api::of(call::Verb verb,
                                          const std::string& kind,
                                          const std::string& sub) const {
  std::vector<asked> result;
  for (auto& x : requests)
    if (x.msg.verb() == verb && x.msg.kind() == kind
        && x.msg.subresource() == sub)
      result.push_back(x);
  return result;
}

std::vector<std::string> fake_api::events(const std::string& reason) const {
  std::vector<std::string> result;
  for (auto& x : of(call::CREATE, "Event"))
    if (x.body.as<core::v1::Event>().reason() == reason)
      result.push_back(x.body.as<core::v1::Event>().message());
  return result;
}

void fake_api::tell(watch& w, changes batch) {
  batch.stream = w.msg.stream();
  batch.sequence = ++w.sequence;
  batch.revision = revision;
  caf::anon_send(w.to, std::move(batch));
}

void fake_api::tell_all(change_type type, const object& what) {
  for (auto& w : watches) {
    if (!is_wanted(w.msg, what))
      continue;
    changes batch;
    batch.items.push_back({type, what});
    tell(w, std::move(batch));
  }
}

struct fake_world::clock : world {
  time_point present = time_point{} + std::chrono::hours(24 * 365 * 56);

  time_point now() const override { return present; }

  std::function<uint64_t()> entropy(const std::string&,
                                    uint64_t) const override {
    auto next = std::make_shared<uint64_t>(0);
    return [next] { return (*next)++; };
  }

  bool threads() const override { return false; }
};

fake_world::fake_world() : clock_(std::make_shared<clock>()) {
  config_ = std::make_unique<caf::actor_system_config>();
  config_->set("scheduler.policy", caf::atom("testing"));
  register_types(*config_);
  system_ = std::make_unique<caf::actor_system>(*config_);
  coordinator_ =
      dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  directory_ = system_->spawn(directory);
  auto door = system_->spawn(front_door, api_, sessions_);
  door_ = caf::actor_cast<caf::actor>(door);
  enter("apiserver/front_door", door_);
  // Which link it is makes no difference to who asks it for a session.
  enter("link", door_);
  election_ =
      caf::actor_cast<caf::actor>(system_->spawn(fake_election, refusals_));
  enter("elections/kube-scheduler", election_);
  enter("elections/kube-controller-manager", election_);
  run();
}

fake_world::~fake_world() {
  api_->watches.clear();
  for (auto& x : *sessions_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  sessions_->clear();
  end(election_);
  election_ = nullptr;
  end(door_);
  end(caf::actor_cast<caf::actor>(directory_));
  door_ = nullptr;
  directory_ = nullptr;
  run();
}

void fake_world::run() {
  coordinator_->run();
}

void fake_world::advance(std::chrono::milliseconds by) {
  run();
  // Step by step: a timer that falls due may set the next one.
  constexpr std::chrono::milliseconds step{10};
  while (by.count() > 0) {
    auto part = std::min(by, step);
    clock_->present += part;
    coordinator_->advance_time(part);
    coordinator_->run();
    by -= part;
  }
}

void fake_world::enter(const std::string& path, const caf::actor& what) {
  system::Started started;
  started.set_path(path);
  caf::anon_send(directory_, pb<system::Started>{std::move(started)}, what);
  run();
}

void fake_world::set_term(uint64_t term) {
  system::Tick msg;
  msg.set_number(term);
  caf::anon_send(caf::actor_cast<election_actor>(election_),
                 pb<system::Tick>{std::move(msg)});
  run();
}

std::vector<std::string> fake_world::facts_of(const caf::actor& what) {
  std::vector<std::string> result;
  caf::scoped_actor self{*system_};
  auto asked =
      self->request(caf::actor_cast<describe_actor>(what), caf::infinite,
                    pb<system::Describe>{system::Describe{}});
  run();
  asked.receive(
      [&](const pb<system::Description>& told) {
        result.assign(told->facts().begin(), told->facts().end());
      },
      [](const caf::error&) {});
  return result;
}

void fake_world::break_sessions() {
  auto sessions = std::move(*sessions_);
  sessions_->clear();
  api_->watches.clear();
  for (auto& x : sessions)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  run();
}

context fake_world::at(const std::string& path) {
  return at(path, {});
}

context fake_world::at(const std::string& path, const cluster_config& config) {
  return context{clock_,
                 std::make_shared<edges>(*edges_),
                 std::make_shared<cluster_config>(config),
                 directory_,
                 path,
                 1};
}

void fake_world::end(const caf::actor& what) {
  caf::anon_send_exit(what, caf::exit_reason::user_shutdown);
  run();
}

} // namespace troupe::test

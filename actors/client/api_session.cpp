#include "actors/client/api_session.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/election.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <cstdio>

namespace troupe {

namespace {

/// Kubernetes' event client: a burst of 25 per object, then one in 300 s.
constexpr double event_burst = 25;
constexpr double events_per_second = 1.0 / 300;

constexpr size_t remembered_events = 1000;

/// So many events are written at a time: they tell of work, and must not get
/// in its way.
constexpr size_t most_events_busy = 4;

/// Every so many batches are acknowledged; a view lets twice as many be open.
constexpr uint64_t batches_per_ack = 8;

/// Until a watch is asked for again that was refused.
constexpr std::chrono::seconds refused_pause{1};

std::string reference_key(const object& about, const std::string& type,
                          const std::string& reason,
                          const std::string& message) {
  return about.uid() + "|" + about.key() + "|" + type + "|" + reason + "|"
         + message;
}

/// Says something about a stream of ours.
template <class Msg>
void tell(caf::scheduled_actor* self, const api_actor& api, Msg msg) {
  caf::actor_cast<caf::strong_actor_ptr>(api)->enqueue(
      caf::make_mailbox_element(self->ctrl(), caf::make_message_id(), {},
                                pb<Msg>{std::move(msg)},
                                caf::actor_cast<watcher_actor>(self->ctrl())),
      self->context());
}

void stop_stream(caf::scheduled_actor* self, const api_actor& api,
                 uint64_t stream) {
  call::StopWatch msg;
  msg.set_stream(stream);
  tell(self, api, std::move(msg));
}

/// Kubernetes: an event's name ends in its time, so that names are in order.
/// Two of one object at a time get two names by chance.
uint64_t event_stamp(const context& ctx) {
  constexpr uint64_t chance = 0xffff;
  auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(
                  ctx.now().time_since_epoch())
                  .count();
  return (static_cast<uint64_t>(time) & ~chance) | (ctx.random() & chance);
}

/// Who speaks, in the words of Kubernetes' components.
core::v1::EventSource event_source_of(const std::string& user) {
  const std::string node = "system:node:";
  core::v1::EventSource result;
  if (user.rfind(node, 0) == 0) {
    result.set_component("kubelet");
    result.set_host(user.substr(node.size()));
  } else if (user == "system:kube-scheduler") {
    result.set_component("default-scheduler");
  } else {
    // Controllers are service accounts, and speak by that name.
    result.set_component(user.substr(user.rfind(':') + 1));
  }
  return result;
}

/// Lets a stream that was refused end in a while, so that it begins again then:
/// what is refused at once would be asked for without end.
void end_later(caf::scheduled_actor* self, uint64_t stream,
               const caf::error& why) {
  changes batch;
  batch.stream = stream;
  batch.ended = to_status(why).SerializeAsString();
  self->clock().schedule_message(
      self->clock().now() + refused_pause, caf::strong_actor_ptr{self->ctrl()},
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                std::move(batch)));
}

} // namespace

uint64_t answer::revision() const {
  return response->revision();
}

object answer::one() const {
  return objects.empty() ? object{} : objects.front();
}

void api_session::open(caf::scheduled_actor* self, const context& ctx,
                       std::string user, std::vector<std::string> groups) {
  self_ = self;
  ctx_ = ctx;
  calls_ = calls{self};
  user_ = std::move(user);
  groups_ = std::move(groups);
  find_link();
  if (!election_.empty())
    find_election(0);
}

void api_session::find_link() {
  if (opening_)
    return;
  opening_ = true;
  system::Resolve msg;
  msg.set_path("link");
  calls_.ask<caf::actor>(
      ctx_->directory(),
      [this](const caf::actor& link) {
        ask_session(caf::actor_cast<link_actor>(link));
      },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void api_session::ask_session(const link_actor& link) {
  call::OpenSession msg;
  msg.set_user(user_);
  for (auto& g : groups_)
    msg.add_groups(g);
  msg.set_component(ctx_->path());
  msg.set_election(election_);
  calls_.ask<pb<call::SessionOpened>, session_actor>(
      link,
      [this](const pb<call::SessionOpened>&, const session_actor& api) {
        opened(api);
      },
      [this](const caf::error&) {
        opening_ = false;
        find_link();
      },
      pb<call::OpenSession>{std::move(msg)});
}

void api_session::opened(const api_actor& api) {
  opening_ = false;
  api_ = api;
  self_->monitor(api);
  for (auto& [id, sub] : subscriptions_)
    start(id);
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& p : waiting)
    send(std::move(p));
}

uint64_t api_session::subscribe(const selection& what, on_batch batch) {
  auto id = ++last_stream_;
  auto& sub = subscriptions_[id];
  sub.what = what;
  sub.batch = std::move(batch);
  if (api_)
    start(id);
  return id;
}

void api_session::unsubscribe(uint64_t id) {
  auto it = subscriptions_.find(id);
  if (it == subscriptions_.end())
    return;
  if (api_ && it->second.stream != 0)
    stop_stream(self_, api_, it->second.stream);
  streams_.erase(it->second.stream);
  subscriptions_.erase(it);
}

void api_session::start(uint64_t id) {
  auto& sub = subscriptions_[id];
  streams_.erase(sub.stream);
  sub.stream = ++last_stream_;
  sub.expected = 1;
  streams_[sub.stream] = id;
  call::Watch msg;
  msg.set_api_version(sub.what.kind->api_version());
  msg.set_kind(std::string{sub.what.kind->kind});
  msg.set_namespace_(sub.what.ns);
  msg.set_label_selector(sub.what.label_selector);
  msg.set_field_selector(sub.what.field_selector);
  msg.set_stream(sub.stream);
  msg.set_bookmarks(true);
  if (sub.revision != 0)
    msg.set_resource_version(std::to_string(sub.revision));
  auto stream = sub.stream;
  calls_.ask<pb<call::WatchStarted>>(
      api_, [](const pb<call::WatchStarted>&) {},
      [this, id, stream](const caf::error& err) {
        // Unless a new session did that already.
        auto it = subscriptions_.find(id);
        if (!api_ || it == subscriptions_.end() || it->second.stream != stream)
          return;
        if (is(err, ec::expired) || is(err, ec::service_unavailable))
          start_again(id, err);
        else
          end_later(self_, stream, err);
      },
      pb<call::Watch>{std::move(msg)},
      caf::actor_cast<watcher_actor>(self_->ctrl()));
}

void api_session::start_again(uint64_t id, const caf::error& why) {
  if (is(why, ec::expired))
    subscriptions_[id].revision = 0;
  start(id);
}

void api_session::on_changes(const changes& batch) {
  auto known = streams_.find(batch.stream);
  if (known == streams_.end())
    return;
  auto id = known->second;
  auto& sub = subscriptions_[id];
  if (!batch.ended.empty()) {
    meta::v1::Status status;
    status.ParseFromString(batch.ended);
    start_again(id, from_status(status));
    return;
  }
  if (batch.sequence != sub.expected) {
    if (api_)
      stop_stream(self_, api_, batch.stream);
    start(id);
    return;
  }
  ++sub.expected;
  if (batch.reset)
    sub.revision = 0;
  sub.revision = std::max(sub.revision, batch.revision);
  auto deliver = sub.batch;
  deliver(batch);
  if (batch.sequence % batches_per_ack != 0 || !api_)
    return;
  call::Ack ack;
  ack.set_stream(batch.stream);
  ack.set_sequence(batch.sequence);
  tell(self_, api_, std::move(ack));
}

bool api_session::on_down(const caf::down_msg& down) {
  auto mine = calls_.on_down(down);
  if (api_ && api_.address() == down.source) {
    api_ = nullptr;
    mine = true;
    find_link();
  }
  return mine;
}

call::Request api_session::about(call::Request msg,
                                 const object_ref& ref) const {
  msg.set_api_version(ref.kind->api_version());
  msg.set_kind(std::string{ref.kind->kind});
  msg.set_namespace_(ref.ns);
  msg.set_name(ref.name);
  return msg;
}

void api_session::request(call::Request msg, const object& body,
                          on_answer done) {
  if (election_.empty())
    return send({std::move(msg), body, std::move(done)});
  // It was decided on in this term, whenever it is sent.
  msg.set_term(term_);
  send({std::move(msg), body,
        [this, term = term_, done = std::move(done)](expected<answer> result) {
          if (!result && rules::is_term_over(result.error()))
            on_refused(term);
          done(std::move(result));
        }});
}

void api_session::send(pending p) {
  if (!api_) {
    waiting_.push_back(std::move(p));
    return;
  }
  auto done = std::move(p.done);
  calls_.ask<pb<call::Response>, std::vector<object>>(
      api_,
      [done](const pb<call::Response>& response,
             const std::vector<object>& objects) {
        done(answer{response, objects});
      },
      [done](const caf::error& err) { done(err); },
      pb<call::Request>{std::move(p.msg)}, p.body);
}

void api_session::open_stream(call::OpenStream msg,
                              const container_stream_actor& to, on_stream done,
                              on_error failed) {
  calls_.ask<pb<container::StreamOpened>, stream_source_actor>(
      api_,
      [done](const pb<container::StreamOpened>& opened,
             const stream_source_actor& source) {
        done(opened->stream(), source);
      },
      std::move(failed), pb<call::OpenStream>{std::move(msg)}, to);
}

void api_session::get(const object_ref& ref, on_answer done) {
  call::Request msg;
  msg.set_verb(call::GET);
  request(about(std::move(msg), ref), {}, std::move(done));
}

void api_session::list(const selection& what, on_answer done) {
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_label_selector(what.label_selector);
  msg.set_field_selector(what.field_selector);
  request(about(std::move(msg), {what.kind, what.ns, {}}), {}, std::move(done));
}

void api_session::create(const object& what, on_answer done) {
  call::Request msg;
  msg.set_verb(call::CREATE);
  request(about(std::move(msg), {&what.kind(), what.ns(), what.name()}), what,
          std::move(done));
}

void api_session::update(const object& what, on_answer done) {
  call::Request msg;
  msg.set_verb(call::UPDATE);
  request(about(std::move(msg), {&what.kind(), what.ns(), what.name()}), what,
          std::move(done));
}

void api_session::update_status(const object& what, on_answer done) {
  call::Request msg;
  msg.set_verb(call::UPDATE);
  msg.set_subresource("status");
  request(about(std::move(msg), {&what.kind(), what.ns(), what.name()}), what,
          std::move(done));
}

void api_session::patch(const object_ref& ref, patch_type type,
                        std::string document, on_answer done,
                        std::string subresource) {
  call::Request msg;
  msg.set_verb(call::PATCH);
  msg.set_subresource(std::move(subresource));
  msg.set_patch_type(type == patch_type::merge       ? call::MERGE
                     : type == patch_type::strategic ? call::STRATEGIC
                                                     : call::JSON);
  msg.set_patch(std::move(document));
  request(about(std::move(msg), ref), {}, std::move(done));
}

void api_session::remove(const object_ref& ref, const delete_options& options,
                         on_answer done) {
  call::Request msg;
  msg.set_verb(call::DELETE);
  if (options.grace_period_seconds)
    msg.set_grace_period_seconds(*options.grace_period_seconds);
  msg.set_propagation_policy(options.propagation_policy);
  msg.set_precondition_uid(options.precondition_uid);
  request(about(std::move(msg), ref), {}, std::move(done));
}

bool api_session::allows_event(const std::string& uid) {
  auto steady = self_->clock().now();
  auto [allowed, fresh] = allowances_.try_emplace(uid);
  auto& allowance = allowed->second;
  if (fresh)
    allowance.at = steady;
  std::chrono::duration<double> passed = steady - allowance.at;
  allowance.tokens = std::min(
      event_burst, allowance.tokens + passed.count() * events_per_second);
  allowance.at = steady;
  if (allowance.tokens < 1)
    return false;
  allowance.tokens -= 1;
  if (allowances_.size() > remembered_events)
    allowances_.erase(allowances_.begin());
  return true;
}

void api_session::emit(const object& about, const std::string& type,
                       const std::string& reason, const std::string& message) {
  if (!is_active() || events_due_.size() >= remembered_events
      || !allows_event(about.uid()))
    return;
  auto key = reference_key(about, type, reason, message);
  auto& told = events_[key];
  if (told.count++ == 0)
    make_event(told, about, type, reason, message);
  if (!std::exchange(told.due, true))
    events_due_.push_back(key);
  if (events_.size() > remembered_events) {
    auto oldest = events_.begin();
    if (!oldest->second.busy && !oldest->second.due)
      events_.erase(oldest);
  }
  write_events();
}

void api_session::make_event(told_event& told, const object& about,
                             const std::string& type, const std::string& reason,
                             const std::string& message) {
  auto now = ctx_->now();
  char suffix[24];
  std::snprintf(suffix, sizeof(suffix), ".%016llx",
                static_cast<unsigned long long>(event_stamp(*ctx_)));
  told.ns = about.ns().empty() ? "default" : about.ns();
  told.name = about.name() + suffix;
  core::v1::Event event;
  event.mutable_metadata()->set_name(told.name);
  event.mutable_metadata()->set_namespace_(told.ns);
  auto& ref = *event.mutable_involved_object();
  ref.set_kind(std::string{about.kind().kind});
  ref.set_api_version(about.kind().api_version());
  ref.set_namespace_(about.ns());
  ref.set_name(about.name());
  ref.set_uid(about.uid());
  if (about.revision() != 0)
    ref.set_resource_version(std::to_string(about.revision()));
  event.set_type(type);
  event.set_reason(reason);
  event.set_message(message);
  event.set_count(1);
  *event.mutable_first_timestamp() = to_time(now);
  *event.mutable_last_timestamp() = to_time(now);
  auto who = event_source_of(user_);
  event.set_reporting_component(who.component());
  event.set_reporting_instance(who.host());
  *event.mutable_source() = std::move(who);
  told.fresh = object::of(event);
}

void api_session::write_events() {
  // One that is being written comes again when that is over.
  for (auto left = events_due_.size();
       left > 0 && events_busy_ < most_events_busy; --left) {
    auto key = std::move(events_due_.front());
    events_due_.pop_front();
    auto told = events_.find(key);
    if (told == events_.end())
      continue;
    if (told->second.busy)
      events_due_.push_back(std::move(key));
    else
      write_event(key, told->second);
  }
}

void api_session::write_event(const std::string& key, told_event& told) {
  ++events_busy_;
  told.due = false;
  told.busy = true;
  auto done = [this, key](const expected<answer>& result) {
    event_written(key, result);
  };
  if (told.fresh) {
    // It says once; what happened more often by now is said behind it.
    if (told.count > 1) {
      told.due = true;
      events_due_.push_back(key);
    }
    create(std::exchange(told.fresh, {}), done);
    return;
  }
  auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now());
  auto at = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&at, &parts);
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts);
  auto document = "{\"count\":" + std::to_string(told.count)
                  + ",\"lastTimestamp\":\"" + stamp + "\"}";
  patch({&kind_of<core::v1::Event>(), told.ns, told.name}, patch_type::merge,
        document, done);
}

void api_session::event_written(const std::string& key,
                                const expected<answer>& result) {
  --events_busy_;
  if (auto told = events_.find(key); told != events_.end()) {
    told->second.busy = false;
    // What could not be written is told anew the next time.
    if (!result)
      events_.erase(told);
  }
  write_events();
}

} // namespace troupe

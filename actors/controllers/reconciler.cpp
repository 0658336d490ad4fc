#include "actors/controllers/reconciler.hpp"

#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe {

namespace {

/// So many keys are looked at before other messages get their turn.
constexpr int keys_per_turn = 16;

constexpr auto election_name = "kube-controller-manager";

/// A standby's keys are so many before any is forgotten.
constexpr size_t least_keys = 1024;

pb<system::Tick> tick(const char* what, uint64_t number) {
  system::Tick msg;
  msg.set_what(what);
  msg.set_number(number);
  return pb<system::Tick>{std::move(msg)};
}

} // namespace

void reconciler::bind(caf::scheduled_actor* self, decision decide) {
  self_ = self;
  decide_ = std::move(decide);
}

shown& reconciler::follow(const selection& what, shown::on_change heard) {
  auto number = views_.size();
  follow_only(what,
              [this, number, heard = std::move(heard)](const changes& batch) {
                views_[number]->view.apply(batch, heard);
              });
  return views_[number]->view;
}

void reconciler::follow_only(const selection& what,
                             api_session::on_batch heard) {
  auto number = views_.size();
  views_.push_back(std::make_unique<followed>());
  auto* entry = views_.back().get();
  entry->kind = what.kind;
  api_.subscribe(what, [this, number, entry,
                        heard = std::move(heard)](const changes& batch) {
    if (batch.reset)
      entry->complete = false;
    heard(batch);
    entry->complete = entry->complete || batch.complete;
    if (entry->complete)
      dirty_.shown(number, batch.revision);
    go_on();
  });
}

void reconciler::open(const context& ctx, std::string user) {
  api_.stand_for(election_name, [this] { go_on(); });
  api_.open(self_, ctx, std::move(user));
}

void reconciler::mark(const std::string& key) {
  dirty_.mark(key);
  if (!api_.is_active() && dirty_.size() > prune_at_)
    prune();
  go_on();
}

bool reconciler::is_wanted(const std::string& key) const {
  return (wanted_ && wanted_(key))
         || std::any_of(views_.begin(), views_.end(), [&](const auto& each) {
              return static_cast<bool>(each->view.find(key));
            });
}

// A standby may wait for months, and what it waits to look at be long gone.
void reconciler::prune() {
  if (ready() && prune_at_ != 0)
    dirty_.keep([this](const std::string& key) { return is_wanted(key); });
  prune_at_ = std::max(least_keys, 2 * dirty_.size());
}

void reconciler::mark_at(const std::string& key, time_point when) {
  mark_at(key, instant{now(), self_->clock().now()}.steady_at(when));
}

void reconciler::mark_at(const std::string& key, steady_point when) {
  dirty_.mark_at(key, when);
  set_alarm();
}

void reconciler::finish(const std::string& key, const caf::error& err) {
  if (err)
    dirty_.failed(key, self_->clock().now());
  else
    dirty_.done(key);
  go_on();
  set_alarm();
}

void reconciler::create(const std::string& key, const object& what,
                        outcome done) {
  api_.create(what, noting(key, what.kind(), std::move(done)));
}

void reconciler::update(const std::string& key, const object& what,
                        outcome done) {
  api_.update(what, noting(key, what.kind(), std::move(done)));
}

void reconciler::update_status(const std::string& key, const object& what,
                               outcome done) {
  api_.update_status(what, noting(key, what.kind(), std::move(done)));
}

void reconciler::remove(const std::string& key, const object& what,
                        const delete_options& options, outcome done) {
  api_.remove({&what.kind(), what.ns(), what.name()}, options,
              noting(key, what.kind(), std::move(done)));
}

void reconciler::request(const std::string& key, const kind_info& kind,
                         call::Request msg, const object& body, outcome done) {
  api_.request(std::move(msg), body, noting(key, kind, std::move(done)));
}

reconciler::outcome reconciler::noting(const std::string& key,
                                       const kind_info& kind, outcome done) {
  return [this, key, &kind, done = std::move(done)](expected<answer> result) {
    if (result)
      for (size_t i = 0; i < views_.size(); ++i)
        if (views_[i]->kind == &kind)
          dirty_.wrote(key, i, result->revision());
    done(std::move(result));
  };
}

void reconciler::confirm(const object& what,
                         std::function<void(expected<bool>)> done) {
  api_.get({&what.kind(), what.ns(), what.name()},
           [what, done = std::move(done)](expected<answer> result) {
             if (!result && !is(result.error(), ec::not_found))
               return done(result.error());
             auto found = result ? result->one() : object{};
             done(found && found.uid() == what.uid()
                  && !found.meta().has_deletion_timestamp());
           });
}

void reconciler::tell(const std::vector<rules::event_note>& events) {
  for (const auto& each : events)
    tell(each.about, each.warning, each.reason, each.message);
}

void reconciler::tell(const object& about, bool warning,
                      const std::string& reason, const std::string& message) {
  api_.emit(about, warning ? "Warning" : "Normal", reason, message);
}

bool reconciler::ready() const {
  return std::all_of(views_.begin(), views_.end(),
                     [](const auto& each) { return each->complete; });
}

void reconciler::go_on() {
  if (going_on_ || !api_.is_active() || !dirty_.ready() || !ready())
    return;
  going_on_ = true;
  caf::anon_send(caf::actor_cast<caf::actor>(self_->ctrl()), tick("turn", 0));
}

void reconciler::turn() {
  going_on_ = false;
  if (!ready() || !api_.is_active())
    return;
  for (int i = 0; i < keys_per_turn; ++i) {
    auto key = dirty_.take();
    if (!key)
      break;
    decide_(*key);
  }
  go_on();
  set_alarm();
}

void reconciler::set_alarm() {
  auto due = dirty_.due();
  if (!due || (alarm_at_ && *alarm_at_ <= *due))
    return;
  alarm_at_ = due;
  self_->clock().schedule_message(
      *due, caf::strong_actor_ptr{self_->ctrl()},
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                tick("alarm", ++alarm_)));
}

void reconciler::on_tick(const system::Tick& msg) {
  if (msg.what() == "turn") {
    turn();
  } else if (msg.number() == alarm_) {
    alarm_at_.reset();
    dirty_.wake(self_->clock().now());
    go_on();
    set_alarm();
  }
}

void reconciler::on_changes(const changes& batch) {
  api_.on_changes(batch);
}

void reconciler::on_down(const caf::down_msg& down) {
  api_.on_down(down);
}

system::Explanation reconciler::explain(const std::string& key) const {
  system::Explanation result;
  if (!api_.is_active())
    return standby_explanation(api_);
  for (const auto& each : why.of(key))
    result.add_decisions(each);
  return result;
}

system::Description reconciler::describe() const {
  system::Description result;
  result.add_facts(api_.is_active() ? "active" : "standby");
  if (!api_.is_active())
    result.add_facts("marked=" + std::to_string(dirty_.size()));
  for (const auto& each : views_)
    if (!each->view.all().empty())
      result.add_facts(std::string{each->kind->plural} + "="
                       + std::to_string(each->view.all().size()));
  result.add_facts("busy=" + std::to_string(dirty_.busy()));
  result.add_facts("waiting=" + std::to_string(dirty_.waiting()));
  return result;
}

gathering::gathering(std::function<void(const caf::error&)> then)
    : state_(std::make_shared<progress>()) {
  state_->then = std::move(then);
}

reconciler::outcome
gathering::expect(std::function<bool(const caf::error&)> accept) {
  ++state_->open;
  return [p = state_, accept = std::move(accept)](expected<answer> result) {
    if (!result && !p->first && !(accept && accept(result.error())))
      p->first = result.error();
    end_one(p);
  };
}

void gathering::close() {
  end_one(state_);
}

void gathering::end_one(const std::shared_ptr<progress>& p) {
  if (--p->open == 0)
    p->then(p->first);
}

} // namespace troupe

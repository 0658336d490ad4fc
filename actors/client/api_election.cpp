#include "actors/client/api_session.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/election.hpp"

#include <caf/actor_cast.hpp>

// How a component hears from the election beside it.
namespace troupe {

namespace {

/// An election that was killed is there again at once. One that stays away
/// renews nothing: others take over soon.
constexpr std::chrono::milliseconds election_patience{5000};

} // namespace

void api_session::stand_for(std::string election, std::function<void()> won) {
  election_ = std::move(election);
  won_ = std::move(won);
}

/// `known` is the term that it was told last. It may be in none already, as a
/// write was refused, and wait to be told why.
void api_session::find_election(uint64_t known) {
  system::Resolve msg;
  msg.set_path(ctx_->beside("elections/" + election_));
  if (known != 0)
    msg.set_patience_ms(election_patience.count());
  calls_.ask<caf::actor>(
      ctx_->directory(),
      [this, known](const caf::actor& found) {
        await_term(caf::actor_cast<election_actor>(found), known);
      },
      // The directory's end is the end of all who use it.
      [this](const caf::error& err) {
        if (is(err, ec::not_found))
          step_down();
      },
      pb<system::Resolve>{std::move(msg)});
}

void api_session::await_term(const election_actor& from, uint64_t known) {
  electing_ = from;
  system::AwaitTerm msg;
  msg.mutable_known()->set_number(known);
  msg.mutable_known()->set_holder(holder_);
  calls_.ask<pb<system::Term>>(
      from,
      [this, from, known](const pb<system::Term>& now) {
        on_term(*now, from, known);
      },
      [this, known](const caf::error&) { find_election(known); },
      pb<system::AwaitTerm>{std::move(msg)});
}

void api_session::on_term(const system::Term& now, const election_actor& from,
                          uint64_t known) {
  holder_ = now.holder();
  if (known != 0 && now.number() == 0)
    return step_down();
  await_term(from, now.number());
  if (now.number() == known)
    return;
  // From one term to the next without a pause: the election was begun anew
  // here, and what was decided meanwhile is refused as any old write.
  auto was_active = is_active();
  term_ = now.number();
  if (!was_active)
    won_();
}

void api_session::on_refused(uint64_t term) {
  if (term == 0 || term != term_)
    return;
  term_ = 0;
  // It tells of another term, or that there is none.
  auto to = caf::actor_cast<caf::strong_actor_ptr>(electing_);
  if (!to)
    return;
  system::AwaitTerm msg;
  msg.mutable_known()->set_number(term);
  msg.set_refused(true);
  to->enqueue(caf::make_mailbox_element(self_->ctrl(), caf::make_message_id(),
                                        {},
                                        pb<system::AwaitTerm>{std::move(msg)}),
              self_->context());
}

void api_session::step_down() {
  term_ = 0;
  self_->quit(make_error(ec::conflict, "another process is the active "
                                           + election_ + " now"));
}

system::Explanation standby_explanation(const api_session& api) {
  system::Explanation result;
  result.set_standby(true);
  result.add_decisions("is a standby and decides nothing: "
                       + (api.holder().empty()
                              ? "nobody is active now"
                              : "the active one is " + api.holder()));
  return result;
}

} // namespace troupe

#include "runtime/rules/election.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/meta.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

using coordination::v1::Lease;

constexpr auto details_kind = "elections";

bool is_active(const election_facts& facts, steady_point now,
               const election_patience& patience) {
  return facts.term != 0 && facts.lease
         && holder_of(facts.lease) == facts.identity
         && now < facts.held + patience.deadline;
}

election_decision as_active(const election_facts& facts, steady_point now,
                            const election_patience& patience) {
  auto give_up = facts.held + patience.deadline;
  election_decision result;
  result.active = true;
  result.look_again = give_up;
  if (facts.busy)
    return result;
  auto due = std::max(facts.held + patience.renew_every, facts.pause);
  if (due <= now)
    result.what = election_decision::renew;
  else
    result.look_again = std::min(due, give_up);
  return result;
}

/// Since when the Lease is free, as far as it is known to become so.
steady_point free_since(const election_facts& facts,
                        const election_patience& patience) {
  if (!facts.lease)
    return facts.seen;
  auto holder = holder_of(facts.lease);
  if (holder.empty() || holder == facts.identity || holder == facts.earlier)
    return facts.seen;
  auto seconds = facts.lease.as<Lease>().spec().lease_duration_seconds();
  return facts.seen
         + (seconds > 0 ? std::chrono::seconds{seconds} : patience.lease);
}

} // namespace

election_decision decide_election(const election_facts& facts, steady_point now,
                                  const election_patience& patience) {
  if (!facts.known)
    return {};
  if (is_active(facts, now, patience))
    return as_active(facts, now, patience);
  election_decision result;
  // What became of a write that is on its way decides.
  if (facts.busy)
    return result;
  auto due = std::max(free_since(facts, patience), facts.pause);
  if (due <= now)
    result.what = election_decision::acquire;
  else
    result.look_again = due;
  return result;
}

std::string holder_of(const object& lease) {
  return lease ? lease.as<Lease>().spec().holder_identity() : std::string{};
}

bool is_life_of(const std::string& identity, const std::string& process) {
  return identity.rfind(process + "_", 0) == 0;
}

object acquired(const object& lease, const std::string& name,
                const std::string& identity, time_point now,
                const election_patience& patience) {
  auto result = lease ? lease.copy<Lease>() : Lease{};
  auto& spec = *result.mutable_spec();
  if (!lease) {
    result.mutable_metadata()->set_name(name);
    result.mutable_metadata()->set_namespace_(election_namespace);
    spec.set_lease_transitions(0);
  } else if (spec.holder_identity() != identity) {
    spec.set_lease_transitions(spec.lease_transitions() + 1);
  }
  spec.set_holder_identity(identity);
  spec.set_lease_duration_seconds(static_cast<int32_t>(patience.lease.count()));
  *spec.mutable_acquire_time() = to_micro_time(now);
  *spec.mutable_renew_time() = to_micro_time(now);
  return object::of(result);
}

object renewed(const object& lease, time_point now) {
  auto result = lease.copy<Lease>();
  *result.mutable_spec()->mutable_renew_time() = to_micro_time(now);
  return object::of(result);
}

// Kubernetes: whoever gives it back leaves a second to the others.
object released(const object& lease, time_point now) {
  auto result = lease.copy<Lease>();
  auto& spec = *result.mutable_spec();
  spec.set_holder_identity("");
  spec.set_lease_duration_seconds(1);
  *spec.mutable_acquire_time() = to_micro_time(now);
  *spec.mutable_renew_time() = to_micro_time(now);
  return object::of(result);
}

std::string term_key(const object& lease) {
  if (&lease.kind() != &kind_of<Lease>() || lease.ns() != election_namespace)
    return {};
  return term_key(lease.name());
}

std::string term_key(const std::string& election) {
  return "/troupe/elections/" + election;
}

bool begins_term(const object& before, const object& after) {
  if (!before || !after)
    return static_cast<bool>(before) != static_cast<bool>(after);
  auto& was = before.as<Lease>().spec();
  auto& is = after.as<Lease>().spec();
  return was.holder_identity() != is.holder_identity()
         || from_time(was.acquire_time()) != from_time(is.acquire_time());
}

caf::error term_over(const std::string& election) {
  meta::v1::StatusDetails details;
  details.set_kind(details_kind);
  details.set_name(election);
  return make_error(ec::conflict,
                    "Operation cannot be fulfilled: another process is the "
                    "active "
                        + election + " now",
                    details);
}

bool is_term_over(const caf::error& err) {
  return is(err, ec::conflict)
         && to_status(err).details().kind() == details_kind;
}

} // namespace troupe::rules

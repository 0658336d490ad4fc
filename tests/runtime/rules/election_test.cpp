#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/election.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

namespace troupe::rules {

namespace {

using namespace std::chrono_literals;
using coordination::v1::Lease;
using act = election_decision::act;

const steady_point start{1000s};
const time_point wall{std::chrono::hours(24 * 365 * 56)};

object lease_of(const std::string& holder, int32_t seconds = 15) {
  Lease result;
  result.mutable_metadata()->set_name("kube-scheduler");
  result.mutable_metadata()->set_namespace_("kube-system");
  result.mutable_spec()->set_holder_identity(holder);
  result.mutable_spec()->set_lease_duration_seconds(seconds);
  return object::of(result);
}

election_facts known(const object& lease) {
  election_facts result;
  result.identity = "server-1_new";
  result.known = true;
  result.lease = lease;
  result.seen = start;
  return result;
}

election_facts active() {
  auto result = known(lease_of("server-1_new"));
  result.term = 7;
  result.held = start;
  return result;
}

struct row {
  const char* what;
  election_facts facts;
  std::chrono::milliseconds passed; ///< since `start`
  bool active;
  act todo;
  std::optional<std::chrono::milliseconds> again; ///< since `start`
};

election_facts with(election_facts x,
                    const std::function<void(election_facts&)>& change) {
  change(x);
  return x;
}

std::vector<row> rows() {
  auto busy = [](election_facts& x) { x.busy = true; };
  auto other = known(lease_of("server-2_x"));
  return {
      {"nothing is known yet",
       with(known({}), [](auto& x) { x.known = false; }),
       0s,
       false,
       act::wait,
       {}},
      {"there is no Lease", known({}), 0s, false, act::acquire, {}},
      {"it was given back", known(lease_of("")), 0s, false, act::acquire, {}},
      {"an earlier life has it",
       with(known(lease_of("server-1_old")),
            [](auto& x) { x.earlier = "server-1_old"; }),
       0s,
       false,
       act::acquire,
       {}},
      {"a later life has it", known(lease_of("server-1_later")), 0s, false,
       act::wait, 15s},
      {"we have it, and gave up",
       known(lease_of("server-1_new")),
       0s,
       false,
       act::acquire,
       {}},
      {"another has it", other, 0s, false, act::wait, 15s},
      {"another has it almost no longer", other, 14'999ms, false, act::wait,
       15s},
      {"another did not renew it", other, 15s, false, act::acquire, {}},
      {"another has it for a minute", known(lease_of("server-2_x", 60)), 15s,
       false, act::wait, 60s},
      {"another has it for no time", known(lease_of("server-2_x", 0)), 0s,
       false, act::wait, 15s},
      {"our write is on its way",
       with(known({}), busy),
       0s,
       false,
       act::wait,
       {}},
      {"a write failed just now",
       with(known({}), [](auto& x) { x.pause = start + 1s; }), 0s, false,
       act::wait, 1s},
      {"a write failed a while ago",
       with(known({}), [](auto& x) { x.pause = start + 1s; }),
       1s,
       false,
       act::acquire,
       {}},
      {"active, renewed just now", active(), 0s, true, act::wait, 5s},
      {"active, time to renew", active(), 5s, true, act::renew, 10s},
      {"active, a renewal is on its way", with(active(), busy), 6s, true,
       act::wait, 10s},
      {"active, a renewal failed",
       with(active(), [](auto& x) { x.pause = start + 7s; }), 6s, true,
       act::wait, 7s},
      {"active, a renewal failed and time is up",
       with(active(), [](auto& x) { x.pause = start + 12s; }), 9s, true,
       act::wait, 10s},
      {"active too long without a renewal",
       active(),
       10s,
       false,
       act::acquire,
       {}},
      {"active too long, a renewal on its way",
       with(active(), busy),
       10s,
       false,
       act::wait,
       {}},
      {"active, but another has it",
       with(active(), [](auto& x) { x.lease = lease_of("server-2_x"); }), 1s,
       false, act::wait, 15s},
      {"active, but it was given back for us",
       with(active(), [](auto& x) { x.lease = lease_of(""); }),
       1s,
       false,
       act::acquire,
       {}},
      {"active, but it was deleted",
       with(active(), [](auto& x) { x.lease = {}; }),
       1s,
       false,
       act::acquire,
       {}},
  };
}

} // namespace

TEST(Election, IsDecidedByWhoHoldsTheLeaseAndSinceWhen) {
  for (auto& each : rows()) {
    auto now = start + each.passed;
    auto found = decide_election(each.facts, now);
    EXPECT_EQ(found.active, each.active) << each.what;
    EXPECT_EQ(found.what, each.todo) << each.what;
    EXPECT_EQ(found.look_again.has_value(), each.again.has_value())
        << each.what;
    if (found.look_again && each.again) {
      EXPECT_EQ((*found.look_again - start) / 1ms, *each.again / 1ms)
          << each.what;
    }
  }
}

TEST(Election, ALeaseIsTakenAsKubernetesTakesIt) {
  auto first = acquired({}, "kube-scheduler", "a_1", wall);
  EXPECT_EQ(first.key(), "kube-system/kube-scheduler");
  auto& spec = first.as<Lease>().spec();
  EXPECT_EQ(spec.holder_identity(), "a_1");
  EXPECT_EQ(spec.lease_duration_seconds(), 15);
  EXPECT_EQ(spec.lease_transitions(), 0);
  EXPECT_EQ(from_time(spec.acquire_time()), wall);
  EXPECT_EQ(from_time(spec.renew_time()), wall);
  auto second = acquired(first, "kube-scheduler", "b_1", wall + 1s);
  EXPECT_EQ(second.as<Lease>().spec().lease_transitions(), 1);
  EXPECT_EQ(from_time(second.as<Lease>().spec().acquire_time()), wall + 1s);
  auto again = acquired(second, "kube-scheduler", "b_1", wall + 2s);
  EXPECT_EQ(again.as<Lease>().spec().lease_transitions(), 1);
}

TEST(Election, ATermBeginsWithAHolderAndEndsWithIt) {
  auto first = acquired({}, "kube-scheduler", "a_1", wall);
  auto later = renewed(first, wall + 5s);
  auto free = released(later, wall + 6s);
  EXPECT_EQ(holder_of(free), "");
  EXPECT_EQ(holder_of({}), "");
  EXPECT_TRUE(begins_term({}, first));
  EXPECT_FALSE(begins_term(first, later));
  EXPECT_TRUE(begins_term(later, free));
  EXPECT_TRUE(begins_term(free, acquired(free, "", "a_1", wall + 7s)));
  EXPECT_TRUE(begins_term(later, acquired(later, "", "a_1", wall + 7s)));
  EXPECT_TRUE(begins_term(later, {}));
  EXPECT_FALSE(begins_term({}, {}));
}

TEST(Election, OnlyLeasesOfTheSystemAreThoseOfElections) {
  EXPECT_EQ(term_key(lease_of("a")), "/troupe/elections/kube-scheduler");
  Lease elsewhere;
  elsewhere.mutable_metadata()->set_name("node-1");
  elsewhere.mutable_metadata()->set_namespace_("kube-node-lease");
  EXPECT_EQ(term_key(object::of(elsewhere)), "");
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("kube-scheduler");
  map.mutable_metadata()->set_namespace_("kube-system");
  EXPECT_EQ(term_key(object::of(map)), "");
}

TEST(Election, TheLivesOfAProcessShareItsName) {
  EXPECT_TRUE(is_life_of("server-1_abc", "server-1"));
  EXPECT_FALSE(is_life_of("server-11_abc", "server-1"));
  EXPECT_FALSE(is_life_of("server-1", "server-1"));
  EXPECT_FALSE(is_life_of("", "server-1"));
}

TEST(Election, ARefusalForItsTermIsAConflictOfItsOwn) {
  auto err = term_over("kube-scheduler");
  EXPECT_TRUE(is(err, ec::conflict));
  EXPECT_TRUE(is_term_over(err));
  EXPECT_NE(message_of(err).find("another process is the active"),
            std::string::npos);
  EXPECT_TRUE(is_term_over(from_status(to_status(err))));
  EXPECT_FALSE(is_term_over(make_error(ec::conflict, "pod was changed")));
  EXPECT_FALSE(is_term_over({}));
}

} // namespace troupe::rules

#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/changes.hpp"
#include "messages/codec.hpp"
#include "messages/interfaces.hpp"
#include "messages/object.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/chance.hpp"
#include "runtime/transport/frame_guard.hpp"
#include "tests/support/basp_frames.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/basp/instance.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe {

namespace {

namespace basp = test::basp;
using verdict = frame_guard::verdict;
using role = peer_role;

const std::string ours = basp::node(1);
const std::string theirs = basp::node(2);
const std::string others = basp::node(3);

constexpr size_t most_bytes = 1'000'000;
constexpr uint64_t answer = basp::answer_to(7);

frame_guard make_guard(role who, bool dialled = false) {
  return frame_guard{{who, dialled, most_bytes, 100, ours}};
}

/// Returns the verdict on the last frame of `bytes`, which may be cut short.
verdict last(frame_guard& guard, std::string_view bytes) {
  auto result = verdict::more;
  while (!bytes.empty() && result != verdict::broken) {
    result = guard.take(bytes);
    if (result == verdict::frame || result == verdict::skip)
      guard.next();
  }
  return result;
}

/// A guard that has heard who is there.
frame_guard greeted(role who) {
  auto result = make_guard(who);
  EXPECT_EQ(last(result, basp::greeting(theirs)), verdict::frame);
  return result;
}

verdict judge(role who, const std::string& frame) {
  auto guard = greeted(who);
  return last(guard, frame);
}

std::string reason(role who, const std::string& frame) {
  auto guard = greeted(who);
  last(guard, frame);
  return guard.reason();
}

/// What CAF makes of a message.
template <class... Ts>
std::string written(caf::actor_system& system, uint64_t number,
                    const Ts&... xs) {
  namespace io = caf::io::basp;
  caf::scoped_actor self{system};
  std::vector<char> bytes;
  auto content = caf::make_message(xs...);
  auto writer = caf::make_callback([&](caf::serializer& sink) -> caf::error {
    std::vector<caf::strong_actor_ptr> stages;
    return sink(stages, content);
  });
  io::header header{io::message_type::direct_message, 0, 0, number, 5, 6};
  io::instance::write(self->context(), bytes, header, &writer);
  return {bytes.begin(), bytes.end()};
}

std::string request_frame(size_t size = 10) {
  return basp::message(5, 6, {"pb:troupe.call.Request", "troupe.object"},
                       basp::text(std::string(size, 'x')) + basp::text("v1/Pod")
                           + basp::number(3, 8) + basp::text("bytes"));
}

} // namespace

// -- what passes --------------------------------------------------------------

TEST(FrameGuard, PassesWhatCafWritesOfOurMessages) {
  actor_config config{1};
  caf::actor_system system{config};
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name("web");
  auto body = object::of(pod);
  changes batch;
  batch.items = {{change_type::added, body}, {change_type::deleted, body}};
  batch.ended = "why";
  meta::v1::StatusDetails details;
  call::Request request;
  request.set_name("web");
  constexpr uint64_t plain = UINT64_C(1) << 60;
  for (auto& frame :
       {written(system, plain | 7, pb<call::Request>{request}, body),
        written(system, answer, pb<call::Response>{call::Response{}},
                std::vector<object>{body, body, object{}}),
        written(system, plain, batch),
        written(system, answer, make_error(ec::not_found, "no such pod")),
        written(system, answer, make_error(ec::invalid, "bad", details)),
        written(system, answer, caf::make_error(caf::sec::unexpected_message)),
        written(system, answer, caf::unit), written(system, answer)}) {
    auto guard = greeted(role::server);
    EXPECT_EQ(last(guard, frame), verdict::frame) << guard.reason();
  }
}

TEST(FrameGuard, PassesActorsOfThePeer) {
  for (auto& node : {theirs, basp::number(0, 8)}) {
    auto frame = basp::message(5, 6, {"pb:troupe.call.Watch", "troupe.watcher"},
                               basp::text("") + basp::handle(9, node), 7);
    EXPECT_EQ(judge(role::user, frame), verdict::frame);
  }
}

TEST(FrameGuard, PassesTheHandshakesThatCafMakes) {
  auto accepted = make_guard(role::node);
  EXPECT_FALSE(accepted.greeted());
  EXPECT_EQ(last(accepted, basp::greeting(theirs)), verdict::frame);
  EXPECT_EQ(accepted.node(), theirs);
  // The client has seen that this connection is the one to use.
  EXPECT_FALSE(accepted.selects());
  accepted.next();
  EXPECT_EQ(last(accepted, basp::selection(theirs)), verdict::frame);
  EXPECT_TRUE(accepted.selects());
  auto dialled = make_guard(role::server, true);
  auto hello = basp::frame(
      {basp::server_handshake, 0, 4},
      theirs + basp::number(1, 1) + basp::text("generic-caf-app")
          + basp::number(12, 8) + basp::number(1, 1) + basp::text("some"));
  EXPECT_EQ(last(dialled, hello), verdict::frame);
  EXPECT_EQ(dialled.node(), theirs);
}

TEST(FrameGuard, PassesHeartbeatsAndNoticesOfThePeer) {
  for (auto& frame :
       {basp::frame({basp::heartbeat}),
        basp::frame({basp::monitor_message, 0, 0, 0, 6}, theirs + ours),
        basp::frame({basp::down_message, 0, 0, 5},
                    theirs + ours + basp::number(2, 1) + basp::number(9, 8)
                        + basp::content({}, ""))})
    EXPECT_EQ(judge(role::user, frame), verdict::frame);
}

TEST(FrameGuard, SkipsTheQuestionThatCafAsksEveryProcess) {
  constexpr auto spawner = static_cast<uint64_t>(caf::atom("SpawnServ"));
  auto values = basp::number(1, 8) + basp::number(2, 8) + basp::text("info");
  auto frame = basp::frame(
      {basp::direct_message, 1, UINT64_C(1) << 60, 5, spawner},
      basp::number(0, 1) + basp::content({"@atom", "@atom", "@str"}, values));
  auto guard = greeted(role::user);
  EXPECT_EQ(last(guard, frame), verdict::skip);
  EXPECT_EQ(last(guard, request_frame()), verdict::frame);
}

// -- what does not ------------------------------------------------------------

TEST(FrameGuard, RefusesExitsLinksAndRequestsToStartActors) {
  auto exit = basp::message(5, 6, {"@exit"}, basp::handle(5, theirs) + "12345");
  auto down = basp::message(5, 6, {"@down"}, basp::handle(5, theirs) + "12345");
  auto link = basp::message(
      5, 6, {"@atom", "@strong_actor_ptr"},
      basp::number(static_cast<uint64_t>(caf::link_atom::uint_value()), 8)
          + basp::handle(6, ours));
  auto timeout = basp::message(5, 6, {"@timeout"}, basp::number(1, 8));
  auto named = [](const char* name, const std::vector<std::string>& types) {
    auto target = static_cast<uint64_t>(caf::atom_from_string(name));
    return basp::frame({basp::direct_message, 1, UINT64_C(1) << 60, 5, target},
                       basp::number(0, 1) + basp::content(types, ""));
  };
  for (auto& frame : {exit, down, link, timeout,
                      named("SpawnServ", {"@atom", "@str", "@message"}),
                      named("ConfigServ", {"@atom", "@str"}),
                      named("ConfigServ", {"@atom", "@atom", "@str"})})
    for (auto who : {role::server, role::user, role::node, role::component})
      EXPECT_EQ(judge(who, frame), verdict::broken);
}

TEST(FrameGuard, RefusesTheStoresMessagesOfANode) {
  auto raft =
      basp::message(5, 6, {"pb:troupe.raft_api.Message"}, basp::text("bytes"));
  EXPECT_EQ(judge(role::node, raft), verdict::broken);
  EXPECT_EQ(reason(role::node, raft),
            "a message of type pb:troupe.raft_api.Message, which is not for a "
            "node to send");
  EXPECT_EQ(judge(role::server, raft), verdict::frame);
}

TEST(FrameGuard, RefusesAnswersToNothing) {
  auto values = basp::number(1, 1) + basp::number(2, 8) + basp::content({}, "");
  EXPECT_EQ(judge(role::user, basp::message(5, 6, {"@error"}, values)),
            verdict::broken);
  EXPECT_EQ(judge(role::user, basp::message(5, 6, {"@error"}, values, answer)),
            verdict::frame);
  EXPECT_EQ(judge(role::user, basp::message(5, 6, {}, "")), verdict::broken);
}

TEST(FrameGuard, RefusesErrorsWithinErrors) {
  auto inner = basp::number(1, 1) + basp::number(2, 8);
  auto deep = basp::content({}, "");
  for (int i = 0; i < 3; ++i)
    deep = basp::content({"@error"}, inner + deep);
  EXPECT_EQ(judge(role::server,
                  basp::message(5, 6, {"@error"}, inner + deep, answer)),
            verdict::broken);
}

TEST(FrameGuard, RefusesWhatGoesByWayOfUs) {
  auto routed =
      basp::frame({basp::routed_message, 0, 1, 5, 6},
                  theirs + others + basp::number(0, 1) + basp::content({}, ""));
  EXPECT_EQ(judge(role::server, routed), verdict::broken);
  // Through other actors of ours.
  auto staged = basp::frame({basp::direct_message, 0, 1, 5, 6},
                            basp::number(1, 1) + basp::handle(8, ours)
                                + basp::content({}, ""));
  EXPECT_EQ(judge(role::server, staged), verdict::broken);
}

TEST(FrameGuard, RefusesActorsOfThirdProcesses) {
  auto watch = [](const std::string& node) {
    return basp::message(5, 6, {"pb:troupe.call.Watch", "troupe.watcher"},
                         basp::text("") + basp::handle(9, node), 7);
  };
  for (auto who : {role::server, role::user, role::node, role::component}) {
    EXPECT_EQ(judge(who, watch(others)), verdict::broken);
    EXPECT_EQ(judge(who, basp::frame({basp::monitor_message, 0, 0, 0, 6},
                                     others + ours)),
              verdict::broken);
    EXPECT_EQ(judge(who, basp::frame({basp::monitor_message, 0, 0, 0, 6},
                                     theirs + others)),
              verdict::broken);
    EXPECT_EQ(judge(who, basp::frame({basp::down_message, 0, 0, 5},
                                     others + ours + basp::number(2, 1)
                                         + basp::number(9, 8)
                                         + basp::content({}, ""))),
              verdict::broken);
  }
  // Nor may it have others of ours talk to one that is ours.
  EXPECT_EQ(judge(role::user, watch(ours)), verdict::broken);
}

TEST(FrameGuard, RefusesHandshakesOutOfOrder) {
  auto first = [](bool dialled, const std::string& frame) {
    auto guard = make_guard(role::server, dialled);
    return last(guard, frame);
  };
  EXPECT_EQ(first(false, request_frame()), verdict::broken);
  EXPECT_EQ(first(false, basp::frame({basp::heartbeat})), verdict::broken);
  EXPECT_EQ(first(true, basp::greeting(theirs)), verdict::broken);
  EXPECT_EQ(first(false, basp::frame({basp::client_handshake, 2}, theirs)),
            verdict::broken);
  EXPECT_EQ(first(false, basp::greeting(ours)), verdict::broken);
  EXPECT_EQ(first(false, basp::greeting(basp::number(0, 8))), verdict::broken);
  EXPECT_EQ(first(false, basp::greeting(theirs + "more")), verdict::broken);
  EXPECT_EQ(judge(role::user, basp::greeting(theirs)), verdict::broken);
  EXPECT_EQ(judge(role::user, basp::frame({basp::client_handshake, 2}, others)),
            verdict::broken);
}

TEST(FrameGuard, RefusesHeadersThatAreNone) {
  for (auto& frame : {basp::frame({99}), basp::frame({basp::heartbeat, 4}),
                      basp::frame({basp::heartbeat}, "x"),
                      basp::frame({basp::direct_message, 0, 1, 5, 0}, "x"),
                      basp::frame({basp::direct_message, 8, 1, 5, 6}, "x"),
                      basp::frame({basp::direct_message, 0, 1, 5, 6}),
                      std::string(frame_header::size, '\xff')})
    EXPECT_EQ(judge(role::server, frame), verdict::broken);
}

TEST(FrameGuard, RefusesAFrameThatIsTooLargeByItsHeader) {
  auto guard = greeted(role::user);
  auto header =
      basp::frame_of_size({basp::direct_message, 0, 1, 5, 6}, most_bytes + 1);
  EXPECT_EQ(last(guard, header), verdict::broken);
  EXPECT_EQ(judge(role::user,
                  basp::frame_of_size({basp::down_message, 0, 0, 5}, 1 << 20)),
            verdict::broken);
  EXPECT_EQ(judge(role::user, request_frame(most_bytes / 2)), verdict::frame);
}

TEST(FrameGuard, KeepsNoMoreThanCame) {
  auto guard = greeted(role::user);
  auto header =
      basp::frame_of_size({basp::direct_message, 0, 1, 5, 6}, most_bytes);
  EXPECT_EQ(last(guard, header + "some"), verdict::more);
  EXPECT_LT(guard.payload().capacity(), 1'000u);
}

TEST(FrameGuard, GivesTheMemoryOfALargeFrameBack) {
  auto guard = greeted(role::user);
  EXPECT_EQ(last(guard, request_frame(500'000)), verdict::frame);
  EXPECT_LT(guard.payload().capacity(), 100'000u);
}

TEST(FrameGuard, BoundsTheActorsOfAPeer) {
  auto guard = greeted(role::user);
  auto from = [&](uint64_t actor) {
    return last(guard, basp::message(actor, 6, {"pb:troupe.call.AskNonce"},
                                     basp::text(""), 7));
  };
  for (uint64_t actor = 1; actor <= 100; ++actor)
    ASSERT_EQ(from(actor), verdict::frame) << actor;
  EXPECT_EQ(from(1), verdict::frame);
  // One ends, another begins.
  EXPECT_EQ(last(guard,
                 basp::frame({basp::down_message, 0, 0, 1},
                             theirs + ours + basp::number(2, 1)
                                 + basp::number(9, 8) + basp::content({}, ""))),
            verdict::frame);
  EXPECT_EQ(from(101), verdict::frame);
  EXPECT_EQ(from(102), verdict::broken);
}

TEST(FrameGuard, TellsOfATypeWithoutItsControlCharacters) {
  EXPECT_EQ(reason(role::user, basp::message(5, 6, {"\x1b[31m\n"}, "")),
            "a message of type ??31m?, which is not for a user to send");
}

// -- any bytes ----------------------------------------------------------------

namespace {

/// All verdicts on `bytes`, handed over in pieces.
std::vector<verdict> verdicts(const std::string& bytes, uint64_t& chance) {
  auto guard = make_guard(role::server);
  std::vector<verdict> result;
  std::string_view rest{bytes};
  while (!rest.empty()) {
    auto piece = rest.substr(0, 1 + next_chance(chance) % 50);
    rest.remove_prefix(piece.size());
    while (!piece.empty()) {
      auto found = guard.take(piece);
      if (found == verdict::more)
        break;
      result.push_back(found);
      if (found == verdict::broken)
        return result;
      guard.next();
    }
  }
  return result;
}

std::string valid_stream() {
  return basp::greeting(theirs) + request_frame(40)
         + basp::frame({basp::heartbeat})
         + basp::message(5, 6, {"pb:troupe.call.Watch", "troupe.watcher"},
                         basp::text("") + basp::handle(9, theirs), 7)
         + basp::frame({basp::monitor_message, 0, 0, 0, 6}, theirs + ours)
         + basp::frame({basp::down_message, 0, 0, 5},
                       theirs + ours + basp::number(2, 1) + basp::number(9, 8)
                           + basp::content({"@str"}, basp::text("why")))
         + request_frame(3);
}

} // namespace

TEST(FrameGuard, JudgesTheSameHoweverTheBytesAreCut) {
  uint64_t chance = 1;
  const std::vector<verdict> all(7, verdict::frame);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(verdicts(valid_stream(), chance), all) << i;
}

TEST(FrameGuard, SurvivesAnyBytes) {
  uint64_t chance = 2026;
  auto good = valid_stream();
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (auto n = next_chance(chance) % 8; n > 0; --n) {
      auto at = next_chance(chance) % bytes.size();
      switch (next_chance(chance) % 3) {
        case 0:
          bytes[at] = static_cast<char>(next_chance(chance));
          break;
        case 1:
          bytes.erase(at, 1 + next_chance(chance) % 20);
          break;
        default:
          bytes.insert(at, bytes.substr(next_chance(chance) % bytes.size(), 9));
      }
      if (bytes.empty())
        bytes = good;
    }
    // A broken one stays so; whoever asks again gets the same.
    auto found = verdicts(bytes, chance);
    for (size_t at = 0; at + 1 < found.size(); ++at)
      ASSERT_NE(found[at], verdict::broken);
  }
}

} // namespace troupe

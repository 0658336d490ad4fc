#pragma once

#include "actors/controllers/controller.hpp"
#include "messages/system.pb.h"
#include "tests/support/cluster_objects.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// One controller against a fake API server under virtual time.
struct controller_fixture : ::testing::Test {
  fake_world world;
  fake_api& api = *world.api();
  controller_actor actor;

  ~controller_fixture() override { stop(); }

  template <class Controller>
  void start(Controller run) {
    actor = world.system().spawn(run, world.at("controllers/tested"));
    world.run();
  }

  void stop() {
    if (actor)
      world.end(caf::actor_cast<caf::actor>(actor));
    actor = nullptr;
  }

  /// All objects of a kind by key.
  std::map<std::string, object> all(const std::string& kind) const {
    std::map<std::string, object> result;
    for (const auto& [at, what] : api.objects)
      if (at.first == kind)
        result[at.second] = what;
    return result;
  }

  /// Requests that write, events not counted.
  size_t writes() const {
    size_t result = 0;
    for (const auto& each : api.requests)
      result += each.msg.verb() != call::GET && each.msg.verb() != call::LIST
                && each.msg.kind() != "Event";
    return result;
  }

  std::vector<std::string> why(const std::string& key) {
    caf::scoped_actor self{world.system()};
    system::Explain msg;
    msg.set_key(key);
    std::vector<std::string> result;
    auto asked = self->request(actor, caf::infinite,
                               pb<system::Explain>{std::move(msg)});
    world.run();
    asked.receive(
        [&](const pb<system::Explanation>& x) {
          result.assign(x->decisions().begin(), x->decisions().end());
        },
        [](const caf::error&) {});
    return result;
  }
};

} // namespace troupe::test

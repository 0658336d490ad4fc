#include "messages/api/apps.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/actors/apiserver/registry_fixture.hpp"

#include <gmock/gmock.h>

namespace troupe {

namespace {

using apps::v1::ReplicaSet;
using ::testing::ElementsAre;
using ::testing::StartsWith;

/// A registry beside views of nodes and leases.
struct Warnings : Registry {
  std::vector<caf::actor> views;
  registry_actor sets;

  void add_view(const kind_info& kind) {
    auto actor = sys.spawn(view, at(resource_path("view", kind)), &kind);
    views.push_back(caf::actor_cast<caf::actor>(actor));
    enter(resource_path("view", kind), views.back());
  }

  void SetUp() override {
    Registry::SetUp();
    put_space(false);
    add_view(kind_of<core::v1::Node>());
    add_view(kind_of<coordination::v1::Lease>());
    add_view(kind_of<ReplicaSet>());
    auto& kind = kind_of<ReplicaSet>();
    sets = sys.spawn(registry, at(resource_path("registry", kind)), &kind);
    sched.run();
  }

  void TearDown() override {
    views.push_back(caf::actor_cast<caf::actor>(sets));
    for (auto& each : views)
      self->send_exit(each, caf::exit_reason::user_shutdown);
    views.clear();
    sets = nullptr;
    Registry::TearDown();
  }

  void put_node(const std::string& name, const std::string& runtime) {
    core::v1::Node node;
    node.mutable_metadata()->set_name(name);
    node.mutable_status()->mutable_node_info()->set_container_runtime_version(
        runtime);
    put(storage_key(kind_of<core::v1::Node>(), {}, name),
        object::of(node).bytes());
    sched.run();
  }

  /// Of a set with a limit, created by somebody or by a component.
  std::vector<std::string> warned(const std::string& name, uint64_t term = 0) {
    ReplicaSet set;
    set.mutable_metadata()->set_name(name);
    set.mutable_metadata()->set_namespace_("default");
    auto& spec = *set.mutable_spec();
    (*spec.mutable_selector()->mutable_match_labels())["app"] = "a";
    auto& pods = *spec.mutable_template_();
    (*pods.mutable_metadata()->mutable_labels())["app"] = "a";
    auto& container = *pods.mutable_spec()->add_containers();
    container.set_name("a");
    container.set_image("a");
    (*container.mutable_resources()->mutable_limits())["cpu"].set_string("1");
    call::Request msg;
    msg.set_verb(call::CREATE);
    msg.set_namespace_("default");
    if (term != 0) {
      msg.set_election("test");
      msg.set_term(term);
    }
    std::vector<std::string> result;
    auto request = self->request(sets, caf::infinite, pb<call::Request>{msg},
                                 object::of(set));
    sched.run();
    request.receive(
        [&](const pb<call::Response>& response, const std::vector<object>&) {
          for (auto& each : response->warnings())
            result.push_back(each);
        },
        [&](const caf::error& err) { result.push_back(message_of(err)); });
    return result;
  }
};

void let_nodes_be_looked_at_again(Warnings& w) {
  w.sched.advance_time(std::chrono::seconds(6));
  w.sched.run();
}

const auto of_limits =
    StartsWith("spec.template.spec.containers[0].resources.limits: ");

} // namespace

TEST_F(Warnings, TellWhatNoNodeActsOn) {
  EXPECT_THAT(warned("nobody-knows"), ElementsAre());
  put_node("one", "process://1");
  EXPECT_THAT(warned("told"), ElementsAre(of_limits));
  put_node("two", "oci://1");
  EXPECT_THAT(warned("as-before"), ElementsAre(of_limits)) << "for seconds";
  let_nodes_be_looked_at_again(*this);
  EXPECT_THAT(warned("acted-on"), ElementsAre());
}

TEST_F(Warnings, DoNotComeOfTooManyNodes) {
  for (int i = 0; i < 100; ++i)
    put_node("n" + std::to_string(i), "process://1");
  EXPECT_THAT(warned("all-known"), ElementsAre(of_limits));
  put_node("one-more", "process://1");
  let_nodes_be_looked_at_again(*this);
  EXPECT_THAT(warned("not-all-known"), ElementsAre());
}

TEST_F(Warnings, AreNotToldToControllers) {
  put_node("one", "process://1");
  auto term = put("/troupe/elections/test", "a");
  EXPECT_THAT(warned("of-a-controller", term), ElementsAre());
}

} // namespace troupe

#include "messages/api/apps.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/support/invariants.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

auto& pods = kind_of<core::v1::Pod>();
auto& deployments = kind_of<apps::v1::Deployment>();

constexpr uint32_t node_count = 3;
constexpr int steps = 60;
/// Evictions wait for 300 s, and a node that was silent is watched for 40 s.
constexpr auto rest_within = std::chrono::seconds(900);

object a_deployment(int64_t toleration_seconds) {
  apps::v1::Deployment result;
  result.mutable_metadata()->set_name("web");
  result.mutable_metadata()->set_namespace_("default");
  auto* spec = result.mutable_spec();
  spec->set_replicas(6);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  auto* from = spec->mutable_template_();
  (*from->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = from->mutable_spec()->add_containers();
  container->set_name("web");
  container->set_image("web:1");
  for (auto key :
       {"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"}) {
    auto* toleration = from->mutable_spec()->add_tolerations();
    toleration->set_key(key);
    toleration->set_operator_("Exists");
    toleration->set_effect("NoExecute");
    toleration->set_toleration_seconds(toleration_seconds);
  }
  return object::of(result);
}

object a_service(const std::string& name) {
  core::v1::Service result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  auto* spec = result.mutable_spec();
  spec->set_type("NodePort");
  (*spec->mutable_selector())["app"] = "web";
  spec->add_ports()->set_port(80);
  return object::of(result);
}

/// One story of a cluster to which everything happens.
class story {
public:
  story(uint64_t seed, uint32_t servers)
      : dice_(seed),
        servers_(servers),
        cluster_({seed, node_count, true, servers}),
        checks_(cluster_) {
    cluster_.create(a_deployment(20));
    cluster_.create(a_service("web"));
  }

  /// Returns what went wrong; "" when nothing did.
  std::string tell() {
    using act = std::function<void()>;
    std::vector<act> acts{
        [this] { kill_one(); },        [this] { kill_one(); },
        [this] { kill_one(); },        [this] { cluster_.kill("root"); },
        [this] { delete_pod(); },      [this] { delete_pod(); },
        [this] { scale(); },           [this] { roll_out(); },
        [this] { add_service(); },     [this] { cut_node(); },
        [this] { cut_components(); },  [this] { cluster_.wires().heal(); },
        [this] { reset(); },           [this] { slow_down(); },
        [this] { lose_messages(); },   [this] { cluster_.fail_power(); },
        [this] { fail_power_soon(); }, [this] { set_clock(); },
        [this] { restart_node(); },
    };
    if (servers_ > 1)
      acts.insert(acts.end(), {
                                  [this] { cut_servers(); },
                                  [this] { cut_servers(); },
                                  [this] { fail_one_power(); },
                                  [this] { cluster_.kill(a_server()); },
                                  [this] { turn(); },
                              });
    for (int i = 0; i < steps; ++i) {
      acts[dice_() % acts.size()]();
      for (int n = 0; n < 3; ++n)
        checks_.write_note();
      // Mostly moments, at times long enough for a node to count as dead.
      cluster_.advance(
          milliseconds(dice_() % 8 == 0 ? dice_() % 90'000 : dice_() % 3'000));
      if (auto broken = checks_.broken(); !broken.empty())
        return "in step " + std::to_string(i) + ":\n" + broken;
    }
    return rest();
  }

  size_t notes() const { return checks_.notes(); }

private:
  std::string rest() {
    cluster_.wires().heal();
    cluster_.wires().set({});
    std::string unrest;
    auto quiet = [&] {
      cluster_.advance(5s);
      unrest = checks_.unrest();
      return unrest.empty();
    };
    if (!cluster_.run_until(quiet, rest_within))
      return "at rest:\n" + unrest;
    // It stays so, also when all is read anew from the disk.
    for (auto again : {false, true}) {
      if (again)
        cluster_.fail_power();
      cluster_.advance(60s);
      unrest = checks_.broken() + checks_.unrest();
      if (!unrest.empty())
        return (again ? "after a new start:\n" : "a minute later:\n") + unrest;
    }
    return {};
  }

  std::string a_node() {
    return "node-" + std::to_string(1 + dice_() % node_count);
  }

  void kill_one() {
    auto victims = cluster_.paths();
    if (!victims.empty())
      cluster_.kill(victims[dice_() % victims.size()]);
  }

  void delete_pod() {
    auto all = cluster_.list(pods, "default");
    if (!all.empty())
      cluster_.remove(pods, "default", all[dice_() % all.size()].name());
  }

  void change(const std::function<void(apps::v1::DeploymentSpec&)>& what) {
    auto now = cluster_.get(deployments, "default", "web");
    if (!now)
      return;
    auto copy = now->copy<apps::v1::Deployment>();
    what(*copy.mutable_spec());
    cluster_.update(object::of(copy));
  }

  void scale() {
    auto count = static_cast<int32_t>(2 + dice_() % 8);
    change([count](auto& spec) { spec.set_replicas(count); });
  }

  void roll_out() {
    auto image = "web:" + std::to_string(++images_);
    change([&](auto& spec) {
      spec.mutable_template_()
          ->mutable_spec()
          ->mutable_containers(0)
          ->set_image(image);
    });
  }

  void add_service() {
    cluster_.create(a_service("web-" + std::to_string(++services_)));
  }

  /// One of several servers, or the one whose parts are at the top.
  std::string a_server() {
    return servers_ > 1 ? "server-" + std::to_string(1 + dice_() % servers_)
                        : "apiserver";
  }

  void cut_node() { cluster_.wires().cut("kubelet/" + a_node(), a_server()); }

  void cut_components() {
    static const std::vector<std::string> all{"controllers", "scheduler",
                                              "proxy", "kubelet",
                                              "controllers/replicaset"};
    cluster_.wires().cut(all[dice_() % all.size()], a_server());
  }

  /// Servers from each other, or one from everybody.
  void cut_servers() {
    auto one = a_server();
    cluster_.wires().cut(one, dice_() % 2 == 0 ? a_server() : "");
  }

  void fail_one_power() {
    auto which = dice_() % servers_;
    if (dice_() % 2 == 0)
      cluster_.fail_power_of(which);
    else
      cluster_.fail_power_of_after(which, dice_() % 200);
  }

  void turn() { cluster_.turn_to(dice_() % servers_); }

  void reset() { cluster_.wires().reset("", a_server()); }

  void slow_down() {
    how_.shortest = milliseconds(dice_() % 20);
    how_.longest = how_.shortest + milliseconds(dice_() % 300);
    cluster_.wires().set(how_);
  }

  void lose_messages() {
    how_.losses = static_cast<uint32_t>(dice_() % 20'000);
    cluster_.wires().set(how_);
  }

  void fail_power_soon() { cluster_.fail_power_after(dice_() % 200); }

  void set_clock() {
    auto hours = static_cast<int>(dice_() % 49) - 24;
    cluster_.set_clock(std::chrono::hours(hours));
  }

  void restart_node() { cluster_.restart_node(a_node()); }

  std::mt19937_64 dice_;
  uint32_t servers_;
  simulated_cluster cluster_;
  invariants checks_;
  simulated_wires::conditions how_;
  int images_ = 1;
  int services_ = 0;
};

uint64_t number_of(const char* variable, uint64_t otherwise) {
  auto* given = std::getenv(variable);
  return given != nullptr ? std::stoull(given) : otherwise;
}

} // namespace

/// TROUPE_SEED tells one story again; TROUPE_SEEDS tells so many.
class Faults : public ::testing::TestWithParam<uint32_t> {};

TEST_P(Faults, AreHealedWhateverHappens) {
  auto first = number_of("TROUPE_SEED", 1);
  auto count =
      std::getenv("TROUPE_SEED") != nullptr ? 1 : number_of("TROUPE_SEEDS", 4);
  for (auto seed = first; seed < first + count; ++seed) {
    story one{seed, GetParam()};
    auto wrong = one.tell();
    EXPECT_EQ(wrong, "") << "seed " << seed
                         << "; to repeat: TROUPE_SEED=" << seed
                         << " build/test_simulation --gtest_filter='*Faults*/"
                         << GetParam() << "'";
    // Whoever asks a server that is cut off waits in vain.
    EXPECT_GT(one.notes(), GetParam() > 1 ? steps / 3u : steps * 2u)
        << "most writes were refused";
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, Faults, ::testing::Values(1u, 3u),
                         ::testing::PrintToStringParamName());

} // namespace troupe::test

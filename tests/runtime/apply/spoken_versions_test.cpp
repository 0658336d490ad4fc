#include "runtime/rules/spoken_kind.hpp"
#include "tests/runtime/apply/owners.hpp"

// Clients that speak an older version of a kind than the store.
namespace troupe::apply {
namespace {

/// What a client's next state becomes on its way to the store.
object stored_after(const object& live, std::string_view json,
                    const std::string& manager, int64_t now) {
  auto next = text::from_document(doc(json));
  EXPECT_TRUE(next) << message_of(next.error());
  auto spoken = next->kind().api_version();
  auto msg = rules::to_stored(*next).clone();
  rules::apply_defaults(*msg);
  track_update(*msg, live, {manager, {}, second(now), spoken});
  mutable_metadata_of(*msg)->set_uid("u");
  return object::of(std::move(msg));
}

/// What an apply makes of it.
expected<object> applied(const object& live, std::string_view json,
                         const std::string& manager, bool force = false) {
  auto config = doc(json);
  auto& kind = *find_kind(config["apiVersion"].get<std::string>(),
                          config["kind"].get<std::string>());
  auto shown = live ? rules::from_stored(kind, live) : object{};
  auto made = apply_configuration(
      kind, shown, config, {manager, {}, second(5), kind.api_version()}, force);
  return made ? expected<object>{rules::to_stored(*made)} : made;
}

std::string versions(const object& x) {
  std::string out;
  for (auto& e : x.meta().managed_fields())
    out +=
        e.manager() + " " + e.api_version() + " " + e.fields_v1().raw() + "\n";
  return out;
}

constexpr auto old_scaler = R"({"apiVersion":"autoscaling/v1",
    "kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"d"},
    "spec":{"maxReplicas":5,"targetCPUUtilizationPercentage":50,
    "scaleTargetRef":{"kind":"Deployment","name":"web"}}})";

constexpr auto new_scaler = R"({"apiVersion":"autoscaling/v2",
    "kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"d"},
    "spec":{"maxReplicas":5,"metrics":[{"type":"Resource","resource":{
    "name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}],
    "scaleTargetRef":{"kind":"Deployment","name":"web"}}})";

TEST(SpokenVersions, AreNotedWithTheFieldsThatTheyHave) {
  auto live = stored_after({}, old_scaler, "old", 1);
  EXPECT_EQ(versions(live),
            R"(old autoscaling/v1 {"f:spec":{"f:maxReplicas":{},)"
            R"("f:minReplicas":{},"f:scaleTargetRef":{},)"
            R"("f:targetCPUUtilizationPercentage":{}}})"
            "\n");
}

TEST(SpokenVersions, LoseWhatIsWrittenThroughANewerOne) {
  auto live = stored_after({}, old_scaler, "old", 1);
  live = stored_after(live, new_scaler, "new", 2);
  EXPECT_EQ(versions(live),
            R"(old autoscaling/v1 {"f:spec":{"f:maxReplicas":{},)"
            R"("f:minReplicas":{},"f:scaleTargetRef":{}}})"
            "\n"
            R"(new autoscaling/v2 {"f:spec":{"f:metrics":{}}})"
            "\n");
}

TEST(SpokenVersions, MayBeApplied) {
  auto live = applied({}, old_scaler, "old");
  ASSERT_TRUE(live) << message_of(live.error());
  EXPECT_EQ(live->kind().api_version(), "autoscaling/v2");
  EXPECT_EQ(versions(*live),
            R"(old autoscaling/v1 {"f:spec":{"f:maxReplicas":{},)"
            R"("f:scaleTargetRef":{},)"
            R"("f:targetCPUUtilizationPercentage":{}}})"
            "\n");
}

TEST(SpokenVersions, ConflictWithOneAnother) {
  auto live = applied({}, old_scaler, "old");
  ASSERT_TRUE(live);
  auto refused = applied(*live, new_scaler, "new");
  ASSERT_FALSE(refused);
  EXPECT_EQ(message_of(refused.error()),
            R"(Apply failed with 1 conflict: conflict with "old": )"
            R"(.spec.targetCPUUtilizationPercentage)");
  auto forced = applied(*live, new_scaler, "new", true);
  ASSERT_TRUE(forced) << message_of(forced.error());
  EXPECT_EQ(versions(*forced),
            R"(new autoscaling/v2 {"f:spec":{"f:maxReplicas":{},)"
            R"("f:metrics":{},"f:scaleTargetRef":{}}})"
            "\n"
            R"(old autoscaling/v1 {"f:spec":{"f:maxReplicas":{},)"
            R"("f:scaleTargetRef":{}}})"
            "\n");
}

} // namespace
} // namespace troupe::apply

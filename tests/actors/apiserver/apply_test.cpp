#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/actors/apiserver/registry_fixture.hpp"

namespace troupe {

namespace {

/// What became of a write.
struct outcome {
  caf::error error;
  call::Response response;
  object written;

  explicit operator bool() const { return !error; }
  meta::v1::Status status() const { return to_status(error); }
};

struct Applying : Registry {
  void SetUp() override {
    Registry::SetUp();
    put_space(false);
  }

  outcome send(call::Request msg, const object& body = {}) {
    msg.set_namespace_("default");
    msg.set_name("one");
    outcome result;
    auto request =
        self->request(registry_, caf::infinite, pb<call::Request>{msg}, body);
    sched.run();
    request.receive(
        [&](const pb<call::Response>& response,
            const std::vector<object>& written) {
          result.response = *response;
          result.written = written.front();
        },
        [&](const caf::error& err) { result.error = err; });
    return result;
  }

  static call::Request apply_of(const std::string& data,
                                const std::string& manager) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(call::APPLY);
    msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap",
        "metadata":{"name":"one"},"data":)"
                  + data + "}");
    msg.set_field_manager(manager);
    return msg;
  }

  outcome apply(const std::string& data, const std::string& manager) {
    return send(apply_of(data, manager));
  }

  outcome patch_by(const std::string& document, const std::string& manager,
                   call::PatchType type = call::MERGE,
                   const std::string& validation = {}) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(type);
    msg.set_patch(document);
    msg.set_field_manager(manager);
    msg.set_field_validation(validation);
    return send(std::move(msg));
  }

  static std::string owners(const object& x) {
    std::string out;
    for (auto& e : x.meta().managed_fields())
      out +=
          e.manager() + ":" + e.operation() + " " + e.fields_v1().raw() + "\n";
    return out;
  }
};

} // namespace

TEST_F(Applying, MakesAnObjectAndSaysSo) {
  auto made = apply(R"({"v":"1"})", "m");
  ASSERT_TRUE(made) << message_of(made.error);
  EXPECT_TRUE(made.response.created());
  EXPECT_FALSE(made.written.uid().empty());
  EXPECT_EQ(made.written.ns(), "default");
  EXPECT_EQ(owners(now()), R"(m:Apply {"f:data":{"f:v":{}}})"
                           "\n");
  auto changed = apply(R"({"v":"2"})", "m");
  ASSERT_TRUE(changed) << message_of(changed.error);
  EXPECT_FALSE(changed.response.created());
  EXPECT_EQ(value_of(now()), "2");
}

TEST_F(Applying, WritesNothingWhenNothingChanges) {
  auto made = apply(R"({"v":"1"})", "m");
  ASSERT_TRUE(made);
  auto again = apply(R"({"v":"1"})", "m");
  ASSERT_TRUE(again) << message_of(again.error);
  EXPECT_EQ(again.written.revision(), made.written.revision());
  EXPECT_EQ(now().revision(), made.written.revision());
}

TEST_F(Applying, ConflictsUnlessForced) {
  ASSERT_TRUE(apply(R"({"v":"1"})", "one"));
  auto refused = apply(R"({"v":"2"})", "two");
  ASSERT_FALSE(refused);
  auto status = refused.status();
  EXPECT_EQ(status.code(), 409);
  EXPECT_EQ(status.reason(), "Conflict");
  EXPECT_EQ(status.message(), "Apply failed with 1 conflict: conflict with "
                              "\"one\": .data.v");
  auto msg = apply_of(R"({"v":"2"})", "two");
  msg.set_force(true);
  ASSERT_TRUE(send(std::move(msg)));
  EXPECT_EQ(value_of(now()), "2");
  EXPECT_EQ(owners(now()), R"(two:Apply {"f:data":{"f:v":{}}})"
                           "\n");
}

TEST_F(Applying, NeedsAManager) {
  auto refused = apply(R"({"v":"1"})", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.status().code(), 422);
  EXPECT_EQ(refused.status().message(),
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required "
            "value: is required for apply patch");
}

TEST_F(Applying, WritesNothingInADryRun) {
  auto msg = apply_of(R"({"v":"1"})", "m");
  msg.set_dry_run(true);
  auto made = send(std::move(msg));
  ASSERT_TRUE(made) << message_of(made.error);
  EXPECT_TRUE(made.response.created());
  EXPECT_FALSE(now());
}

TEST_F(Applying, InsistsOnTheNameOfThePath) {
  call::Request msg = apply_of("{}", "m");
  msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"two"}})");
  auto refused = send(msg);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.status().code(), 400);
  EXPECT_EQ(refused.status().message(),
            "the name of the object (two) does not match the name on the URL "
            "(one)");
  msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap"})");
  EXPECT_EQ(send(msg).status().message(),
            "the name of the object (one based on URL) was undeterminable: "
            "name must be provided");
  // Where it is there, its name is known.
  ASSERT_TRUE(apply(R"({"v":"1"})", "m"));
  EXPECT_TRUE(send(msg));
}

TEST_F(Applying, InsistsOnARevisionAndAnIdentity) {
  ASSERT_TRUE(apply(R"({"v":"1"})", "m"));
  auto msg = apply_of("{}", "m");
  msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"one","resourceVersion":"1"},"data":{"v":"2"}})");
  EXPECT_EQ(send(msg).status().code(), 409);
  EXPECT_EQ(value_of(now()), "1");
}

TEST_F(Applying, MakesNothingForWhoMayOnlyChange) {
  auto msg = apply_of(R"({"v":"1"})", "m");
  msg.set_precondition_uid("somebody");
  EXPECT_EQ(send(msg).status().code(), 404);
  EXPECT_FALSE(now());
}

TEST_F(Applying, AppliesToWhatWasMadeMeanwhile) {
  ASSERT_TRUE(apply(R"({"v":"1"})", "one"));
  *shown = now();
  ASSERT_TRUE(patch_value("2"));
  // The view still has the first state.
  auto done = apply(R"({"w":"3"})", "two");
  ASSERT_TRUE(done) << message_of(done.error);
  EXPECT_EQ(value_of(now()), "2");
}

TEST_F(Applying, TracksWhoHasAManagerAndTakesFromOthers) {
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_field_manager("kubectl-create");
  ASSERT_TRUE(send(msg, a_map()));
  EXPECT_EQ(owners(now()), R"(kubectl-create:Update {"f:data":{".":{},)"
                           R"("f:v":{}}})"
                           "\n");
  // A component has none.
  ASSERT_TRUE(patch_value("2"));
  EXPECT_EQ(owners(now()), R"(kubectl-create:Update {"f:data":{}})"
                           "\n");
  ASSERT_TRUE(patch_by(R"({"data":{"v":"3"}})", "editor"));
  EXPECT_EQ(owners(now()), R"(editor:Update {"f:data":{"f:v":{}}})"
                           "\n"
                           R"(kubectl-create:Update {"f:data":{}})"
                           "\n");
  // An empty list of entries asks for none.
  ASSERT_TRUE(patch_by(R"([{"op":"replace","path":"/metadata/managedFields",
      "value":[]}])",
                       "editor", call::JSON));
  EXPECT_EQ(owners(now()), "");
}

TEST_F(Applying, ChecksTheFieldsOfPatches) {
  ASSERT_TRUE(patch_value("1") || apply(R"({"v":"1"})", "m"));
  auto wrong = R"({"datum":{"a":"b"},"metadata":{"foo":1}})";
  EXPECT_TRUE(patch_by(wrong, "m"));
  auto warned = patch_by(wrong, "m", call::MERGE, "Warn");
  ASSERT_TRUE(warned) << message_of(warned.error);
  ASSERT_EQ(warned.response.warnings_size(), 2);
  EXPECT_EQ(warned.response.warnings(0), "unknown field \"datum\"");
  EXPECT_EQ(warned.response.warnings(1), "unknown field \"metadata.foo\"");
  auto strict = patch_by(R"({"datum":"x"})", "m", call::STRATEGIC, "Strict");
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.status().code(), 422);
  EXPECT_EQ(strict.status().message(),
            " \"\" is invalid: patch: Invalid value: \"map[datum:x]\": strict "
            "decoding error: unknown field \"datum\"");
  auto twice =
      patch_by(R"({"data":{"a":"1","a":"2"}})", "m", call::MERGE, "Strict");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.status().message().find("duplicate field \"data.a\""),
            std::string::npos)
      << twice.status().message();
}

TEST_F(Applying, TellsWhatIsWrongInKubernetesOrder) {
  ASSERT_TRUE(apply(R"({"v":"1"})", "m"));
  auto merge = patch_by(R"({"zzz":1,"zzz":2,"immutable":false,"immutable":true,
      "aaa":1})",
                        "m", call::MERGE, "Warn");
  ASSERT_TRUE(merge) << message_of(merge.error);
  std::vector<std::string> told{merge.response.warnings().begin(),
                                merge.response.warnings().end()};
  EXPECT_EQ(told, (std::vector<std::string>{"duplicate field \"zzz\"",
                                            "duplicate field \"immutable\"",
                                            "unknown field \"aaa\"",
                                            "unknown field \"zzz\""}));
  auto json = patch_by(R"([{"op":"add","path":"/bbb","value":1,"foo":1,"foo":2},
      {"op":"add","path":"/data/w","path":"/data/x","value":"1"}])",
                       "m", call::JSON, "Strict");
  EXPECT_TRUE(json.status().message().ends_with(
      "strict decoding error: json patch unknown field \"[0].foo\", json patch "
      "duplicate field \"[1].path\", unknown field \"bbb\""))
      << json.status().message();
}

TEST_F(Applying, RefusesPatchesAsKubernetesDoes) {
  ASSERT_TRUE(apply(R"({"v":"1"})", "m"));
  auto failed = patch_by(R"([{"op":"test","path":"/data/v","value":"9"}])", "m",
                         call::JSON);
  EXPECT_EQ(failed.status().code(), 422);
  EXPECT_EQ(failed.status().reason(), "Invalid");
  EXPECT_EQ(failed.status().message(),
            "the server rejected our request due to an error in our request");
  EXPECT_EQ(patch_by(R"([{"op":"remove","path":"/x"}])", "m", call::JSON)
                .status()
                .code(),
            422);
  EXPECT_EQ(patch_by(R"({"op":"remove"})", "m", call::JSON).status().code(),
            400);
  EXPECT_EQ(patch_by("[]", "m").status().code(), 400);
  EXPECT_EQ(patch_by("{", "m").status().code(), 400);
  auto mistyped = patch_by(R"({"data":"x"})", "m");
  EXPECT_EQ(mistyped.status().code(), 422);
  EXPECT_TRUE(mistyped.status().message().starts_with(
      " \"\" is invalid: patch: Invalid value: \"{"))
      << mistyped.status().message();
  std::string many = "[";
  for (int i = 0; i <= 10'000; ++i)
    many += std::string{i == 0 ? "" : ","}
            + R"({"op":"test","path":"/kind","value":"ConfigMap"})";
  auto large = patch_by(many + "]", "m", call::JSON);
  EXPECT_EQ(large.status().code(), 413);
  EXPECT_EQ(large.status().message(),
            "The allowed maximum operations in a JSON patch is 10000, got "
            "10001");
}

TEST_F(Applying, RefusesConfigurationsThatAreNone) {
  auto msg = apply_of("{}", "m");
  msg.set_patch("[]");
  EXPECT_EQ(send(msg).status().code(), 400);
  msg.set_patch("{");
  EXPECT_EQ(send(msg).status().code(), 400);
  msg.set_patch(R"({"apiVersion":"v1","kind":"Secret",
      "metadata":{"name":"one"}})");
  EXPECT_EQ(send(msg).status().message(),
            "invalid object type: /v1, Kind=Secret");
  msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"one"},"datum":1})");
  auto wrong = send(msg);
  EXPECT_EQ(wrong.status().code(), 500);
  EXPECT_EQ(wrong.status().message(),
            "failed to create typed patch object (/one; /v1, Kind=ConfigMap): "
            ".datum: field not declared in schema");
  msg.set_patch(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"one"},"data":{"a":"1","a":"2"}})");
  msg.set_field_validation("Strict");
  EXPECT_EQ(send(msg).status().message(),
            "error strict decoding YAML: error converting YAML to JSON: yaml: "
            "unmarshal errors:\n  line 1: key \"a\" already set in map");
  msg.set_field_validation("Warn");
  auto warned = send(msg);
  ASSERT_TRUE(warned) << message_of(warned.error);
  EXPECT_EQ(warned.response.warnings_size(), 1);
}

} // namespace troupe

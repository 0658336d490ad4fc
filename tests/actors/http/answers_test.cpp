// In which form a connection answers, and what its pages say.

#include "actors/http/connection.hpp"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/http.pb.h"
#include "messages/object.hpp"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/http/simulated_http.hpp"
#include "runtime/rules/flow_table.hpp"
#include "tests/support/client_frames.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::test {

namespace {

using nlohmann::json;
using testing::HasSubstr;

/// What the API server is asked, and how it answers.
struct served {
  std::vector<call::Request> asked;
  std::string missing; ///< the name of what is not there
};

caf::behavior api(caf::event_based_actor* self, std::shared_ptr<served> all) {
  return {
      [self](const pb<system::Resolve>&) {
        return caf::actor_cast<caf::actor>(self);
      },
      [](const pb<system::Started>&, const caf::actor&) {},
      [self](const pb<call::OpenSession>&) {
        return caf::make_message(pb<call::SessionOpened>{},
                                 caf::actor_cast<session_actor>(self));
      },
      [all](const pb<call::Request>& msg,
            const object&) -> caf::result<caf::message> {
        all->asked.push_back(*msg);
        if (msg->name() == all->missing)
          return make_error(ec::not_found, "there is none");
        return caf::make_message(pb<call::Response>{}, std::vector<object>{});
      },
      [](const pb<call::Watch>&, const watcher_actor&) {
        return pb<call::WatchStarted>{};
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {},
  };
}

const std::string map = "/api/v1/namespaces/default/configmaps/a";
const std::string of_discovery =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// One schema, for all pages and watches of administrators.
std::shared_ptr<const rules::flow_table> flows() {
  flowcontrol::v1::PriorityLevelConfiguration level;
  level.mutable_metadata()->set_name("l");
  level.mutable_metadata()->set_uid("level-uid");
  flowcontrol::v1::FlowSchema schema;
  schema.mutable_metadata()->set_name("s");
  schema.mutable_metadata()->set_uid("schema-uid");
  schema.mutable_spec()->mutable_priority_level_configuration()->set_name("l");
  auto& rule = *schema.mutable_spec()->add_rules();
  rule.add_subjects()->set_kind("Group");
  rule.mutable_subjects(0)->mutable_group()->set_name("system:masters");
  rule.add_non_resource_rules()->add_verbs("*");
  rule.mutable_non_resource_rules(0)->add_non_resource_urls("*");
  auto& watches = *rule.add_resource_rules();
  watches.add_verbs("watch");
  watches.add_api_groups("*");
  watches.add_resources("*");
  watches.add_namespaces("*");
  std::vector<object> schemas{object::of(schema)};
  std::vector<object> levels{object::of(level)};
  return std::make_shared<const rules::flow_table>(schemas, levels);
}

class HttpAnswers : public testing::Test {
protected:
  HttpAnswers() {
    api_ = world_.system().spawn(api, all_);
    edge_->listen([](uint64_t, const http::peer&) {});
    connect({"admin", {"system:masters"}, {}});
  }

  ~HttpAnswers() override {
    world_.end(connection_);
    world_.end(api_);
  }

  void connect(http::peer who) {
    if (connection_)
      world_.end(connection_);
    at_ = edge_->connect(who);
    connection_ = caf::actor_cast<caf::actor>(world_.system().spawn(
        http_connection,
        world_.at("http/1").with_directory(
            caf::actor_cast<directory_actor>(api_)),
        std::static_pointer_cast<http::http_edge>(edge_), at_, std::move(who),
        audit_sink_actor{}, std::make_shared<http::event_memo>(), flows()));
    world_.run();
  }

  const http::simulated_http::heard& ask(const std::string& method,
                                         const std::string& target,
                                         std::vector<http::header> headers = {},
                                         const std::string& body = {}) {
    http::request what;
    what.method = method;
    what.target = target;
    what.headers = std::move(headers);
    what.body = body;
    auto exchange = edge_->ask(at_, std::move(what));
    world_.run();
    return edge_->told(at_, exchange);
  }

  const http::simulated_http::heard& get(const std::string& target,
                                         const std::string& accept = {}) {
    return ask("GET", target, {{"Accept", accept}});
  }

  static std::string header(const http::simulated_http::heard& told,
                            const char* name) {
    return std::string{http::find_header(told.head.headers, name)};
  }

  fake_world world_;
  std::shared_ptr<http::simulated_http> edge_ =
      std::make_shared<http::simulated_http>();
  std::shared_ptr<served> all_ = std::make_shared<served>();
  caf::actor api_;
  caf::actor connection_;
  uint64_t at_ = 0;
};

} // namespace

TEST_F(HttpAnswers, TellsToWhichFlowARequestBelongs) {
  auto level = "X-Kubernetes-PF-PriorityLevel-UID";
  auto schema = "X-Kubernetes-PF-FlowSchema-UID";
  auto page = get("/version", "*/*");
  EXPECT_EQ(header(page, schema), "schema-uid");
  EXPECT_EQ(header(page, level), "level-uid");
  auto missing = get("/nothing", "*/*");
  EXPECT_EQ(missing.head.status, 404);
  EXPECT_EQ(header(missing, schema), "schema-uid");
  EXPECT_EQ(header(get(map, "*/*"), schema), "") << "it is only of pages";
  auto watch = get("/api/v1/namespaces/a/configmaps?watch=true", "*/*");
  EXPECT_EQ(watch.head.status, 200);
  EXPECT_EQ(header(watch, schema), "schema-uid");
  EXPECT_EQ(header(watch, level), "level-uid");
  caf::anon_send(caf::actor_cast<flow_reader_actor>(connection_),
                 flow_news{std::make_shared<const rules::flow_table>()});
  world_.run();
  EXPECT_EQ(header(get("/version", "*/*"), schema), "");
}

TEST_F(HttpAnswers, RefusesInTheFormThatWasAskedFor) {
  all_->missing = "a";
  auto yaml = get(map, "application/yaml");
  EXPECT_EQ(yaml.head.status, 404);
  EXPECT_EQ(header(yaml, "Content-Type"), "application/yaml");
  EXPECT_THAT(yaml.body, HasSubstr("reason: NotFound\n"));
  auto bytes = get("/api/v1/nothings", "application/vnd.kubernetes.protobuf");
  auto inside = http::unwrap(bytes.body);
  ASSERT_TRUE(inside);
  meta::v1::Status status;
  ASSERT_TRUE(status.ParseFromString(inside->raw));
  EXPECT_EQ(status.code(), 404);
  EXPECT_EQ(status.message(),
            "the server could not find the requested resource");
  // One who takes nothing that is served can at least read it.
  auto other = get(map + "/nothing", "image/png");
  EXPECT_EQ(other.head.status, 404);
  EXPECT_EQ(header(other, "Content-Type"), "application/json");
  EXPECT_THAT(other.body, HasSubstr("  \"reason\": \"NotFound\""));
}

TEST_F(HttpAnswers, HasNoFormForSomeClients) {
  for (auto* target : {"/api", "/apis", "/apis/apps", "/apis/apps/v1",
                       "/version", map.c_str()}) {
    auto told = get(target, "image/png");
    EXPECT_EQ(told.head.status, 406) << target;
    EXPECT_EQ(json::parse(told.body)["reason"], "NotAcceptable") << target;
  }
  for (auto* target : {"/openapi/v2", "/openapi/v3/apis/apps/v1"}) {
    auto told = get(target, "application/yaml");
    EXPECT_EQ(told.head.status, 406) << target;
    EXPECT_EQ(told.body, "") << target;
  }
}

TEST_F(HttpAnswers, HasNoHeadsWithoutTheirBodies) {
  for (auto* target : {"/api/v1", "/version", map.c_str()})
    EXPECT_EQ(ask("HEAD", target).head.status, 405) << target;
  for (auto* target : {"/apis", "/healthz", "/openapi/v2"})
    EXPECT_EQ(ask("HEAD", target).head.status, 200) << target;
}

TEST_F(HttpAnswers, TellsWhoHasADocumentThatItIsTheSame) {
  for (auto& [target, accept] :
       {std::pair{"/api", of_discovery}, std::pair{"/apis", of_discovery},
        std::pair{"/openapi/v2", std::string{"application/json"}},
        std::pair{"/openapi/v3/api/v1", std::string{}}}) {
    auto first = get(target, accept);
    ASSERT_EQ(first.head.status, 200) << target;
    EXPECT_EQ(header(first, "Vary"), "Accept") << target;
    auto again =
        ask("GET", target,
            {{"Accept", accept}, {"If-None-Match", header(first, "ETag")}});
    EXPECT_EQ(again.head.status, 304) << target;
    EXPECT_EQ(again.body, "") << target;
    EXPECT_EQ(header(again, "ETag"), header(first, "ETag")) << target;
    EXPECT_EQ(header(again, "Content-Type"), "") << target;
  }
  EXPECT_EQ(header(get("/apis", of_discovery), "Cache-Control"), "public");
  EXPECT_EQ(header(get("/apis"), "ETag"), "");
}

TEST_F(HttpAnswers, LeadsToTheNewestHashOfADocument) {
  auto index = json::parse(get("/openapi/v3").body);
  std::string place = index["paths"]["apis/apps/v1"]["serverRelativeURL"];
  auto right = get(place);
  EXPECT_EQ(right.head.status, 200);
  EXPECT_EQ(header(right, "Cache-Control"), "public, immutable");
  EXPECT_THAT(header(right, "Expires"), HasSubstr(" GMT"));
  auto wrong = get("/openapi/v3/apis/apps/v1?hash=old");
  EXPECT_EQ(wrong.head.status, 301);
  EXPECT_EQ(header(wrong, "Location"), place);
  EXPECT_EQ(get("/openapi/v3/apis/apps/v7").head.status, 404);
}

TEST_F(HttpAnswers, HasDocumentsInProtobuf) {
  for (auto* accept :
       {"application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
        "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"}) {
    auto told = get("/openapi/v3/apis/apps/v1", accept);
    EXPECT_EQ(told.head.status, 200);
    EXPECT_EQ(header(told, "Content-Type"),
              "application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
    EXPECT_EQ(header(told, "ETag"),
              header(get("/openapi/v3/apis/apps/v1"), "ETag"));
  }
  auto all =
      get("/apis", "application/vnd.kubernetes.protobuf;"
                   "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(all.head.status, 200);
  EXPECT_TRUE(http::unwrap(all.body));
}

TEST_F(HttpAnswers, SaysNoVersionWhereKubernetesSaysNone) {
  EXPECT_FALSE(json::parse(get("/api").body).contains("apiVersion"));
  EXPECT_FALSE(json::parse(get("/api/v1").body).contains("apiVersion"));
  EXPECT_EQ(json::parse(get("/apis").body)["apiVersion"], "v1");
  EXPECT_EQ(json::parse(get("/apis/apps/v1").body)["apiVersion"], "v1");
}

TEST_F(HttpAnswers, KnowsItsChecksByKubernetesNames) {
  all_->missing = "cluster-admin";
  EXPECT_EQ(get("/readyz").head.status, 500);
  EXPECT_EQ(get("/livez/etcd").body, "ok");
  EXPECT_EQ(get("/livez/poststarthook/rbac/bootstrap-roles").head.status, 500);
  EXPECT_EQ(get("/readyz?exclude=poststarthook/rbac/bootstrap-roles").body,
            "ok");
  EXPECT_EQ(get("/readyz/nothing").head.status, 404);
  all_->missing.clear();
  auto page = get("/readyz?verbose");
  EXPECT_EQ(page.head.status, 200);
  for (auto* name : {"ping", "log", "etcd", "informer-sync", "shutdown",
                     "poststarthook/rbac/bootstrap-roles"})
    EXPECT_THAT(page.body, HasSubstr("[+]" + std::string{name} + " ok\n"));
  // The start is over, whatever is taken away later.
  all_->missing = "cluster-admin";
  EXPECT_EQ(get("/readyz").head.status, 200);
}

TEST_F(HttpAnswers, KnowsNobodyByATokenThatIsNone) {
  connect({});
  auto socket = [](const std::string& protocols) {
    return http::client::handshake(protocols);
  };
  std::string prefix = "base64url.bearer.authorization.k8s.io.";
  auto target = map.substr(0, map.rfind('/')) + "?watch=1";
  auto good = prefix + crypto::base64url_encode("a.b");
  for (auto& protocols : {prefix + "!!, x", good, good + ", " + good + ", x"})
    EXPECT_EQ(ask("GET", target, socket(protocols)).head.status, 401)
        << protocols;
  EXPECT_TRUE(all_->asked.empty());
}

TEST_F(HttpAnswers, AsksForAnUpdateOfLateContainersAsSuch) {
  ask("PUT", "/api/v1/namespaces/default/pods/web/ephemeralcontainers",
      {{"Content-Type", "application/json"}},
      R"({"kind":"EphemeralContainers","apiVersion":"v1",
          "ephemeralContainers":[{"name":"debugger","image":"busybox"}]})");
  ASSERT_EQ(all_->asked.size(), 1u);
  EXPECT_EQ(all_->asked[0].verb(), call::UPDATE);
  EXPECT_EQ(all_->asked[0].patch_type(), call::STRATEGIC);
  EXPECT_THAT(all_->asked[0].patch(), HasSubstr("debugger"));
}

} // namespace troupe::test

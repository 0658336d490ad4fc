// What is noted of requests, and certificates that end under way.

#include "actors/http/connection.hpp"
#include "actors/http/listener.hpp"
#include "messages/api/authorization.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/audit.pb.h"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/http.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/simulated_http.hpp"
#include "tests/support/client_frames.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// The edge of a server that notes what it is asked.
class noting_http : public http::simulated_http {
public:
  std::shared_ptr<const rules::audit_settings> audit() const override {
    return settings;
  }
  std::shared_ptr<const rules::audit_settings> settings;
};

/// What the API server is asked, and how it answers.
struct served {
  bool allows = true;
  bool silent = false;                     ///< requests are not answered
  std::vector<std::string> opened;         ///< sessions, by user
  std::vector<caf::response_promise> kept; ///< of what is not answered
};

std::vector<object> answer_to(const served& all, const call::Request& msg,
                              const object& body) {
  if (!body
      || &body.kind() != &kind_of<authorization::v1::SubjectAccessReview>())
    return msg.verb() == call::CREATE ? std::vector<object>{body}
                                      : std::vector<object>{};
  auto review = body.copy<authorization::v1::SubjectAccessReview>();
  review.mutable_status()->set_allowed(all.allows);
  review.mutable_status()->set_reason("so it is");
  return {object::of(review)};
}

caf::behavior api(caf::event_based_actor* self, std::shared_ptr<served> all) {
  return {
      [self](const pb<system::Resolve>&) {
        return caf::actor_cast<caf::actor>(self);
      },
      [](const pb<system::Started>&, const caf::actor&) {},
      [self, all](const pb<call::OpenSession>& msg) {
        all->opened.push_back(msg->user());
        return caf::make_message(pb<call::SessionOpened>{},
                                 caf::actor_cast<session_actor>(self));
      },
      [self, all](const pb<call::Request>& msg,
                  const object& body) -> caf::result<caf::message> {
        auto review =
            body
            && &body.kind()
                   == &kind_of<authorization::v1::SubjectAccessReview>();
        if (all->silent && !review) {
          all->kept.push_back(self->make_response_promise());
          return caf::delegated<caf::message>{};
        }
        if (!all->allows && !review)
          return make_error(ec::forbidden, "it is forbidden");
        return caf::make_message(pb<call::Response>{},
                                 answer_to(*all, *msg, body));
      },
      [](const pb<call::Watch>&, const watcher_actor&) {
        return pb<call::WatchStarted>{};
      },
      [self](const pb<call::OpenStream>&, const container_stream_actor&) {
        container::StreamOpened opened;
        opened.set_stream(1);
        return caf::make_message(pb<container::StreamOpened>{opened},
                                 caf::actor_cast<stream_source_actor>(self));
      },
      [](const pb<call::Ack>&, const watcher_actor&) {},
      [](const pb<call::StopWatch>&, const watcher_actor&) {},
      [](const pb<container::StreamData>&) {},
      [](const pb<container::StreamCredit>&) {},
      [](const pb<container::StreamResize>&) {},
      [](const pb<container::StreamClose>&) {},
  };
}

caf::behavior sink(caf::event_based_actor*,
                   std::shared_ptr<std::vector<json>> lines) {
  return {[lines](const pb<audit::Line>& msg) {
    lines->push_back(json::parse(msg->text()));
  }};
}

constexpr auto policy = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
- level: Metadata
)";

class HttpAudit : public testing::Test {
protected:
  HttpAudit() {
    auto settings = std::make_shared<rules::audit_settings>();
    settings->policy = *rules::audit_policy::parse(policy);
    edge_->settings = settings;
    api_ = world_.system().spawn(api, all_);
    log_ = world_.system().spawn(sink, lines_);
    edge_->listen([](uint64_t, const http::peer&) {});
  }

  ~HttpAudit() override {
    if (connection_)
      world_.end(connection_);
    world_.end(api_);
    world_.end(log_);
  }

  void connect(http::peer who) {
    at_ = edge_->connect(who);
    connection_ = caf::actor_cast<caf::actor>(world_.system().spawn(
        http_connection,
        world_.at("http/1").with_directory(
            caf::actor_cast<directory_actor>(api_)),
        std::static_pointer_cast<http::http_edge>(edge_), at_, std::move(who),
        caf::actor_cast<audit_sink_actor>(log_),
        std::make_shared<http::event_memo>(),
        std::shared_ptr<const rules::flow_table>{}));
    world_.run();
  }

  void ask(const std::string& method, const std::string& target,
           std::vector<http::header> headers = {},
           const std::string& body = {}) {
    http::request what;
    what.method = method;
    what.target = target;
    what.headers = std::move(headers);
    what.body = body;
    exchange_ = edge_->ask(at_, std::move(what));
    world_.run();
  }

  const http::simulated_http::heard& told() {
    return edge_->told(at_, exchange_);
  }

  std::vector<std::string> stages() const {
    std::vector<std::string> result;
    for (auto& line : *lines_)
      result.push_back(line["stage"]);
    return result;
  }

  fake_world world_;
  std::shared_ptr<noting_http> edge_ = std::make_shared<noting_http>();
  std::shared_ptr<served> all_ = std::make_shared<served>();
  std::shared_ptr<std::vector<json>> lines_ =
      std::make_shared<std::vector<json>>();
  caf::actor api_;
  caf::actor log_;
  caf::actor connection_;
  uint64_t at_ = 0;
  uint64_t exchange_ = 0;
};

const http::peer admin{"admin", {"devs"}, {}, "10.0.0.1"};
const std::string maps = "/api/v1/namespaces/default/configmaps";

} // namespace

TEST_F(HttpAudit, NotesWhoDidWhatAndWhyItWasAllowed) {
  connect(admin);
  ask("POST", maps,
      {{"Content-Type", "application/json"},
       {"User-Agent", "test"},
       {"Audit-Id", "mine"},
       {"X-Forwarded-For", "1.2.3.4, nonsense"}},
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}})");
  ASSERT_EQ(stages(),
            (std::vector<std::string>{"RequestReceived", "ResponseComplete"}));
  auto& first = lines_->at(0);
  EXPECT_EQ(first["auditID"], "mine");
  EXPECT_EQ(http::find_header(told().head.headers, "Audit-Id"), "mine");
  EXPECT_FALSE(first.contains("requestObject")) << "it was not read yet";
  EXPECT_EQ(first["user"]["username"], "admin");
  EXPECT_EQ(first["sourceIPs"], (json{"1.2.3.4", "10.0.0.1"}));
  EXPECT_EQ(first["userAgent"], "test");
  EXPECT_EQ(first["requestReceivedTimestamp"], first["stageTimestamp"]);
  auto& last = lines_->at(1);
  EXPECT_EQ(last["objectRef"]["name"], "m") << "as the object says";
  EXPECT_EQ(last["responseStatus"]["code"], 201);
  EXPECT_EQ(last["requestObject"]["metadata"]["name"], "m");
  EXPECT_EQ(last["responseObject"]["metadata"]["name"], "m");
  EXPECT_EQ(last["annotations"]["authorization.k8s.io/decision"], "allow");
  EXPECT_EQ(last["annotations"]["authorization.k8s.io/reason"], "so it is");
}

TEST_F(HttpAudit, NotesWhatIsNoTextAsTheServerTakesIt) {
  connect(admin);
  ask("POST", maps, {{"Content-Type", "application/json"}},
      "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
      "\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":\"\xff\\ud800\"}}");
  auto& last = lines_->back();
  EXPECT_EQ(last["objectRef"]["name"], "m");
  EXPECT_EQ(last["requestObject"]["data"]["k"], "\uFFFD\uFFFD");
}

TEST_F(HttpAudit, NotesWhyItWasRefusedAndNotWhatWasSent) {
  all_->allows = false;
  connect(admin);
  ask("POST", maps, {{"Content-Type", "application/json"}},
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}})");
  auto& last = lines_->back();
  EXPECT_EQ(last["stage"], "ResponseComplete");
  EXPECT_FALSE(last.contains("requestObject"));
  EXPECT_EQ(last["responseStatus"]["code"], 403);
  EXPECT_EQ(last["responseStatus"]["status"], "Failure");
  EXPECT_EQ(last["responseStatus"]["reason"], "Forbidden");
  EXPECT_EQ(last["annotations"]["authorization.k8s.io/decision"], "forbid");
}

TEST_F(HttpAudit, NotesStrangers) {
  connect({"", {}, "the certificate has expired"});
  ask("GET", maps);
  ASSERT_EQ(stages(), std::vector<std::string>{"ResponseStarted"});
  auto& status = lines_->at(0)["responseStatus"];
  EXPECT_EQ(status["code"], 401);
  EXPECT_EQ(status["reason"], "Unauthorized");
  EXPECT_THAT(status["message"].get<std::string>(),
              HasSubstr("Authentication failed, attempted: x509"));
  EXPECT_EQ(lines_->at(0)["user"], json::object());
  EXPECT_THAT(told().body, HasSubstr("\"message\":\"Unauthorized\""));
}

TEST_F(HttpAudit, NotesWhenAStreamBeginsAndEnds) {
  connect(admin);
  ask("GET", "/api/v1/namespaces/default/pods/web/exec?command=ls&stdout=1",
      http::client::handshake("v4.channel.k8s.io"));
  ASSERT_TRUE(told().upgraded);
  ASSERT_EQ(stages(),
            (std::vector<std::string>{"RequestReceived", "ResponseStarted"}));
  EXPECT_EQ(lines_->at(1)["responseStatus"]["code"], 101);
  EXPECT_EQ(lines_->at(1)["annotations"]["authorization.k8s.io/decision"],
            "allow");
  edge_->hang_up(at_);
  world_.run();
  EXPECT_EQ(stages().back(), "ResponseComplete");
  EXPECT_EQ(stages().size(), 3u);
}

TEST_F(HttpAudit, NotesTheEndOfWhatNobodyWaitsFor) {
  all_->silent = true;
  connect(admin);
  ask("GET", maps + "/m");
  ASSERT_EQ(stages(), std::vector<std::string>{"RequestReceived"});
  edge_->hang_up(at_);
  world_.run();
  ASSERT_EQ(stages().back(), "ResponseComplete");
  auto& status = lines_->back()["responseStatus"];
  EXPECT_EQ(status["message"], "Connection closed early");
  EXPECT_EQ(status["code"], 200);
}

TEST_F(HttpAudit, GivesEveryAnswerAName) {
  connect(admin);
  ask("GET", "/version");
  EXPECT_NE(http::find_header(told().head.headers, "Audit-Id"), "");
  ask("GET", "/nothing/here");
  EXPECT_NE(http::find_header(told().head.headers, "Audit-Id"), "");
  ask("GET", maps + "?watch=1");
  EXPECT_NE(http::find_header(told().head.headers, "Audit-Id"), "");
}

// -- certificates that end ----------------------------------------------------

TEST_F(HttpAudit, ServesNobodyWhoseCertificateHasEnded) {
  auto who = admin;
  who.until = world_.at("clock").now() + 1min;
  connect(who);
  ask("GET", maps + "?watch=1");
  ASSERT_TRUE(told().begun);
  EXPECT_FALSE(told().ended);
  world_.advance(30s);
  EXPECT_FALSE(told().ended);
  world_.advance(31s);
  EXPECT_TRUE(told().ended) << "the watch of who is nobody now";
  ask("GET", maps);
  EXPECT_EQ(told().head.status, 401);
}

TEST_F(HttpAudit, ServesNobodyWhoseCertificateWasRevoked) {
  connect(admin);
  ask("GET", maps + "?watch=1");
  ASSERT_TRUE(told().begun);
  auto watch = exchange_;
  http_api::Distrusted msg;
  msg.set_problem("the certificate was revoked");
  caf::anon_send(caf::actor_cast<http_connection_actor>(connection_),
                 pb<http_api::Distrusted>{msg});
  world_.run();
  EXPECT_TRUE(edge_->told(at_, watch).ended);
  ask("GET", maps);
  EXPECT_EQ(told().head.status, 401);
  EXPECT_THAT(lines_->back()["responseStatus"]["message"].get<std::string>(),
              HasSubstr("the certificate was revoked"));
}

// -- the log ------------------------------------------------------------------

class AuditLog : public testing::Test {
protected:
  AuditLog() {
    char name[] = "/tmp/audit-XXXXXX";
    folder_ = mkdtemp(name);
    settings_->file = (folder_ / "audit.log").string();
  }
  ~AuditLog() override { fs::remove_all(folder_); }

  void write(const caf::actor& to, const std::string& text) {
    audit::Line line;
    line.set_text(text);
    caf::anon_send(caf::actor_cast<audit_sink_actor>(to),
                   pb<audit::Line>{line});
  }

  std::vector<std::string> files() const {
    std::vector<std::string> result;
    for (auto& each : fs::directory_iterator(folder_))
      result.push_back(each.path().filename().string());
    std::sort(result.begin(), result.end());
    return result;
  }

  fs::path folder_;
  fake_world world_;
  std::shared_ptr<rules::audit_settings> settings_ =
      std::make_shared<rules::audit_settings>();
};

TEST_F(AuditLog, BeginsAnotherFileAndKeepsAFew) {
  settings_->most_bytes = 20;
  settings_->backups = 2;
  for (auto* other : {"audit-notes.log", "audit-2026.log", "audit-x.txt"})
    std::ofstream{folder_ / other} << "kept";
  auto log = caf::actor_cast<caf::actor>(world_.system().spawn(
      audit_log, world_.at("http/audit"),
      std::shared_ptr<const rules::audit_settings>{settings_},
      audit_source_actor{}));
  for (int i = 0; i < 6; ++i)
    write(log, "0123456789abcdef");
  world_.run();
  auto all = files();
  EXPECT_EQ(all.size(), 6u) << "three of others, ours and two before it";
  for (auto* other : {"audit-notes.log", "audit-2026.log", "audit-x.txt"})
    EXPECT_TRUE(fs::exists(folder_ / other)) << other;
  auto mode = fs::status(folder_ / "audit.log").permissions();
  EXPECT_EQ(mode, fs::perms::owner_read | fs::perms::owner_write);
  world_.end(log);
}

TEST_F(AuditLog, IsGivenNoMoreThanItCanBeBehindWith) {
  auto edge = std::make_shared<noting_http>();
  edge->settings = settings_;
  auto listener = caf::actor_cast<caf::actor>(
      world_.system().spawn(http_listener, world_.at("http"),
                            std::static_pointer_cast<http::http_edge>(edge)));
  world_.run();
  // The second comes while the first is not written yet.
  write(listener, std::string(40u << 20, 'x'));
  write(listener, std::string(40u << 20, 'y'));
  world_.run();
  write(listener, "z");
  world_.run();
  std::string metrics;
  edge->metrics().audit_began("Metadata");
  edge->metrics().append(metrics);
  EXPECT_THAT(world_.facts_of(listener), testing::Contains("audit_dropped=1"));
  EXPECT_THAT(metrics,
              HasSubstr("apiserver_audit_error_total{plugin=\"log\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("apiserver_audit_event_total 2"));
  EXPECT_EQ(fs::file_size(settings_->file), (40u << 20) + 1 + 2);
  world_.end(listener);
}

} // namespace troupe::test

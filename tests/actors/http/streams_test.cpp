#include "actors/http/connection.hpp"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/http.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/simulated_http.hpp"
#include "tests/support/client_frames.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

/// What the session was asked for, and what the sources of its streams heard.
struct heard {
  std::vector<call::OpenStream> asked;
  std::vector<container_stream_actor> to;
  caf::error refusal; ///< what every stream is refused with
  std::string input;
  lines said; ///< "end", "credit 16", "size 80x24", "close", with the stream
};

std::string numbered(const char* what, uint64_t stream) {
  return what + (" " + std::to_string(stream));
}

/// A directory, a link, a session and the source of its streams in one.
caf::behavior server(caf::event_based_actor* self, std::shared_ptr<heard> all) {
  self->set_down_handler(
      [all](const caf::down_msg&) { all->said.push_back("down"); });
  return {
      [self](const pb<system::Resolve>&) {
        return caf::actor_cast<caf::actor>(self);
      },
      [](const pb<system::Started>&, const caf::actor&) {},
      [self](const pb<call::OpenSession>&) {
        return caf::make_message(pb<call::SessionOpened>{},
                                 caf::actor_cast<session_actor>(self));
      },
      [self,
       all](const pb<call::OpenStream>& msg,
            const container_stream_actor& to) -> caf::result<caf::message> {
        all->asked.push_back(*msg);
        if (all->refusal)
          return all->refusal;
        container::StreamOpened opened;
        if (!msg->has_port() || msg->port().port() != 0) {
          all->to.push_back(to);
          self->monitor(to);
          opened.set_stream(all->to.size());
        }
        return caf::make_message(pb<container::StreamOpened>{opened},
                                 caf::actor_cast<stream_source_actor>(self));
      },
      [all](const pb<container::StreamData>& msg) {
        all->input += msg->data();
        if (msg->end())
          all->said.push_back(numbered("end", msg->stream()));
      },
      [all](const pb<container::StreamCredit>& msg) {
        all->said.push_back(numbered("credit", msg->stream()) + " "
                            + std::to_string(msg->chunks()));
      },
      [all](const pb<container::StreamResize>& msg) {
        all->said.push_back(numbered("size", msg->stream()) + " "
                            + std::to_string(msg->width()) + "x"
                            + std::to_string(msg->height()));
      },
      [all](const pb<container::StreamClose>& msg) {
        all->said.push_back(numbered("close", msg->stream()));
      },
  };
}

const std::string pod = "/api/v1/namespaces/default/pods/web";
const std::string goodbye = std::string("8:\x03\xe8", 4);

class HttpStreams : public testing::Test {
protected:
  HttpStreams() {
    api_ = world_.system().spawn(server, all_);
    edge_->listen([](uint64_t, const http::peer&) {});
    at_ = edge_->connect({"admin", {"system:masters"}, {}});
    connection_ = caf::actor_cast<caf::actor>(world_.system().spawn(
        http_connection,
        world_.at("http/1").with_directory(
            caf::actor_cast<directory_actor>(api_)),
        std::static_pointer_cast<http::http_edge>(edge_), at_,
        http::peer{"admin", {"system:masters"}, {}}, audit_sink_actor{},
        std::make_shared<http::event_memo>(),
        std::shared_ptr<const rules::flow_table>{}));
    world_.run();
  }

  ~HttpStreams() override {
    world_.end(connection_);
    world_.end(api_);
  }

  void ask(const std::string& method, const std::string& target,
           std::vector<http::header> headers, const std::string& body = {}) {
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

  /// What was sent since the last time.
  std::string fresh() {
    auto out = told().body.substr(read_);
    read_ = told().body.size();
    return out;
  }

  lines messages() { return http::client::websocket_messages(fresh()); }

  void say(const std::string& bytes) {
    edge_->say(at_, exchange_, bytes);
    world_.run();
  }

  void say_frame(const std::string& data) {
    say(http::client::websocket(2, data));
  }

  template <class T>
  void from_source(T msg, uint64_t stream = 1) {
    msg.set_stream(stream);
    caf::send_as(api_, all_->to.at(stream - 1), pb<T>{std::move(msg)});
    world_.run();
  }

  void put_out(const std::string& data, uint64_t stream = 1,
               container::Channel channel = container::STDOUT,
               bool end = false) {
    container::StreamData msg;
    msg.set_channel(channel);
    msg.set_data(data);
    msg.set_end(end);
    from_source(std::move(msg), stream);
  }

  void allow(uint32_t chunks, uint64_t stream = 1) {
    container::StreamCredit msg;
    msg.set_chunks(chunks);
    from_source(std::move(msg), stream);
  }

  void end(int32_t code, const std::string& error = {}, uint64_t stream = 1) {
    container::StreamEnd msg;
    msg.set_exit_code(code);
    msg.set_error(error);
    from_source(std::move(msg), stream);
  }

  fake_world world_;
  std::shared_ptr<http::simulated_http> edge_ =
      std::make_shared<http::simulated_http>();
  std::shared_ptr<heard> all_ = std::make_shared<heard>();
  caf::actor api_;
  caf::actor connection_;
  uint64_t at_ = 0;
  uint64_t exchange_ = 0;
  size_t read_ = 0;
};

TEST_F(HttpStreams, RunsACommandOverWebSocket) {
  ask("GET",
      pod + "/exec?command=cat&command=-&stdin=1&stdout=1&stderr=1&container=c",
      http::client::handshake("v4.channel.k8s.io"));
  ASSERT_EQ(all_->asked.size(), 1u);
  auto& asked = all_->asked[0];
  EXPECT_EQ(asked.verb(), "get");
  EXPECT_EQ(asked.exec().target().name(), "web");
  EXPECT_EQ(asked.exec().target().container(), "c");
  EXPECT_EQ(asked.exec().options().command(1), "-");
  EXPECT_EQ(asked.exec().options().credit(), 0u);
  EXPECT_TRUE(told().upgraded);
  EXPECT_EQ(messages(), lines{"2:\x01"});
  EXPECT_EQ(all_->said, lines{"credit 1 16"});
  say_frame(std::string("\0hi", 3));
  EXPECT_EQ(all_->input, "") << "the container has allowed nothing yet";
  allow(1);
  EXPECT_EQ(all_->input, "hi");
  put_out("out");
  put_out("err", 1, container::STDERR);
  EXPECT_EQ(messages(), (lines{"2:\x01out", "2:\x02"
                                            "err"}));
  end(3);
  auto last = messages();
  ASSERT_EQ(last.size(), 2u);
  EXPECT_NE(last[0].find("\"reason\":\"NonZeroExitCode\""), std::string::npos);
  EXPECT_EQ(last[1], goodbye);
  EXPECT_FALSE(told().ended);
  say(http::client::websocket(8, std::string("\x03\xe8", 2)));
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, ClosesAfterAWhileOnAClientThatDoesNot) {
  ask("GET", pod + "/exec?command=true&stdout=1",
      http::client::handshake("v5.channel.k8s.io"));
  end(0);
  EXPECT_EQ(messages().back(), goodbye);
  world_.advance(9s);
  EXPECT_FALSE(told().ended);
  world_.advance(2s);
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, SlowsACommandWhoseClientReadsSlowly) {
  ask("GET", pod + "/exec?command=yes&stdout=1",
      http::client::handshake("v5.channel.k8s.io"));
  edge_->read_slowly(at_, true);
  all_->said.clear();
  for (int i = 0; i < 16; ++i)
    put_out("y");
  auto before = all_->said.size();
  EXPECT_LT(before, 16u);
  edge_->read_slowly(at_, false);
  world_.run();
  EXPECT_GT(all_->said.size(), before);
}

TEST_F(HttpStreams, RunsATerminalOverSpdy) {
  ask("POST", pod + "/exec?command=sh&stdin=1&stdout=1&stderr=1&tty=1",
      http::client::spdy_upgrade("v4.channel.k8s.io"));
  ASSERT_EQ(all_->asked.size(), 1u);
  EXPECT_EQ(all_->asked[0].verb(), "create");
  EXPECT_TRUE(all_->asked[0].exec().options().tty());
  EXPECT_TRUE(told().upgraded);
  http::client::spdy peer;
  put_out("early");
  std::string bytes;
  uint32_t id = 1;
  for (auto* type : {"error", "stdin", "stdout", "resize"}) {
    bytes += peer.open(id, {{"streamType", type}});
    id += 2;
  }
  say(bytes);
  EXPECT_EQ(peer.read(fresh()), (lines{"reply 1", "reply 3", "reply 5",
                                       "reply 7", "data 5 early"}));
  say(http::client::spdy::data(7, R"({"Width":80,"Height":24})"));
  allow(4);
  say(http::client::spdy::data(3, "ls\n")
      + http::client::spdy::data(3, "", true));
  EXPECT_EQ(all_->input, "ls\n");
  EXPECT_EQ(all_->said, (lines{"credit 1 17", "size 1 80x24", "end 1"}));
  end(0);
  EXPECT_EQ(
      peer.read(fresh()),
      (lines{R"(data 1 {"metadata":{},"status":"Success"})", "data 5  fin",
             "data 1  fin", "data 3  fin", "data 7  fin"}));
  say(http::client::spdy::goaway());
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, GivesUpOnAClientThatOpensNoStreams) {
  ask("POST", pod + "/attach?stdout=1",
      http::client::spdy_upgrade("v4.channel.k8s.io"));
  EXPECT_TRUE(all_->asked[0].has_attach());
  world_.advance(31s);
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, RefusesBeforeItGoesOver) {
  auto upgrade = http::client::spdy_upgrade("v4.channel.k8s.io");
  ask("POST", pod + "/exec?command=ls&stdout=1", {});
  EXPECT_EQ(told().head.status, 400);
  EXPECT_NE(told().body.find("Upgrade request required"), std::string::npos);
  ask("PUT", pod + "/exec?command=ls&stdout=1", upgrade);
  EXPECT_EQ(told().head.status, 405);
  ask("POST", pod + "/exec?command=ls", upgrade);
  EXPECT_EQ(told().head.status, 400);
  all_->refusal = make_error(ec::not_found, "pods \"web\" not found");
  ask("POST", pod + "/exec?command=ls&stdout=1", upgrade);
  EXPECT_EQ(told().head.status, 404);
  EXPECT_NE(told().body.find("\"kind\":\"Status\""), std::string::npos);
  // Kubernetes: a kubelet refuses with text.
  all_->refusal = make_error(ec::conflict, "container not found (\"c\")");
  ask("POST", pod + "/exec?command=ls&stdout=1", upgrade);
  EXPECT_EQ(told().head.status, 500);
  EXPECT_EQ(told().body, "container not found (\"c\")");
  all_->refusal = {};
  ask("POST", pod + "/portforward", upgrade);
  EXPECT_EQ(told().head.status, 400) << "that is no protocol of ports";
}

TEST_F(HttpStreams, TellsFirstThatThereIsNoPod) {
  all_->refusal = make_error(ec::not_found, "pods \"web\" not found");
  for (auto what : {"/exec?command=ls&stdout=1", "/attach?stdout=1", "/exec",
                    "/portforward?ports=80"}) {
    ask("POST", pod + what, {});
    EXPECT_EQ(told().head.status, 404) << what;
    auto& asked = all_->asked.back();
    EXPECT_TRUE(asked.look() || asked.port().port() == 0);
  }
}

TEST_F(HttpStreams, TellsOfACommandThatCannotBeStarted) {
  all_->refusal = make_error(ec::invalid, "exec: \"nothing\": not found");
  ask("GET", pod + "/exec?command=nothing&stdout=1",
      http::client::handshake("v4.channel.k8s.io"));
  EXPECT_TRUE(told().upgraded);
  auto got = messages();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_NE(got[1].find("error executing command in container: exec: "),
            std::string::npos);
}

TEST_F(HttpStreams, EndsACommandWithItsClient) {
  ask("GET", pod + "/exec?command=cat&stdin=1&stdout=1",
      http::client::handshake("v4.channel.k8s.io"));
  EXPECT_NE(all_->said.back(), "down");
  edge_->hang_up(at_);
  world_.run();
  EXPECT_EQ(all_->said.back(), "down");
}

TEST_F(HttpStreams, ForwardsPorts) {
  ask("POST", pod + "/portforward",
      http::client::spdy_upgrade("portforward.k8s.io"));
  ASSERT_EQ(all_->asked.size(), 1u);
  EXPECT_EQ(all_->asked[0].port().port(), 0u);
  EXPECT_TRUE(told().upgraded);
  http::client::spdy peer;
  auto open = [&](uint32_t id, const char* type) {
    return peer.open(id, {{"streamType", type},
                          {"port", "80"},
                          {"requestID", std::to_string(id / 4)}});
  };
  say(open(1, "error"));
  say(open(3, "data") + http::client::spdy::data(3, "GET"));
  ASSERT_EQ(all_->asked.size(), 2u);
  EXPECT_EQ(all_->asked[1].port().port(), 80u);
  EXPECT_EQ(all_->asked[1].port().name(), "web");
  EXPECT_EQ(all_->input, "GET");
  EXPECT_EQ(peer.read(fresh()), (lines{"reply 1", "reply 3"}));
  put_out("200");
  EXPECT_EQ(peer.read(fresh()), lines{"data 3 200"});
  say(http::client::spdy::data(3, "", true));
  EXPECT_EQ(all_->said.back(), "end 1");
  put_out("", 1, container::STDOUT, true);
  end(0);
  EXPECT_EQ(peer.read(fresh()), (lines{"data 3  fin", "data 1  fin"}));
  all_->refusal = make_error(ec::service_unavailable, "nobody listens");
  say(open(5, "error"));
  say(open(7, "data"));
  EXPECT_EQ(peer.read(fresh()),
            (lines{"reply 5", "reply 7",
                   "data 5 error forwarding port 80 to pod web, uid : nobody "
                   "listens",
                   "data 7  fin", "data 5  fin"}));
}

TEST_F(HttpStreams, PassesRequestsThroughAProxy) {
  ask("POST", pod + ":8080/proxy/a/b?c=d",
      {{"Host", "api"}, {"Accept", "text/html"}}, "body");
  ASSERT_EQ(all_->asked.size(), 1u);
  EXPECT_EQ(all_->asked[0].verb(), "create");
  EXPECT_EQ(all_->asked[0].proxied().resource(), "pods");
  EXPECT_EQ(all_->asked[0].proxied().name(), "web:8080");
  EXPECT_EQ(all_->input, "POST /a/b?c=d HTTP/1.1\r\nHost: api\r\nAccept: "
                         "text/html\r\nX-Forwarded-Uri: "
                             + pod
                             + ":8080/proxy/a/b\r\nConnection: close\r\n"
                               "Content-Length: 4\r\n\r\nbody");
  put_out("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Own: 1\r\n");
  put_out("Location: /new\r\n\r\nhi");
  EXPECT_TRUE(told().ended);
  EXPECT_EQ(told().head.status, 201);
  EXPECT_EQ(told().body, "hi");
  EXPECT_EQ(http::find_header(told().head.headers, "Location"),
            pod + ":8080/proxy/new");
}

TEST_F(HttpStreams, ProxiesServicesByAnyMethod) {
  const std::string service = "/api/v1/namespaces/default/services/https:s:web";
  ask("OPTIONS", service + "/proxy/", {});
  EXPECT_EQ(all_->asked.back().verb(), "*");
  EXPECT_EQ(all_->asked.back().proxied().resource(), "services");
  EXPECT_EQ(all_->asked.back().proxied().name(), "https:s:web");
  // A greeting of TLS: the handshake's record.
  ASSERT_FALSE(all_->input.empty());
  EXPECT_EQ(all_->input[0], '\x16');
  ask("BREW", service + "/proxy/", {});
  EXPECT_EQ(told().head.status, 405);
}

TEST_F(HttpStreams, LeadsToTheFolderOfAProxy) {
  ask("GET", pod + "/proxy?x=1", {});
  EXPECT_EQ(told().head.status, 301);
  EXPECT_EQ(http::find_header(told().head.headers, "Location"),
            pod + "/proxy/?x=1");
  EXPECT_EQ(all_->said, (lines{"close 1", "down"}));
}

TEST_F(HttpStreams, StreamsLongAnswersOfAProxy) {
  ask("GET", pod + "/proxy/", {});
  put_out("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_EQ(told().body, "abc");
  EXPECT_FALSE(told().ended);
  put_out("0\r\n\r\n");
  EXPECT_TRUE(told().ended);
  EXPECT_FALSE(told().broken);
  ask("GET", pod + "/proxy/", {});
  put_out("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
          2);
  end(0, {}, 2);
  EXPECT_TRUE(told().broken);
}

TEST_F(HttpStreams, PassesABodyOnThroughAProxyAsItComes) {
  http::request what;
  what.method = "PUT";
  what.target = pod + "/proxy/";
  exchange_ = edge_->ask(at_, std::move(what), true);
  world_.run();
  EXPECT_TRUE(all_->input.ends_with("Transfer-Encoding: chunked\r\n\r\n"));
  EXPECT_GT(edge_->allowed(at_, exchange_), 0u);
  all_->input.clear();
  say("abc");
  EXPECT_EQ(all_->input, "3\r\nabc\r\n");
  // While the pod takes nothing no more is asked for.
  std::string much(64u << 10, 'x');
  for (int i = 0; i < 16; ++i)
    say(much);
  auto before = edge_->allowed(at_, exchange_);
  EXPECT_LT(before, 16u);
  allow(100);
  EXPECT_GT(edge_->allowed(at_, exchange_), before);
  say("");
  EXPECT_TRUE(all_->input.ends_with("0\r\n\r\n"));
  put_out("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(told().body, "ok");
  EXPECT_EQ(http::find_header(told().head.headers, "Content-Length"), "2");
}

TEST_F(HttpStreams, TellsThatAServerDoesNotWantToGoOver) {
  ask("GET", pod + "/proxy/", http::client::handshake(""));
  put_out("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(told().head.status, 500);
  EXPECT_NE(told().body.find("invalid upgrade response: status code 200"),
            std::string::npos);
}

TEST_F(HttpStreams, ReadsNoMoreOfAClientThatReadsNothing) {
  ask("GET", pod + "/exec?command=cat&stdout=1",
      http::client::handshake("v5.channel.k8s.io"));
  messages();
  edge_->read_slowly(at_, true);
  for (int i = 0; i < 1000; ++i)
    say(http::client::websocket(9, "p"));
  auto before = edge_->allowed(at_, exchange_);
  EXPECT_LT(before, 100u);
  edge_->read_slowly(at_, false);
  world_.run();
  EXPECT_GT(edge_->allowed(at_, exchange_), before);
}

TEST_F(HttpStreams, EndsWhatIsSilentForHours) {
  ask("GET", pod + "/exec?command=cat&stdout=1",
      http::client::handshake("v5.channel.k8s.io"));
  world_.advance(3h);
  put_out("still there");
  world_.advance(3h);
  EXPECT_FALSE(told().ended);
  world_.advance(61min);
  EXPECT_TRUE(told().ended);
  EXPECT_EQ(all_->said.back(), "down");
}

TEST_F(HttpStreams, TellsAtOnceThatThePodsSideIsDone) {
  ask("GET", pod + "/portforward?ports=80",
      http::client::handshake("v4.channel.k8s.io"));
  put_out("bye");
  put_out("", 1, container::STDOUT, true);
  EXPECT_EQ(messages().back(), goodbye);
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, TellsThatNobodyAnswersBehindAProxy) {
  ask("GET", pod + "/proxy/", {});
  end(0);
  EXPECT_EQ(told().head.status, 503);
  EXPECT_NE(told().body.find("error trying to reach service: EOF"),
            std::string::npos);
}

TEST_F(HttpStreams, PassesUpgradesThroughAProxy) {
  ask("GET", pod + "/proxy/socket", http::client::handshake(""));
  EXPECT_NE(all_->input.find("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"),
            std::string::npos);
  put_out("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
          "Connection: Upgrade\r\n\r\nfirst");
  EXPECT_TRUE(told().upgraded);
  EXPECT_EQ(fresh(), "first");
  all_->input.clear();
  say("ping");
  EXPECT_EQ(all_->input, "ping");
  put_out("pong");
  EXPECT_EQ(fresh(), "pong");
  end(0);
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, TellsLogsOverWebSocket) {
  ask("GET", pod + "/log?follow=true",
      http::client::handshake("binary.k8s.io"));
  EXPECT_TRUE(told().upgraded);
  EXPECT_EQ(messages(), lines{"2:"});
  put_out("line\n");
  EXPECT_EQ(messages(), lines{"2:line\n"});
  say(http::client::websocket(9, "p"));
  EXPECT_EQ(messages(), lines{"10:p"});
  end(0);
  EXPECT_EQ(messages(), lines{goodbye});
  EXPECT_TRUE(told().ended);
}

TEST_F(HttpStreams, TellsNothingOfALogThatCannotBeThereYet) {
  all_->refusal = make_error(ec::conflict, "no host");
  ask("GET", pod + "/log", {});
  EXPECT_EQ(told().head.status, 204);
}

TEST_F(HttpStreams, AnswersForAStreamThatWasKilled) {
  ask("GET", pod + "/proxy/", {});
  auto to = caf::actor_cast<caf::actor>(all_->to.at(0));
  caf::anon_send_exit(to, caf::exit_reason::kill);
  to = nullptr;
  all_->to.clear();
  world_.run();
  EXPECT_EQ(told().head.status, 500);
}

} // namespace

} // namespace troupe::test

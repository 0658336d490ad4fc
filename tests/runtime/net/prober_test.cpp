#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/prober.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <openssl/ssl.h>

#include <future>
#include <optional>

using namespace troupe;
using namespace troupe::net;
using namespace std::chrono_literals;

namespace {

struct probing : ::testing::Test {
  std::future<probe_result> look(probe_request::form kind, const endpoint& to,
                                 std::string path = "/",
                                 std::chrono::milliseconds timeout = 10s) {
    probe_request spec;
    spec.kind = kind;
    spec.address = to_string(to.address);
    spec.port = to.port;
    spec.path = std::move(path);
    spec.timeout = timeout;
    spec.headers = headers;
    auto done = std::make_shared<std::promise<probe_result>>();
    eyes->probe(spec, [done](const probe_result& x) { done->set_value(x); });
    return done->get_future();
  }

  /// What a probe says about a server that answers so.
  std::string seen(std::string_view answer) {
    auto result = look(probe_request::form::http, at);
    auto peer = accepted(server);
    // What is closed with something unread is reset, not ended.
    request_of(peer);
    send_text(peer, answer);
    peer.reset();
    auto x = result.get();
    return (x.ok ? "yes " : "no ") + x.message;
  }

  std::string get(const std::string& path = "/") const {
    return "Get \"http://" + to_string(at) + path + "\": ";
  }

  static std::string request_of(const unique_fd& peer) {
    std::string out;
    while (out.find("\r\n\r\n") == std::string::npos) {
      auto more = receive_text(peer, 1);
      if (more.empty())
        break;
      out += more;
    }
    return out;
  }

  loop net;
  std::unique_ptr<prober> eyes = std::make_unique<prober>(net);
  unique_fd server = plain_listener();
  endpoint at = local_endpoint(server.get());
  std::vector<std::pair<std::string, std::string>> headers;
};

} // namespace

using Prober = probing;

TEST_F(Prober, SeesAnOpenPort) {
  auto x = look(probe_request::form::tcp, at).get();
  EXPECT_TRUE(x.ok) << x.message;
}

TEST_F(Prober, SeesAClosedPort) {
  auto closed = free_place();
  auto x = look(probe_request::form::tcp, closed).get();
  EXPECT_FALSE(x.ok);
  EXPECT_EQ(x.message,
            "dial tcp " + to_string(closed) + ": connect: connection refused");
}

TEST_F(Prober, AsksAsKubernetesDoes) {
  auto result = look(probe_request::form::http, at, "/healthz?full=1");
  auto peer = accepted(server);
  EXPECT_EQ(request_of(peer),
            "GET /healthz?full=1 HTTP/1.1\r\nHost: " + to_string(at)
                + "\r\nUser-Agent: kube-probe/1.36\r\n"
                  "Accept: */*\r\nConnection: close\r\n\r\n");
  send_text(peer, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(result.get().ok);
}

TEST_F(Prober, SendsTheHeadersItIsGiven) {
  headers = {{"Host", "web.example"}, {"Accept", ""}, {"X-Probe", "a b"}};
  auto result = look(probe_request::form::http, at, "path");
  auto peer = accepted(server);
  EXPECT_EQ(request_of(peer),
            "GET /path HTTP/1.1\r\nUser-Agent: kube-probe/1.36\r\n"
            "Host: web.example\r\nX-Probe: a b\r\nConnection: close\r\n\r\n");
}

TEST_F(Prober, JudgesByTheStatus) {
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\n\r\n"), "yes ");
  EXPECT_EQ(seen("HTTP/1.1 204 None\r\n\r\n"), "yes ");
  EXPECT_EQ(seen("HTTP/1.1 399 x\r\n\r\n"), "yes ");
  EXPECT_EQ(seen("HTTP/1.1 400 x\r\n\r\n"),
            "no HTTP probe failed with statuscode: 400");
  EXPECT_EQ(seen("HTTP/1.1 503 x\r\n\r\n"),
            "no HTTP probe failed with statuscode: 503");
}

TEST_F(Prober, SaysWhatTheServerDidInstead) {
  EXPECT_EQ(seen(""), "no " + get() + "EOF");
  EXPECT_EQ(seen("HTTP/1.1 200 OK\r\n"), "no " + get() + "EOF");
  EXPECT_EQ(seen("nonsense\r\n"),
            "no " + get() + "malformed HTTP response \"nonsense\"");
}

TEST_F(Prober, FollowsARedirectWithinTheHost) {
  auto result = look(probe_request::form::http, at, "/old");
  auto first = accepted(server);
  request_of(first);
  send_text(first, "HTTP/1.1 302 Found\r\nLocation: /new\r\n\r\n");
  auto second = accepted(server);
  EXPECT_EQ(request_of(second).substr(0, 14), "GET /new HTTP/");
  send_text(second, "HTTP/1.1 500 No\r\n\r\n");
  EXPECT_EQ(result.get().message, "HTTP probe failed with statuscode: 500");
}

TEST_F(Prober, DoesNotFollowARedirectToAnotherHost) {
  EXPECT_EQ(seen("HTTP/1.1 301 x\r\nLocation: http://192.0.2.1/\r\n\r\n"),
            "yes probe terminated redirects, response: 301");
}

TEST_F(Prober, EndsACircleOfRedirects) {
  auto result = look(probe_request::form::http, at);
  for (int i = 0; i <= 10; ++i) {
    auto peer = accepted(server);
    request_of(peer);
    send_text(peer, "HTTP/1.1 302 x\r\nLocation: /\r\n\r\n");
  }
  EXPECT_EQ(result.get().message, get() + "stopped after 10 redirects");
}

TEST_F(Prober, WaitsNoLongerThanItsTime) {
  auto begin = loop::clock::now();
  auto x = look(probe_request::form::http, at, "/", 50ms).get();
  EXPECT_FALSE(x.ok);
  EXPECT_EQ(x.message,
            get()
                + "context deadline exceeded (Client.Timeout exceeded while "
                  "awaiting headers)");
  EXPECT_LT(loop::clock::now() - begin, 5s);
}

TEST_F(Prober, LooksNamesUp) {
  probe_request spec;
  spec.address = "localhost";
  spec.port = at.port;
  std::promise<probe_result> told;
  eyes->probe(spec, [&](probe_result x) { told.set_value(std::move(x)); });
  auto x = told.get_future().get();
  EXPECT_TRUE(x.ok) << x.message;
}

TEST_F(Prober, SaysThatANameIsUnknown) {
  probe_request spec;
  spec.address = "no such name";
  spec.port = 80;
  spec.timeout = 10s;
  std::promise<std::string> told;
  eyes->probe(spec, [&](probe_result x) { told.set_value(x.message); });
  EXPECT_EQ(told.get_future().get(),
            "dial tcp: lookup no such name: no such host");
}

TEST_F(Prober, LooksAtManyAtATime) {
  std::vector<std::future<probe_result>> results;
  for (int i = 0; i < 20; ++i)
    results.push_back(look(probe_request::form::http, at));
  std::vector<unique_fd> peers;
  for (int i = 0; i < 20; ++i)
    peers.push_back(accepted(server));
  for (auto& peer : peers)
    send_text(peer, "HTTP/1.1 200 OK\r\n\r\n");
  for (auto& result : results)
    EXPECT_TRUE(result.get().ok);
}

TEST_F(Prober, SpeaksTlsWithoutCheckingNames) {
  auto now = std::chrono::system_clock::now();
  auto ca = crypto::make_authority("test", now);
  auto mine = crypto::issue(*ca, {"web", {}}, {{"web"}, {}}, now);
  auto file = crypto::memory_file::make(mine->pem());
  auto* context = SSL_CTX_new(TLS_server_method());
  ASSERT_EQ(SSL_CTX_use_certificate_chain_file(context, file->path().c_str()),
            1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey_file(context, file->path().c_str(),
                                        SSL_FILETYPE_PEM),
            1);
  auto result = look(probe_request::form::https, at);
  auto peer = accepted(server);
  auto* tls = SSL_new(context);
  SSL_set_fd(tls, peer.get());
  ASSERT_EQ(SSL_accept(tls), 1);
  char request[1024];
  EXPECT_GT(SSL_read(tls, request, sizeof(request)), 0);
  std::string_view answer = "HTTP/1.1 200 OK\r\n\r\n";
  SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
  auto x = result.get();
  EXPECT_TRUE(x.ok) << x.message;
  SSL_free(tls);
  SSL_CTX_free(context);
}

TEST_F(Prober, SaysThatAServerSpeaksNoTls) {
  auto result = look(probe_request::form::https, at);
  auto peer = accepted(server);
  send_text(peer, "HTTP/1.1 200 OK\r\n\r\n");
  auto x = result.get();
  EXPECT_FALSE(x.ok);
  EXPECT_NE(x.message.find("tls: handshake failed"), std::string::npos)
      << x.message;
}

TEST_F(Prober, EndsWithItsLooksWhenItGoes) {
  auto result = look(probe_request::form::http, at);
  auto peer = accepted(server);
  eyes.reset();
  EXPECT_THROW(result.get(), std::future_error);
}

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/openssl_handles.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/net/loop.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::http {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto patience = 20s;

/// A client over a blocking socket.
class raw_client {
public:
  raw_client(const net::endpoint& to, const crypto::credential* who,
             const fs::path& folder) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    auto address = net::to_sockaddr(to);
    connected_ =
        ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))
        == 0;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (who != nullptr) {
      auto file = folder / "client.pem";
      EXPECT_TRUE(crypto::write_secret_file(file, who->pem()));
      SSL_CTX_use_certificate_chain_file(context_.get(), file.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), file.c_str(),
                                  SSL_FILETYPE_PEM);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
  }

  ~raw_client() {
    ssl_.reset();
    ::close(fd_);
  }

  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool greet() { return connected_ && SSL_connect(ssl_.get()) == 1; }

  /// Whether the server has shown this.
  bool was_shown(const crypto::credential& x) {
    crypto::certificate_handle theirs{SSL_get1_peer_certificate(ssl_.get())};
    auto wanted = crypto::read_certificate(x.certificate);
    return theirs && wanted && X509_cmp(theirs.get(), wanted->get()) == 0;
  }

  void say(std::string_view text) {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }

  void say_plainly(std::string_view text) {
    [[maybe_unused]] auto sent =
        ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }

  /// Reads until `end` was heard, or the connection has ended.
  std::string hear(std::string_view end) {
    std::string out;
    char c = 0;
    while (!out.ends_with(end) && SSL_read(ssl_.get(), &c, 1) == 1)
      out += c;
    return out;
  }

  /// Whether the other side has hung up.
  bool is_over() {
    char c = 0;
    return SSL_read(ssl_.get(), &c, 1) <= 0;
  }

  /// Says a byte, after a while; returns whether there was still somebody.
  bool says_one_more() {
    pollfd each{fd_, POLLIN, 0};
    return ::poll(&each, 1, 100) == 0 && SSL_write(ssl_.get(), "a", 1) == 1;
  }

  /// Whether the other side hangs up within a moment.
  bool is_over_soon() {
    pollfd each{fd_, POLLIN, 0};
    char c = 0;
    return ::poll(&each, 1, 20) == 1 && ::recv(fd_, &c, 1, 0) <= 0;
  }

  bool is_over_plainly() {
    char c = 0;
    ssize_t got = 0;
    while ((got = ::recv(fd_, &c, 1, 0)) > 0)
      continue;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

private:
  struct freed {
    void operator()(SSL* x) const { SSL_free(x); }
    void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
  };

  int fd_ = -1;
  bool connected_ = false;
  std::unique_ptr<SSL_CTX, freed> context_;
  std::unique_ptr<SSL, freed> ssl_;
};

class HttpsEdge : public testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "https-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto keys = crypto::open_cluster_keys(folder_ / "pki",
                                          {{"localhost"}, {"127.0.0.1"}},
                                          std::chrono::system_clock::now());
    ASSERT_TRUE(keys) << message_of(keys.error());
    keys_ = *keys;
  }

  void TearDown() override {
    edge_.reset();
    fs::remove_all(folder_);
  }

  /// Serves with a function from a request to the body of its answer.
  void serve(https_limits limits = {}) {
    edge_ = std::make_unique<https_edge>(std::make_shared<net::loop>(), limits);
    auto err = edge_->prepare(
        {keys_.server_file.string(), keys_.authority.certificate});
    ASSERT_FALSE(err) << message_of(err);
    auto at = edge_->open({net::ipv4{INADDR_LOOPBACK}, 0});
    ASSERT_TRUE(at) << message_of(at.error());
    at_ = *at;
    edge_->listen([this](uint64_t connection, peer who) {
      edge_->serve(connection, [this, connection, who](event x) {
        on_event(connection, who, std::move(x));
      });
    });
  }

  void on_event(uint64_t connection, const peer& who, event x) {
    std::unique_lock guard{mutex_};
    if (x.kind == event::type::taken)
      taken_ += x.pieces;
    if (x.kind == event::type::closed)
      ++closed_;
    if (x.kind == event::type::data) {
      streamed_ += x.bytes;
      body_ended_ = body_ended_ || x.bytes.empty();
    }
    changed_.notify_all();
    if (x.kind != event::type::request)
      return;
    auto& target = x.what.target;
    if (target == "/stream") {
      edge_->begin(connection, x.exchange, {200, {}});
      for (int i = 0; i < pieces_; ++i)
        edge_->send(connection, x.exchange, std::string(piece_size_, 'x'));
      if (pieces_ <= 3)
        edge_->end(connection, x.exchange, false);
    } else if (x.streams) {
      // Whoever wants to is allowed the body later.
      streaming_ = {connection, x.exchange};
    } else if (target != "/never") {
      edge_->answer(connection, x.exchange, {200, {}},
                    who.user + "|" + (who.groups.empty() ? "" : who.groups[0])
                        + "|" + (who.problem.empty() ? "" : "bad") + "|"
                        + x.what.body + ";");
    }
  }

  bool wait_for(const std::function<bool()>& what) {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, patience, what);
  }

  fs::path folder_;
  crypto::cluster_keys keys_;
  std::unique_ptr<https_edge> edge_;
  net::endpoint at_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t taken_ = 0;
  int closed_ = 0;
  std::pair<uint64_t, uint64_t> streaming_; ///< connection and exchange
  std::string streamed_;
  bool body_ended_ = false;
  int pieces_ = 3;
  size_t piece_size_ = 4;
};

TEST_F(HttpsEdge, KnowsWhoAsksAndAnswersInOrder) {
  serve();
  raw_client c{at_, &keys_.admin, folder_};
  ASSERT_TRUE(c.greet());
  c.say("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nho");
  EXPECT_NE(c.hear(";").find("kubernetes-admin|system:masters||hi"),
            std::string::npos);
  EXPECT_NE(c.hear(";").find("||ho"), std::string::npos);
  raw_client nobody{at_, nullptr, folder_};
  ASSERT_TRUE(nobody.greet());
  nobody.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(nobody.hear(";").find("\r\n\r\n|||;"), std::string::npos);
  EXPECT_TRUE(nobody.is_over());
}

TEST_F(HttpsEdge, TakesACertificateThatWasRenewedAndDropsNobody) {
  serve();
  raw_client before{at_, nullptr, folder_};
  ASSERT_TRUE(before.greet());
  EXPECT_TRUE(before.was_shown(keys_.server));
  auto renewed = crypto::issue(keys_.authority, {crypto::server_user, {}},
                               keys_.names, std::chrono::system_clock::now());
  ASSERT_TRUE(renewed);
  ASSERT_TRUE(crypto::write_secret_file(keys_.server_file, renewed->pem()));
  raw_client after{at_, nullptr, folder_};
  ASSERT_TRUE(after.greet());
  EXPECT_TRUE(after.was_shown(*renewed));
  // What cannot be read changes nothing.
  ASSERT_TRUE(crypto::write_secret_file(keys_.server_file, "torn"));
  raw_client last{at_, nullptr, folder_};
  ASSERT_TRUE(last.greet());
  EXPECT_TRUE(last.was_shown(*renewed));
  for (auto* each : {&before, &after, &last}) {
    each->say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(each->hear(";").find("|||;"), std::string::npos);
  }
}

TEST_F(HttpsEdge, TellsOfACertificateThatIsNoGood) {
  serve();
  auto other =
      crypto::make_authority("other", std::chrono::system_clock::now());
  ASSERT_TRUE(other);
  auto forged = crypto::issue(*other, {"kubernetes-admin", {"system:masters"}},
                              {}, std::chrono::system_clock::now());
  ASSERT_TRUE(forged);
  raw_client c{at_, &*forged, folder_};
  ASSERT_TRUE(c.greet());
  c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(c.hear(";").find("||bad|;"), std::string::npos);
}

TEST_F(HttpsEdge, StreamsInPieces) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  c.say("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  auto heard = c.hear("0\r\n\r\n");
  EXPECT_NE(heard.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_NE(heard.find("4\r\nxxxx\r\n4\r\nxxxx\r\n4\r\nxxxx\r\n0\r\n\r\n"),
            std::string::npos);
  EXPECT_TRUE(wait_for([&] { return taken_ == 3; }));
  // The connection serves on.
  c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(c.hear(";").find("200 OK"), std::string::npos);
}

TEST_F(HttpsEdge, HoldsPiecesForASlowClientAndServesOthers) {
  pieces_ = 64;
  piece_size_ = 1u << 20;
  serve({10'000, 10s, 10s, 10s, 1s, 64u << 10});
  raw_client slow{at_, nullptr, folder_};
  ASSERT_TRUE(slow.greet());
  slow.say("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  raw_client other{at_, nullptr, folder_};
  ASSERT_TRUE(other.greet());
  other.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(other.hear(";").find("200 OK"), std::string::npos);
  // It takes nothing for too long, and is closed.
  EXPECT_TRUE(wait_for([&] { return closed_ == 1; }));
  EXPECT_LT(taken_, 64u);
}

TEST_F(HttpsEdge, ClosesThoseThatDoNotComeToAnEnd) {
  serve({10'000, 1s, 1s, 1s, 10s, 64u << 10});
  raw_client silent{at_, nullptr, folder_};
  EXPECT_TRUE(silent.is_over_plainly()); // no handshake
  raw_client plain{at_, nullptr, folder_};
  plain.say_plainly("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(plain.is_over_plainly()); // no TLS
  raw_client half{at_, nullptr, folder_};
  ASSERT_TRUE(half.greet());
  half.say("GET / HTTP/1.1\r\nHost: h");
  EXPECT_TRUE(half.is_over()); // half a request
  raw_client idle{at_, nullptr, folder_};
  ASSERT_TRUE(idle.greet());
  EXPECT_TRUE(idle.is_over()); // no request
}

TEST_F(HttpsEdge, RefusesNonsenseAndSaysSo) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  c.say("NONSENSE\r\n\r\n");
  EXPECT_NE(c.hear("\n\n").find("400 Bad Request"), std::string::npos);
  raw_client big{at_, nullptr, folder_};
  ASSERT_TRUE(big.greet());
  big.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_NE(big.hear("\n\n").find("413 "), std::string::npos);
}

const std::string proxied = "/api/v1/namespaces/n/pods/p/proxy/x";

TEST_F(HttpsEdge, ReadsABodyThatIsPassedOnAsItIsAllowed) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  c.say("POST " + proxied
        + " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
          "Transfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(wait_for([&] { return streaming_.second != 0; }));
  edge_->allow(streaming_.first, streaming_.second, 1);
  EXPECT_NE(c.hear("\r\n\r\n").find("100 Continue"), std::string::npos);
  c.say("3\r\nabc\r\n");
  EXPECT_TRUE(wait_for([&] { return streamed_ == "abc"; }));
  // It is not read before there is room.
  c.say("2\r\nde\r\n");
  edge_->allow(streaming_.first, streaming_.second, 2);
  EXPECT_TRUE(wait_for([&] { return streamed_ == "abcde"; }));
  EXPECT_FALSE(body_ended_);
  // What follows is another request.
  c.say("0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(wait_for([&] { return body_ended_; }));
  edge_->begin(streaming_.first, streaming_.second,
               {200, {{"Content-Length", "2"}}});
  edge_->send(streaming_.first, streaming_.second, "ok");
  edge_->end(streaming_.first, streaming_.second, false);
  auto heard = c.hear("ok");
  EXPECT_EQ(heard.find("chunked"), std::string::npos) << heard;
  EXPECT_NE(c.hear(";").find("|||;"), std::string::npos);
}

TEST_F(HttpsEdge, AnswersBeforeABodyIsWhole) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  c.say("POST " + proxied
        + " HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n\r\nabc");
  ASSERT_TRUE(wait_for([&] { return streaming_.second != 0; }));
  edge_->answer(streaming_.first, streaming_.second, {403, {}}, "no;");
  auto heard = c.hear(";");
  EXPECT_NE(heard.find("403 "), std::string::npos);
  EXPECT_NE(heard.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(c.is_over());
}

TEST_F(HttpsEdge, RefusesABodyThatTurnsIntoNonsense) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  c.say("POST " + proxied
        + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(wait_for([&] { return streaming_.second != 0; }));
  edge_->allow(streaming_.first, streaming_.second, 4);
  c.say("nonsense\r\n");
  EXPECT_NE(c.hear("\n\n").find("400 Bad Request"), std::string::npos);
}

TEST_F(HttpsEdge, ServesPipelinesOfThousands) {
  serve();
  raw_client c{at_, nullptr, folder_};
  ASSERT_TRUE(c.greet());
  std::string all;
  for (int i = 0; i < 3000; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  all += "POST /last HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n!";
  std::thread writer{[&] { c.say(all); }};
  auto heard = c.hear("|!;");
  writer.join();
  size_t count = 0;
  for (auto at = heard.find("200 OK"); at != std::string::npos;
       at = heard.find("200 OK", at + 1))
    ++count;
  EXPECT_EQ(count, 3001u);
}

TEST_F(HttpsEdge, CutsOffThoseWhoSayLittleAtATime) {
  serve({10'000, 10s, 1s, 10s, 10s, 64u << 10});
  // Each byte in time, and the whole never.
  for (std::string begun : {"GET / HTTP/1.1\r\nHost: h\r\nA: ",
                            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "
                            "100000\r\n\r\n"}) {
    raw_client slow{at_, nullptr, folder_};
    ASSERT_TRUE(slow.greet());
    slow.say(begun);
    auto over = false;
    auto until = std::chrono::steady_clock::now() + patience;
    while (!over && std::chrono::steady_clock::now() < until)
      over = !slow.says_one_more();
    EXPECT_TRUE(over) << begun;
    raw_client other{at_, nullptr, folder_};
    ASSERT_TRUE(other.greet());
    other.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(other.hear(";").find("200 OK"), std::string::npos);
  }
}

TEST_F(HttpsEdge, ServesOthersUnderAFloodOfConnections) {
  serve({100, 10s, 10s, 10s, 10s, 64u << 10});
  std::vector<std::unique_ptr<raw_client>> flood;
  for (int i = 0; i < 300; ++i)
    flood.push_back(std::make_unique<raw_client>(at_, nullptr, folder_));
  // Those above the limit are turned away; where one leaves, another may come.
  size_t over = 0;
  for (auto& each : flood)
    if (each->is_over_soon())
      ++over;
  EXPECT_GE(over, 190u);
  flood.clear();
  for (int i = 0; i < 200; ++i) {
    raw_client after{at_, nullptr, folder_};
    if (!after.greet())
      continue;
    after.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(after.hear(";").find("200 OK"), std::string::npos);
    return;
  }
  FAIL() << "nobody is served any more";
}

TEST_F(HttpsEdge, HearsWhenAClientIsGone) {
  serve();
  {
    raw_client c{at_, nullptr, folder_};
    ASSERT_TRUE(c.greet());
    c.say("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  EXPECT_TRUE(wait_for([&] { return closed_ == 1; }));
}

TEST_F(HttpsEdge, SurvivesWithoutDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers' own checks need descriptors";
#endif
  serve();
  raw_client before{at_, nullptr, folder_};
  ASSERT_TRUE(before.greet());
  raw_client waiting{at_, nullptr, folder_};
  rlimit kept{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &kept), 0);
  rlimit none = kept;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  before.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto heard = before.hear(";");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &kept), 0);
  EXPECT_NE(heard.find("200 OK"), std::string::npos);
  raw_client after{at_, nullptr, folder_};
  ASSERT_TRUE(after.greet());
  after.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(after.hear(";").find("200 OK"), std::string::npos);
}

} // namespace

} // namespace troupe::http

#include "runtime/http/http2_session.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nghttp2/nghttp2.h>

namespace troupe::http {

namespace {

using namespace std::chrono_literals;
using fields = std::vector<std::pair<std::string, std::string>>;

/// A client without a socket.
class h2_client {
public:
  struct answered {
    std::string status;
    fields headers;
    std::string body;
    bool closed = false;
    uint32_t error = 0;
  };

  h2_client() {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(
        calls, [](nghttp2_session*, const nghttp2_frame* f, const uint8_t* name,
                  size_t name_len, const uint8_t* value, size_t value_len,
                  uint8_t, void* me) {
          std::string n{reinterpret_cast<const char*>(name), name_len};
          std::string v{reinterpret_cast<const char*>(value), value_len};
          auto& a = static_cast<h2_client*>(me)->answers[f->hd.stream_id];
          if (n == ":status")
            a.status = v;
          else
            a.headers.emplace_back(n, v);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes,
                  size_t size, void* me) {
          static_cast<h2_client*>(me)->answers[id].body.append(
              reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        calls, [](nghttp2_session*, int32_t id, uint32_t error, void* me) {
          auto& a = static_cast<h2_client*>(me)->answers[id];
          a.closed = true;
          a.error = error;
          return 0;
        });
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    // By itself it would not say what is to be refused.
    nghttp2_option_set_max_send_header_block_length(options, 1u << 20);
    nghttp2_session_client_new2(&session, calls, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(calls);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }

  ~h2_client() { nghttp2_session_del(session); }

  h2_client(const h2_client&) = delete;
  h2_client& operator=(const h2_client&) = delete;

  int32_t ask(const std::string& method, const std::string& path,
              const std::string& body = {}, const fields& more = {},
              bool tells_end_later = false) {
    fields all{{":method", method},
               {":path", path},
               {":scheme", "https"},
               {":authority", "h"}};
    all.insert(all.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> entries;
    for (auto& [name, value] : all)
      entries.push_back({reinterpret_cast<uint8_t*>(name.data()),
                         reinterpret_cast<uint8_t*>(value.data()), name.size(),
                         value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider from{};
    auto rest = std::make_unique<std::string>(body);
    from.source.ptr = rest.get();
    from.read_callback = [](nghttp2_session*, int32_t, uint8_t* to, size_t size,
                            uint32_t* flags, nghttp2_data_source* source,
                            void*) -> ssize_t {
      auto& text = *static_cast<std::string*>(source->ptr);
      auto part = std::min(size, text.size());
      text.copy(reinterpret_cast<char*>(to), part);
      text.erase(0, part);
      if (text.empty())
        *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(part);
    };
    bodies_.push_back(std::move(rest));
    return nghttp2_submit_request(
        session, nullptr, entries.data(), entries.size(),
        body.empty() && !tells_end_later ? nullptr : &from, nullptr);
  }

  std::string output() {
    std::string result;
    const uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session, &bytes)) > 0)
      result.append(reinterpret_cast<const char*>(bytes),
                    static_cast<size_t>(size));
    return result;
  }

  void take(const std::string& bytes) {
    nghttp2_session_mem_recv(
        session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }

  void may_send(int32_t stream, int32_t more) {
    nghttp2_submit_window_update(session, NGHTTP2_FLAG_NONE, stream, more);
    nghttp2_submit_window_update(session, NGHTTP2_FLAG_NONE, 0, more);
  }

  nghttp2_session* session = nullptr;
  std::map<int32_t, answered> answers;

private:
  std::vector<std::unique_ptr<std::string>> bodies_;
};

struct Http2Session : testing::Test {
  http2_limits limits;
  std::unique_ptr<http2_session> server;
  h2_client client;
  std::vector<event> events;
  http2_session::time_point now{1h};

  void SetUp() override { server = std::make_unique<http2_session>(limits); }

  /// Passes on what each has to say until both are silent.
  void exchange() {
    for (;;) {
      auto up = client.output();
      server->take(up, now);
      auto add = [&] {
        for (auto& x : server->take_events())
          events.push_back(std::move(x));
      };
      add();
      auto down = server->output(1u << 20, now);
      add();
      client.take(down);
      if (up.empty() && down.empty())
        return;
    }
  }

  const event* find(event::type kind, int32_t stream) const {
    for (auto& x : events)
      if (x.kind == kind && x.exchange == static_cast<uint64_t>(stream))
        return &x;
    return nullptr;
  }

  uint32_t taken(int32_t stream) const {
    uint32_t result = 0;
    for (auto& x : events)
      if (x.kind == event::type::taken
          && x.exchange == static_cast<uint64_t>(stream))
        result += x.pieces;
    return result;
  }
};

// Clients in Go send what they are told, Kubernetes' tests their names.
TEST_F(Http2Session, TakesValuesWithSpaceAroundThem) {
  auto id = client.ask("GET", "/a", {}, {{"user-agent", " e2e -- [Serial] "}});
  exchange();
  auto* got = find(event::type::request, id);
  ASSERT_TRUE(got);
  EXPECT_EQ(find_header(got->what.headers, "User-Agent"), "e2e -- [Serial]");
}

TEST_F(Http2Session, AnswersManyRequestsInAnyOrder) {
  auto first = client.ask("GET", "/a?b=c", {}, {{"accept", "text/plain"}});
  auto second = client.ask("POST", "/b", "hello");
  exchange();
  auto* a = find(event::type::request, first);
  auto* b = find(event::type::request, second);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->what.method, "GET");
  EXPECT_EQ(a->what.target, "/a?b=c");
  EXPECT_EQ(find_header(a->what.headers, "Accept"), "text/plain");
  EXPECT_EQ(find_header(a->what.headers, "Host"), "h");
  EXPECT_EQ(b->what.body, "hello");
  server->answer(b->exchange,
                 {201, {{"X-Thing", "y"}, {"Connection", "close"}}}, "second");
  exchange();
  EXPECT_EQ(client.answers[second].status, "201");
  EXPECT_EQ(client.answers[second].body, "second");
  EXPECT_EQ(client.answers[second].headers,
            (fields{{"x-thing", "y"}, {"content-length", "6"}}));
  EXPECT_TRUE(client.answers[second].closed);
  EXPECT_EQ(server->open(), 1u);
  server->answer(a->exchange, {200, {}}, {});
  exchange();
  EXPECT_EQ(client.answers[first].status, "200");
  EXPECT_TRUE(client.answers[first].closed);
  EXPECT_EQ(server->open(), 0u);
  EXPECT_FALSE(find(event::type::abandoned, first));
  EXPECT_FALSE(find(event::type::abandoned, second));
  EXPECT_FALSE(server->is_over());
}

TEST_F(Http2Session, StreamsInPiecesAndCountsThem) {
  auto id = client.ask("GET", "/watch");
  exchange();
  auto x = static_cast<uint64_t>(id);
  server->begin(x, {200, {}});
  exchange();
  EXPECT_EQ(client.answers[id].status, "200");
  server->send(x, "one");
  server->send(x, "two");
  exchange();
  EXPECT_EQ(client.answers[id].body, "onetwo");
  EXPECT_EQ(taken(id), 2u);
  EXPECT_FALSE(client.answers[id].closed);
  server->end(x, false);
  exchange();
  EXPECT_TRUE(client.answers[id].closed);
  EXPECT_EQ(client.answers[id].error, 0u);
}

TEST_F(Http2Session, TellsAClientThatSomethingIsMissing) {
  auto id = client.ask("GET", "/watch");
  exchange();
  auto x = static_cast<uint64_t>(id);
  server->begin(x, {200, {}});
  server->send(x, "half");
  server->end(x, true);
  exchange();
  EXPECT_EQ(client.answers[id].body, "half");
  EXPECT_TRUE(client.answers[id].closed);
  EXPECT_NE(client.answers[id].error, 0u);
}

TEST_F(Http2Session, HearsThatNobodyWaitsAnyMore) {
  auto id = client.ask("GET", "/watch");
  exchange();
  server->begin(static_cast<uint64_t>(id), {200, {}});
  exchange();
  nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id,
                            NGHTTP2_CANCEL);
  exchange();
  EXPECT_TRUE(find(event::type::abandoned, id));
  EXPECT_EQ(server->open(), 0u);
}

TEST_F(Http2Session, AnswersHeadWithoutABody) {
  auto id = client.ask("HEAD", "/a");
  exchange();
  server->answer(static_cast<uint64_t>(id), {200, {}}, "unseen");
  exchange();
  EXPECT_EQ(client.answers[id].body, "");
  EXPECT_EQ(client.answers[id].headers, (fields{{"content-length", "6"}}));
  EXPECT_TRUE(client.answers[id].closed);
}

TEST_F(Http2Session, RefusesWhatIsTooLarge) {
  limits.request.head = 8u << 10;
  server = std::make_unique<http2_session>(limits);
  auto id = client.ask("POST", "/a", std::string(4u << 20, 'x'));
  auto head = client.ask("GET", "/b", {}, {{"x", std::string(9'000, 'x')}});
  exchange();
  EXPECT_EQ(client.answers[id].status, "413");
  EXPECT_EQ(client.answers[id].error, 0u);
  EXPECT_NE(client.answers[id].body.find("\"code\":413"), std::string::npos);
  EXPECT_TRUE(client.answers[id].closed);
  EXPECT_FALSE(find(event::type::request, id));
  EXPECT_FALSE(find(event::type::request, head));
  EXPECT_EQ(client.answers[head].status, "431");
  EXPECT_TRUE(client.answers[head].closed);
}

TEST_F(Http2Session, RefusesHeadersOfAnySize) {
  for (size_t size : {70u << 10, 100u << 10, 300u << 10}) {
    for (size_t each : {8000u, 60'000u}) {
      SetUp();
      h2_client other;
      fields many;
      for (size_t i = 0; i * each < size; ++i)
        many.emplace_back("x-" + std::to_string(i), std::string(each, 'a'));
      auto id = other.ask("GET", "/", {}, many);
      auto up = other.output();
      for (size_t at = 0; at < up.size(); at += 16384)
        server->take(std::string_view{up}.substr(at, 16384), now);
      auto down = server->output(1u << 20, now);
      other.take(down);
      EXPECT_TRUE(other.answers[id].status == "431" || other.answers[id].closed
                  || server->is_over())
          << size << " " << each << " " << up.size() << " " << down.size();
      EXPECT_FALSE(down.empty()) << size << " " << each;
    }
  }
}

bool is_upload(const request& what) {
  return what.target == "/upload";
}

struct Http2Uploads : Http2Session {
  Http2Uploads() {
    limits.request.in_pieces = is_upload;
    limits.request.body = 10;
  }

  std::string body_of(int32_t stream) const {
    std::string out;
    for (auto& x : events)
      if (x.kind == event::type::data
          && x.exchange == static_cast<uint64_t>(stream))
        out += x.bytes.empty() ? "." : x.bytes;
    return out;
  }
};

TEST_F(Http2Uploads, TellsABodyAsItIsAllowed) {
  std::string body(2u << 20, 'x');
  auto id = client.ask("POST", "/upload", body);
  auto small = client.ask("POST", "/b", "hello");
  exchange();
  auto* asked = find(event::type::request, id);
  ASSERT_NE(asked, nullptr);
  EXPECT_TRUE(asked->streams);
  EXPECT_EQ(body_of(id), "") << "nobody wants any of it yet";
  // The other is not held up.
  ASSERT_NE(find(event::type::request, small), nullptr);
  EXPECT_FALSE(server->waits_since());
  while (body_of(id).size() < body.size()) {
    auto before = body_of(id).size();
    server->allow(static_cast<uint64_t>(id), 4);
    exchange();
    ASSERT_GT(body_of(id).size(), before);
  }
  EXPECT_EQ(body_of(id), body + ".");
  server->answer(static_cast<uint64_t>(id), {200, {}}, "ok");
  server->answer(static_cast<uint64_t>(small), {200, {}}, {});
  exchange();
  EXPECT_EQ(client.answers[id].body, "ok");
  EXPECT_EQ(server->open(), 0u);
}

TEST_F(Http2Uploads, TellsTheEndOfNothingOnlyToWhoWantsIt) {
  auto id = client.ask("POST", "/upload", {}, {}, true);
  exchange();
  ASSERT_NE(find(event::type::request, id), nullptr);
  EXPECT_EQ(body_of(id), "");
  server->allow(static_cast<uint64_t>(id), 1);
  exchange();
  EXPECT_EQ(body_of(id), ".");
}

TEST_F(Http2Uploads, GiveAnsweredOnesTimeFromTheAnswerOn) {
  auto id = client.ask("POST", "/upload", std::string(2u << 20, 'x'));
  exchange();
  now += 1h;
  server->answer(static_cast<uint64_t>(id), {403, {}}, "no");
  EXPECT_FALSE(server->waits_since());
  server->output(1u << 20, now);
  EXPECT_EQ(server->waits_since().value_or(now), now);
}

TEST_F(Http2Uploads, MakesNoWholeOfWhatIsAnsweredBefore) {
  auto id = client.ask("POST", "/upload", std::string(8u << 20, 'x'));
  exchange();
  server->answer(static_cast<uint64_t>(id), {403, {}}, "no");
  exchange();
  EXPECT_EQ(client.answers[id].status, "403");
  EXPECT_EQ(client.answers[id].body, "no");
  EXPECT_TRUE(client.answers[id].closed);
  EXPECT_EQ(client.answers[id].error, 0u);
  EXPECT_EQ(server->open(), 0u);
}

TEST_F(Http2Session, HoldsOneStreamBackAndNoOther) {
  auto slow = client.ask("GET", "/slow");
  auto other = client.ask("GET", "/other");
  exchange();
  // The client's window is 65,535 bytes for all streams together.
  server->answer(static_cast<uint64_t>(slow), {200, {}},
                 std::string(60'000, 'x'));
  server->answer(static_cast<uint64_t>(other), {200, {}}, "y");
  exchange();
  EXPECT_EQ(client.answers[other].body, "y");
  EXPECT_EQ(client.answers[slow].body.size(), 60'000u);
  auto third = client.ask("GET", "/third");
  exchange();
  server->answer(static_cast<uint64_t>(third), {200, {}},
                 std::string(20'000, 'z'));
  exchange();
  EXPECT_FALSE(client.answers[third].closed);
  EXPECT_EQ(server->stalled_since(), now);
  now += 30s;
  client.may_send(third, 5'000);
  exchange();
  EXPECT_EQ(server->stalled_since(), now);
  server->drop_stalled(now - 1s);
  exchange();
  EXPECT_FALSE(client.answers[third].closed);
  now += 60s;
  server->drop_stalled(now - 60s);
  exchange();
  EXPECT_TRUE(client.answers[third].closed);
  EXPECT_NE(client.answers[third].error, 0u);
  EXPECT_TRUE(find(event::type::abandoned, third));
  EXPECT_FALSE(server->stalled_since());
}

TEST_F(Http2Session, GivesNoMoreToWhoTakesNothing) {
  auto first = client.ask("GET", "/1");
  exchange();
  server->answer(static_cast<uint64_t>(first), {200, {}},
                 std::string(limits.unsent + 100'000, 'x'));
  auto second = client.ask("GET", "/2");
  exchange();
  EXPECT_FALSE(find(event::type::request, second));
  client.may_send(first, 200'000);
  exchange();
  EXPECT_TRUE(find(event::type::request, second));
}

TEST_F(Http2Session, KnowsSinceWhenARequestIsNotWhole) {
  EXPECT_FALSE(server->waits_since());
  auto id = client.ask("POST", "/a", std::string(300'000, 'x'));
  server->take(client.output(), now);
  EXPECT_EQ(server->waits_since(), now);
  now += 1s;
  exchange();
  EXPECT_FALSE(server->waits_since());
  EXPECT_TRUE(find(event::type::request, id));
}

TEST_F(Http2Session, EndsWithNonsense) {
  server->take("GET / HTTP/1.1\r\n\r\n", now);
  EXPECT_TRUE(server->is_over());
}

TEST_F(Http2Session, CutsOffWhoFloods) {
  exchange();
  for (int i = 0; i < 5'000 && !server->is_over(); ++i) {
    auto id = client.ask("GET", "/a");
    server->take(client.output(), now);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id,
                              NGHTTP2_CANCEL);
    server->take(client.output(), now);
    server->take_events();
    server->output(1u << 20, now);
  }
  EXPECT_TRUE(server->is_over());
}

TEST_F(Http2Session, SaysGoodbye) {
  exchange();
  server->finish();
  EXPECT_FALSE(server->output(1u << 20, now).empty());
  EXPECT_TRUE(server->is_over());
}

} // namespace

} // namespace troupe::http

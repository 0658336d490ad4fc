#include "runtime/images/digest.hpp"
#include "runtime/images/puller.hpp"
#include "tests/support/stub_registry.hpp"

#include <atomic>
#include <fcntl.h>

namespace troupe::images {

namespace fs = std::filesystem;

using namespace std::chrono_literals;

namespace {

/// Bytes that do not compress, so that they come in pieces.
std::string noise(size_t n, uint32_t seed) {
  std::string result(n, '\0');
  for (auto& c : result) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return result;
}

std::vector<std::string> some_layers(size_t n) {
  std::vector<std::string> result;
  for (size_t i = 0; i < n; ++i)
    result.push_back(make_tar({file(
        "f" + std::to_string(i), noise(200'000, static_cast<uint32_t>(i)))}));
  return result;
}

bool is_blob(const stub_request& x, const std::string& digest = {}) {
  return x.path.find("/blobs/" + digest) != std::string::npos;
}

} // namespace

class Pull : public ImageStore {
protected:
  void SetUp() override {
    ImageStore::SetUp();
    pull_.client.silence = 1s;
    pull_.host_folders = {root_ / "certs.d"};
  }

  std::string name(const std::string& rest) {
    return registry_.address() + "/" + rest;
  }

  expected<image_record> pull(const std::string& image) {
    return images::pull(store_, image, pull_, now());
  }

  std::string refusal(const std::string& image) {
    auto got = pull(image);
    return got ? "" : message_of(got.error());
  }

  stub_registry registry_;
  pull_options pull_;
};

TEST_F(Pull, FetchesWhatIsMissingOnly) {
  auto layers = some_layers(3);
  auto x = make_image(layers);
  auto y = make_image({layers[0], layers[1], make_tar({file("y", "y")})});
  registry_.add("team/x", "1", x);
  registry_.add("team/y", "1", y);
  auto got = pull(name("team/x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(got->id, x.config);
  EXPECT_EQ(got->tags, std::vector<std::string>{name("team/x:1")});
  EXPECT_EQ(got->digests,
            std::vector<std::string>{name("team/x@" + x.manifest)});
  EXPECT_EQ(merged(*got).at("f2"), noise(200'000, 2));
  EXPECT_EQ(registry_.count("/blobs/"), 4u);
  ASSERT_TRUE(pull(name("team/y:1")));
  EXPECT_EQ(registry_.count("/blobs/"), 6u);
  // Again: only what the tag is now is asked.
  ASSERT_TRUE(pull(name("team/y:1")));
  EXPECT_EQ(registry_.count("/blobs/"), 6u);
  ASSERT_TRUE(pull(name("team/y@" + y.manifest)));
}

TEST_F(Pull, FetchesThreeLayersAtOnce) {
  auto x = make_image(some_layers(6));
  registry_.wait_for_blobs(3, x.config);
  registry_.add("x", "1", x);
  std::vector<pull_progress> told;
  pull_.progress = [&](auto& each) { told.push_back(each); };
  auto got = pull(name("x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(registry_.most_at_once(), 3u);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().layers_done, 6u);
  EXPECT_EQ(told.back().bytes_done, told.back().bytes);
  for (size_t i = 1; i < told.size(); ++i)
    EXPECT_GE(told[i].bytes_done, told[i - 1].bytes_done);
}

TEST_F(Pull, TakesAnImageWithTheSameLayerTwice) {
  auto layer = make_tar({file("a", "1")});
  registry_.add("x", "1", make_image({layer, make_tar({}), layer}));
  auto got = pull(name("x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(got->layers.size(), 3u);
}

TEST_F(Pull, GoesOnWhereItBrokeOff) {
  auto x = make_image(some_layers(1));
  registry_.add("x", "1", x);
  std::atomic<int> broken{0};
  registry_.twist = [&](const stub_request& what) {
    if (!is_blob(what, x.layers[0]) || broken >= 4)
      return stub_answer{0};
    auto& bytes = x.blobs.at(x.layers[0]);
    auto from =
        what.headers.count("range") != 0
            ? static_cast<size_t>(atoll(what.headers.at("range").c_str() + 6))
            : size_t{0};
    EXPECT_EQ(from > 0, broken > 0);
    ++broken;
    stub_answer a{from == 0 ? 200 : 206, {}, bytes.substr(from)};
    a.headers["Content-Range"] = "bytes " + std::to_string(from) + "-"
                                 + std::to_string(bytes.size() - 1) + "/"
                                 + std::to_string(bytes.size());
    a.break_off = 30'000;
    // Once it does not break off, but says no more.
    a.hang = broken == 2;
    return a;
  };
  auto got = pull(name("x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(merged(*got).at("f0"), noise(200'000, 0));
}

TEST_F(Pull, BeginsAnewWhereTheServerDoes) {
  auto x = make_image(some_layers(1));
  registry_.add("x", "1", x);
  std::atomic<int> asked{0};
  registry_.twist = [&](const stub_request& what) {
    if (!is_blob(what, x.layers[0]))
      return stub_answer{0};
    // It knows of no ranges.
    stub_answer a{200, {}, x.blobs.at(x.layers[0])};
    if (asked++ == 0)
      a.break_off = 50'000;
    return a;
  };
  auto got = pull(name("x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(asked, 2);
}

TEST_F(Pull, GoesOnInTheNextAttempt) {
  auto x = make_image(some_layers(1));
  registry_.add("x", "1", x);
  std::atomic<bool> well{false};
  registry_.twist = [&](const stub_request& what) {
    if (!is_blob(what, x.layers[0]) || well)
      return stub_answer{0};
    stub_answer a{200, {}, x.blobs.at(x.layers[0])};
    if (what.headers.count("range") != 0)
      a = {503, {}, ""};
    a.break_off = 100'000;
    return a;
  };
  auto failed = pull(name("x:1"));
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is(failed.error(), ec::service_unavailable))
      << message_of(failed.error());
  well = true;
  auto before = registry_.requests().size();
  ASSERT_TRUE(pull(name("x:1")));
  auto all = registry_.requests();
  EXPECT_EQ(all.at(before + 1).headers.at("range"), "bytes=100000-");
}

TEST_F(Pull, RefusesWhatIsNotWhatItShouldBe) {
  auto x = make_image({make_tar({file("a", "1")})});
  registry_.add("x", "1", x);
  enum lie { layer, longer, config, manifest, by_digest, type };
  for (auto which : {layer, longer, config, manifest, by_digest, type}) {
    ASSERT_EQ(store_->sweep(now(), true), caf::error{});
    registry_.twist = [&](const stub_request& what) {
      auto& bytes = x.blobs.at(x.layers[0]);
      if (which == layer && is_blob(what, x.layers[0]))
        return stub_answer{200, {}, std::string(bytes.size(), 'x')};
      if (which == longer && is_blob(what, x.layers[0]))
        return stub_answer{200, {}, bytes + "more"};
      if (which == config && is_blob(what, x.config))
        return stub_answer{200, {}, "{}"};
      if (what.path.find("/manifests/") == std::string::npos)
        return stub_answer{0};
      auto& document = x.blobs.at(x.manifest);
      if (which == manifest)
        return stub_answer{
            200, {{"Docker-Content-Digest", digest_of("other")}}, document};
      if (which == by_digest)
        return stub_answer{200, {}, document + " "};
      if (which == type)
        return stub_answer{200, {{"Content-Type", media::oci_index}}, document};
      return stub_answer{0};
    };
    auto got = pull(name(which == by_digest ? "x@" + x.manifest : "x:1"));
    ASSERT_FALSE(got) << which;
    EXPECT_TRUE(is(got.error(), ec::invalid))
        << which << " " << message_of(got.error());
  }
  EXPECT_EQ(store_->list()->size(), 0u);
}

TEST_F(Pull, SaysWhatIsMissing) {
  auto got = pull(name("x:1"));
  ASSERT_FALSE(got);
  EXPECT_TRUE(is(got.error(), ec::not_found));
  EXPECT_EQ(message_of(got.error()), "failed to pull and unpack image \""
                                         + name("x:1") + "\": x:1: not found");
  EXPECT_TRUE(is(pull("UPPER").error(), ec::invalid));
  image_wishes wishes;
  wishes.on = {"linux", "s390x", ""};
  auto x = make_image({make_tar({})}, wishes);
  auto foreign = x.described(x.manifest);
  foreign.platform = wishes.on;
  registry_.add("x", "1", x, x.add_index({foreign}));
  EXPECT_NE(refusal(name("x:1")).find("no match for platform"),
            std::string::npos)
      << refusal(name("x:1"));
  // Nobody there.
  auto nowhere = pull("127.0.0.1:1/x:1");
  ASSERT_FALSE(nowhere);
  EXPECT_TRUE(is(nowhere.error(), ec::service_unavailable));
}

TEST_F(Pull, EndsWhenAServerIsSilent) {
  registry_.twist = [](const stub_request&) {
    stub_answer a{200, {{"Content-Length", "10"}}, "{"};
    a.hang = true;
    return a;
  };
  auto got = pull(name("x:1"));
  ASSERT_FALSE(got);
  EXPECT_NE(message_of(got.error()).find("no answer in time"),
            std::string::npos)
      << message_of(got.error());
}

TEST_F(Pull, CanBeCancelled) {
  auto x = make_image(some_layers(2));
  registry_.add("x", "1", x);
  std::atomic<bool> cancel{false};
  registry_.twist = [&](const stub_request& what) {
    if (!is_blob(what, x.layers[1]))
      return stub_answer{0};
    cancel = true;
    stub_answer a{200, {}, x.blobs.at(x.layers[1])};
    a.break_off = 10;
    a.hang = true;
    return a;
  };
  pull_.client.silence = 600s;
  pull_.client.cancelled = [&] { return cancel.load(); };
  auto got = pull(name("x:1"));
  ASSERT_FALSE(got);
  EXPECT_TRUE(is(got.error(), ec::timeout)) << message_of(got.error());
}

TEST_F(Pull, ShowsATokenThatItWasGivenForItsSecret) {
  auto x = make_image(some_layers(2));
  registry_.add("team/x", "1", x);
  stub_registry tokens;
  tokens.twist = [](const stub_request& what) {
    // user:right
    auto good = what.headers.count("authorization") != 0
                && what.headers.at("authorization") == "Basic dXNlcjpyaWdodA==";
    if (what.path != "/token?service=stub&scope=repository%3Ateam%2Fx%3Apull")
      return stub_answer{400};
    return good ? stub_answer{200, {}, R"({"token":"secret"})"}
                : stub_answer{401, {}, ""};
  };
  registry_.twist = [&](const stub_request& what) {
    auto at = what.headers.find("authorization");
    if (at != what.headers.end() && at->second == "Bearer secret")
      return stub_answer{0};
    return stub_answer{
        401,
        {{"WWW-Authenticate",
          "Bearer realm=\"" + tokens.url() + "/token\",service=\"stub\""}},
        R"({"errors":[{"code":"UNAUTHORIZED"}]})"};
  };
  auto refused = pull(name("team/x:1"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::unauthorized));
  EXPECT_NE(message_of(refused.error()).find("pull access denied"),
            std::string::npos);
  // One after the other, until one is right.
  pull_.as = {{"user", "wrong", "", ""}, {"user", "right", "", ""}};
  auto got = pull(name("team/x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  // Asked for once, not for each layer.
  EXPECT_EQ(tokens.requests().size(), 3u);
}

TEST_F(Pull, GivesUserAndPasswordWhereTheyAreAskedFor) {
  auto x = make_image(some_layers(1));
  registry_.add("x", "1", x);
  registry_.twist = [&](const stub_request& what) {
    auto at = what.headers.find("authorization");
    if (at != what.headers.end() && at->second == "Basic dXNlcjpyaWdodA==")
      return stub_answer{0};
    return stub_answer{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, ""};
  };
  EXPECT_TRUE(is(pull(name("x:1")).error(), ec::unauthorized));
  pull_.as = {{"user", "right", "", ""}};
  EXPECT_TRUE(pull(name("x:1")));
  registry_.twist = [](const stub_request&) {
    return stub_answer{403, {}, ""};
  };
  EXPECT_TRUE(is(pull(name("x:1")).error(), ec::forbidden));
  registry_.twist = [](const stub_request&) {
    return stub_answer{429, {}, ""};
  };
  EXPECT_TRUE(is(pull(name("x:1")).error(), ec::too_many_requests));
}

TEST_F(Pull, FollowsRedirectsWithoutTellingOthersWhoItIs) {
  auto x = make_image(some_layers(1));
  registry_.add("x", "1", x);
  stub_registry elsewhere;
  elsewhere.add("x", "1", x);
  registry_.twist = [&](const stub_request& what) {
    if (what.headers.count("authorization") == 0)
      return stub_answer{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, ""};
    if (is_blob(what, x.layers[0]))
      return stub_answer{307, {{"Location", elsewhere.url() + what.path}}, "x"};
    return stub_answer{0};
  };
  pull_.as = {{"user", "right", "", ""}};
  auto got = pull(name("x:1"));
  ASSERT_TRUE(got) << message_of(got.error());
  auto asked = elsewhere.requests();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].headers.count("authorization"), 0u);
}

TEST_F(Pull, IsNotLedInCirclesOrToFiles) {
  write_file(root_ / "secret", "{}");
  for (auto where : {std::string{"/v2/x/manifests/1"},
                     "file://" + (root_ / "secret").string(),
                     std::string{"gopher://127.0.0.1/"}, std::string{}}) {
    registry_.twist = [&](const stub_request&) {
      return stub_answer{302, {{"Location", where}}, ""};
    };
    auto got = pull(name("x:1"));
    ASSERT_FALSE(got) << where;
    EXPECT_NE(message_of(got.error()).find("redirect refused"),
              std::string::npos)
        << message_of(got.error());
  }
}

TEST_F(Pull, TriesMirrorsFirstAndTheRegistryInTheEnd) {
  auto x = make_image(some_layers(1));
  registry_.add("library/x", "1", x);
  stub_registry mirror;
  write_file(root_ / "certs.d/docker.io/hosts.toml",
             "server = \"" + registry_.url() + "\"\n[host.\"" + mirror.url()
                 + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
  pull_.as = {{"user", "right", "", ""}};
  registry_.twist = [&](const stub_request& what) {
    return what.headers.count("authorization") == 0
               ? stub_answer{401,
                             {{"WWW-Authenticate", "Basic realm=\"x\""}},
                             ""}
               : stub_answer{0};
  };
  // A mirror that wants to know who we are is not told.
  mirror.twist = [](const stub_request&) {
    return stub_answer{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, ""};
  };
  auto got = pull("x:1");
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(got->tags, std::vector<std::string>{"docker.io/library/x:1"});
  for (auto& each : mirror.requests())
    EXPECT_EQ(each.headers.count("authorization"), 0u);
  // One that has it is enough.
  auto y = make_image({make_tar({file("y", "y")})});
  mirror.twist = nullptr;
  mirror.add("library/y", "1", y);
  auto before = registry_.requests().size();
  ASSERT_TRUE(pull("y:1"));
  EXPECT_EQ(registry_.requests().size(), before);
}

} // namespace troupe::images

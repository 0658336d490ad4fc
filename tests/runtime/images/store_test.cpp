#include "runtime/images/digest.hpp"
#include "runtime/images/image_archive.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/images/store_work.hpp"
#include "tests/support/image_makers.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

using namespace std::chrono_literals;

namespace {

const auto base = make_tar({folder("etc"), file("etc/a", "1"),
                            file("etc/b", "2"), file("bin/app", "app", 0755)});
const auto upper = make_tar({file("etc/.wh.a", ""), file("etc/c", "3")});
const auto other = make_tar({file("etc/d", "4")});

std::string archive(const std::vector<std::string>& layers,
                    const std::string& tags) {
  return make_tar(saved(layers, tags));
}

size_t count(const fs::path& folder) {
  size_t n = 0;
  for (auto& each : fs::recursive_directory_iterator{folder})
    n += each.is_directory() ? 0 : 1;
  return n;
}

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

} // namespace

TEST_F(ImageStore, HoldsWhatDockerSaved) {
  auto loaded = load(archive({base, upper}, R"(["app:1","app:2"])"));
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  ASSERT_EQ(loaded->size(), 1u);
  auto x = store_->find("app:2");
  ASSERT_TRUE(x) << message_of(x.error());
  EXPECT_EQ(x->tags, (std::vector<std::string>{"docker.io/library/app:1",
                                               "docker.io/library/app:2"}));
  EXPECT_EQ(x->digests.size(), 1u);
  EXPECT_EQ(x->platform, host_platform().text());
  auto config = store_->config_of(*x);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->command, std::vector<std::string>{"/bin/app"});
  using files = std::map<std::string, std::string>;
  EXPECT_EQ(merged(*x), (files{{"bin", "/"},
                               {"bin/app", "app"},
                               {"etc", "/"},
                               {"etc/b", "2"},
                               {"etc/c", "3"}}));
  // Only documents stay; the layers' bytes are there once.
  EXPECT_EQ(count(options_.folder / "blobs"), 2u);
  EXPECT_EQ(entries(options_.folder / "work"), 0u);
}

TEST_F(ImageStore, TakesEveryCompressionAndLayout) {
  for (std::string how : {"gzip", "zstd", "xz", "bzip2", ""}) {
    image_wishes wishes;
    wishes.compression = how == "gzip" || how == "zstd" ? how : "";
    wishes.process = R"({"Env":["HOW=)" + how + "\"]}";
    auto x = make_image({base, upper}, wishes);
    auto name = "registry.local/app:" + (how.empty() ? "none" : how);
    auto loaded = load(compress(make_tar(layout_of(x, name)), how));
    ASSERT_TRUE(loaded) << how << message_of(loaded.error());
    EXPECT_TRUE(store_->find(name)) << name;
    EXPECT_TRUE(store_->find("registry.local/app@" + x.manifest));
  }
  // The same layers each time.
  EXPECT_EQ(entries(options_.folder / "layers"), 2u);
}

TEST_F(ImageStore, TakesAFolderThatIsALayout) {
  auto x = make_image({base});
  for (auto& each : layout_of(x, "1"))
    write_file(root_ / "layout" / each.path, each.content);
  load_options options;
  auto nameless = load_layout(store_, root_ / "layout", options, now());
  ASSERT_FALSE(nameless);
  EXPECT_NE(message_of(nameless.error()).find("only the tag \"1\""),
            std::string::npos);
  options.name = "team/app";
  auto loaded = load_layout(store_, root_ / "layout", options, now());
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  EXPECT_TRUE(store_->find("team/app:1"));
}

TEST_F(ImageStore, ChoosesThePlatformOfAnIndex) {
  platform foreign{"linux", "s390x", ""};
  image_wishes wishes;
  wishes.on = foreign;
  auto x = make_image({base});
  auto y = make_image({upper}, wishes);
  x.blobs.insert(y.blobs.begin(), y.blobs.end());
  x.types.insert(y.types.begin(), y.types.end());
  auto mine = x.described(x.manifest);
  mine.platform = host_platform();
  auto theirs = x.described(y.manifest);
  theirs.platform = foreign;
  auto index = x.add_index({theirs, mine});
  // An index in an index is one, too.
  auto top = x.add_index({x.described(index)});
  auto loaded = load(make_tar(layout_of(x, "app:1", top)));
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  EXPECT_EQ(loaded->at(0).id, x.config);
  EXPECT_TRUE(store_->find("app@" + top));
  for (int i = 0; i < 6; ++i)
    top = x.add_index({x.described(top)});
  auto deep = load(make_tar(layout_of(x, "app:2", top)));
  ASSERT_FALSE(deep);
  EXPECT_NE(message_of(deep.error()).find("too deep"), std::string::npos);
  auto only = load(make_tar(layout_of(y, "app:3")));
  ASSERT_FALSE(only);
  EXPECT_NE(message_of(only.error()).find("image is for linux/s390x"),
            std::string::npos);
}

TEST_F(ImageStore, RefusesHostileArchives) {
  auto good = saved({base}, R"(["app:1"])");
  auto without = [&](const std::string& end) {
    auto x = good;
    for (auto& each : x)
      if (each.path.size() > end.size()
          && each.path.compare(each.path.size() - end.size(), end.size(), end)
                 == 0)
        each.path = "elsewhere";
    return x;
  };
  auto with = [&](entry more) {
    auto x = good;
    x.push_back(std::move(more));
    return x;
  };
  auto image = make_image({base});
  auto lying = layout_of(image, "app:1");
  for (auto& each : lying)
    if (each.path.find(hex_of(image.layers[0])) != std::string::npos)
      each.content += "x";
  auto swapped = image;
  swapped.blobs[swapped.config] = R"({"rootfs":{"diff_ids":[]}})";
  struct {
    std::vector<entry> entries;
    const char* part;
  } cases[] = {
      {{}, "neither an OCI image layout nor"},
      {{file("x", "y")}, "neither an OCI image layout nor"},
      {without("layer.tar"), "there is no \"0/layer.tar\""},
      {with(file("../x", "")), "leads out of the image"},
      {with(link("y", "../../x")), "not in the archive"},
      {{file("manifest.json", "[]")}, "names no image"},
      {{file("manifest.json", "{")}, "manifest.json"},
      {{file("manifest.json", R"([{"Config":5,"Layers":[]}])")}, "type"},
      {{file("manifest.json", R"([{"Config":"a","Layers":["a"]}])"),
        link("a", "b"), link("b", "a")},
       "there is no \"a\""},
      {{file("manifest.json",
             R"([{"Config":"../../etc/passwd","Layers":[]}])")},
       "there is no"},
      {lying, "its digest is"},
      {layout_of(swapped, "app:1"), "its digest is"},
      {saved({base}, R"(["UPPER:1"])"), "must be lowercase"},
      {{file("oci-layout", "{}"), file("index.json", "{}")}, "index.json"},
      {saved({make_tar({file("../x", "")})}, R"(["a:1"])"),
       "leads out of the image"},
  };
  for (auto& c : cases) {
    auto loaded = load(make_tar(c.entries));
    ASSERT_FALSE(loaded) << c.part;
    EXPECT_NE(message_of(loaded.error()).find(c.part), std::string::npos)
        << c.part << ": " << message_of(loaded.error());
  }
  EXPECT_EQ(store_->list()->size(), 0u);
  EXPECT_FALSE(load("no archive but a longer text that nobody knows"));
}

TEST_F(ImageStore, SharesLayersAndCountsWhoNeedsThem) {
  ASSERT_TRUE(load(archive({base, upper}, R"(["a:1"])")));
  ASSERT_TRUE(load(archive({base, other}, R"(["b:1"])")));
  EXPECT_EQ(entries(options_.folder / "layers"), 3u);
  auto before = store_->usage();
  ASSERT_TRUE(before);
  EXPECT_GT(before->bytes, 0u);
  EXPECT_GT(before->inodes, 10u);
  EXPECT_GT(before->capacity, before->available);
  EXPECT_EQ(store_->remove("a:1", now()), caf::error{});
  EXPECT_EQ(entries(options_.folder / "layers"), 2u);
  EXPECT_LT(store_->usage()->bytes, before->bytes);
  auto b = store_->find("b:1");
  ASSERT_TRUE(b);
  EXPECT_EQ(merged(*b).at("etc/d"), "4");
  EXPECT_EQ(store_->remove("b:1", now()), caf::error{});
  EXPECT_EQ(entries(options_.folder / "layers"), 0u);
  EXPECT_EQ(count(options_.folder / "blobs"), 0u);
  EXPECT_TRUE(is(store_->remove("b:1", now()), ec::not_found));
}

TEST_F(ImageStore, MovesATagAndKeepsWhatHadIt) {
  ASSERT_TRUE(load(archive({base}, R"(["a:1"])")));
  auto old = store_->find("a:1");
  ASSERT_TRUE(load(archive({other}, R"(["a:1"])")));
  EXPECT_NE(store_->find("a:1")->id, old->id);
  auto same = store_->find(old->id);
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->tags.empty());
  EXPECT_EQ(store_->remove(old->id, now()), caf::error{});
  EXPECT_FALSE(store_->find(old->id));
  EXPECT_TRUE(store_->find("a:1"));
}

TEST_F(ImageStore, FindsByNameDigestAndId) {
  ASSERT_TRUE(load(archive({base}, R"(["a:1","team/x:2"])")));
  auto x = store_->find("a:1");
  ASSERT_TRUE(x);
  for (auto text :
       {std::string{"docker.io/library/a:1"}, x->id, x->id.substr(7),
        x->id.substr(7, 12), x->digests[0], std::string{"team/x:2"}})
    EXPECT_TRUE(store_->find(text)) << text;
  for (auto text : {"a", "a:2", "x:2", "sha256:00", "0000000000000"})
    EXPECT_TRUE(is(store_->find(text).error(), ec::not_found)) << text;
  EXPECT_TRUE(is(store_->find("A:1").error(), ec::invalid));
  // One name of two.
  EXPECT_EQ(store_->remove("a:1", now()), caf::error{});
  EXPECT_FALSE(store_->find("a:1"));
  EXPECT_TRUE(store_->find("team/x:2"));
  EXPECT_EQ(store_->find("team/x:2")->digests.size(), 1u);
}

TEST_F(ImageStore, KeepsForItsHoldersWhatIsRemoved) {
  ASSERT_TRUE(load(archive({base}, R"(["a:1"])")));
  auto x = store_->find("a:1");
  auto later = now() + 1h;
  EXPECT_EQ(store_->hold("container-1", x->id, later), caf::error{});
  EXPECT_EQ(store_->find("a:1")->used, later);
  EXPECT_TRUE(is(store_->hold("c", "sha256:none", later), ec::not_found));
  EXPECT_TRUE(is(store_->hold("../c", x->id, later), ec::invalid));
  EXPECT_EQ(store_->remove("a:1", now()), caf::error{});
  EXPECT_FALSE(store_->find("a:1"));
  // Holds outlive the process.
  store_ = open(later + 24h);
  EXPECT_EQ(store_->holders()->at("container-1"), x->id);
  EXPECT_EQ(merged(*x).at("etc/a"), "1");
  // It may come back meanwhile.
  ASSERT_TRUE(load(archive({base}, R"(["a:2"])")));
  EXPECT_EQ(store_->remove("a:2", now()), caf::error{});
  EXPECT_EQ(entries(options_.folder / "layers"), 1u);
  EXPECT_EQ(store_->release("container-1", later), caf::error{});
  EXPECT_EQ(entries(options_.folder / "layers"), 0u);
  EXPECT_EQ(store_->release("container-1", later), caf::error{});
}

TEST_F(ImageStore, SweepsWhatNobodyNeedsAfterAWhile) {
  auto x = make_image({base});
  {
    auto work = store_work::begin(store_, now());
    ASSERT_TRUE(work);
    for (auto& [digest, bytes] : x.blobs)
      ASSERT_EQ((*work)->put(digest, bytes), caf::error{});
    ASSERT_EQ((*work)->unpack(x.layers[0], "", digest_of(base), {}),
              caf::error{});
    // While it is at work, all stays, whatever the time.
    auto same = open(now() + 24h);
    EXPECT_EQ(same->sweep(now(), true), caf::error{});
    EXPECT_EQ(entries(options_.folder / "layers"), 1u);
  }
  // An attempt soon after goes on from there.
  ASSERT_TRUE(open());
  EXPECT_EQ(entries(options_.folder / "layers"), 1u);
  EXPECT_EQ(count(options_.folder / "blobs"), 3u);
  ASSERT_TRUE(open(now() + 1h));
  EXPECT_EQ(entries(options_.folder / "layers"), 0u);
  EXPECT_EQ(count(options_.folder / "blobs"), 0u);
}

TEST_F(ImageStore, GoesOnWithABlobThatBrokeOff) {
  std::string bytes(100'000, 'b');
  auto digest = digest_of(bytes);
  {
    auto work = store_work::begin(store_, now());
    auto blob = (*work)->write_blob(digest, bytes.size());
    ASSERT_TRUE(blob);
    ASSERT_EQ((*blob)->write(bytes.substr(0, 60'000)), caf::error{});
  }
  auto work = store_work::begin(store_, now());
  auto blob = (*work)->write_blob(digest, bytes.size());
  ASSERT_TRUE(blob && *blob);
  EXPECT_EQ((*blob)->offset(), 60'000u);
  EXPECT_TRUE(is((*blob)->write(std::string(50'000, 'b')), ec::invalid));
  ASSERT_EQ((*blob)->write(bytes.substr(60'000)), caf::error{});
  ASSERT_EQ((*blob)->commit(), caf::error{});
  EXPECT_TRUE((*work)->has_blob(digest));
  EXPECT_FALSE(*(*work)->write_blob(digest, bytes.size()));
  // One that lies leaves nothing.
  auto liar = (*work)->write_blob(digest_of("other"), 3);
  ASSERT_EQ((*liar)->write("abc"), caf::error{});
  EXPECT_TRUE(is((*liar)->commit(), ec::invalid));
  liar->reset();
  EXPECT_EQ(entries(options_.folder / "parts"), 0u);
}

TEST_F(ImageStore, OneOfTwoWritesABlobAndTheOtherHasItThen) {
  auto work = store_work::begin(store_, now());
  auto digest = digest_of("abc");
  auto first = (*work)->write_blob(digest, 3);
  ASSERT_TRUE(first && *first);
  auto second = std::thread{[&] {
    auto also = store_work::begin(store_, now());
    auto blob = (*also)->write_blob(digest, 3);
    ASSERT_TRUE(blob);
    EXPECT_FALSE(*blob);
    EXPECT_TRUE((*also)->has_blob(digest));
  }};
  ASSERT_EQ((*first)->write("abc"), caf::error{});
  ASSERT_EQ((*first)->commit(), caf::error{});
  first->reset();
  second.join();
  auto third = (*work)->write_blob(digest_of("x"), 1);
  auto gave_up = (*work)->write_blob(digest_of("x"), 1, [] { return true; });
  ASSERT_FALSE(gave_up);
  EXPECT_TRUE(is(gave_up.error(), ec::timeout));
}

TEST_F(ImageStore, IsRefusedWhenItIsSomethingElse) {
  store_.reset();
  write_file(options_.folder / "format", "something else");
  auto store = image_store::open(options_, now());
  ASSERT_FALSE(store);
  EXPECT_TRUE(is(store.error(), ec::invalid));
  write_file(options_.folder / "format", "troupe-images-1 trusted\n");
  write_file(options_.folder / "index.json", "{\"format\":1,");
  store = image_store::open(options_, now());
  ASSERT_FALSE(store);
  EXPECT_NE(message_of(store.error()).find("index.json"), std::string::npos);
}

TEST_F(ImageStore, NoticesADamagedDocument) {
  ASSERT_TRUE(load(archive({base}, R"(["a:1"])")));
  auto x = store_->find("a:1");
  write_file(store_->blob_path(x->id), "{}");
  EXPECT_TRUE(is(store_->config_of(*x).error(), ec::internal_error));
}

/// A process that loads, removes and holds, and is killed at the n-th of the
/// places where it may be; until it comes to its end.
TEST_F(ImageStore, OpensWhereverItWasKilled) {
  write_file(root_ / "one", archive({base, upper}, R"(["a:1"])"));
  write_file(root_ / "two", archive({base, other}, R"(["a:1","b:1"])"));
  store_.reset();
  bool ended = false;
  int places = 0;
  for (; !ended && places < 100; ++places) {
    fs::remove_all(options_.folder);
    auto pid = fork();
    if (pid == 0) {
      auto options = options_;
      int seen = 0;
      options.at = [&](const char*) {
        if (seen++ == places)
          raise(SIGKILL);
      };
      auto store = image_store::open(options, now());
      for (auto name : {"one", "two"}) {
        auto fd = open_file(root_ / name, O_RDONLY);
        if (!load_archive(*store, fd->get(), {}, now()))
          _exit(1);
      }
      if ((*store)->remove("b:1", now()) || (*store)->remove("a:1", now()))
        _exit(1);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ended = WIFEXITED(status);
    EXPECT_TRUE(!ended || WEXITSTATUS(status) == 0) << status;
    store_ = open();
    ASSERT_TRUE(store_) << places;
    // What is named is whole.
    auto images = store_->list();
    ASSERT_TRUE(images);
    std::set<std::string> layers;
    for (auto& each : *images) {
      EXPECT_TRUE(store_->config_of(each)) << places;
      EXPECT_TRUE(store_->read_document(each.manifest)) << places;
      EXPECT_EQ(merged(each).at("etc/b"), "2") << places;
      layers.insert(each.layers.begin(), each.layers.end());
    }
    // Nothing half-made is left, and nothing that nobody needs for long.
    EXPECT_EQ(entries(options_.folder / "work"), 0u) << places;
    EXPECT_EQ(store_->sweep(now() + 1h), caf::error{});
    EXPECT_EQ(entries(options_.folder / "layers"), layers.size()) << places;
    // And it can be worked with.
    ASSERT_TRUE(load(read_file(root_ / "one"))) << places;
    EXPECT_TRUE(store_->find("a:1"));
    store_.reset();
  }
  EXPECT_TRUE(ended);
  EXPECT_GT(places, 10);
}

TEST_F(ImageStore, IsSharedByProcesses) {
  store_.reset();
  std::vector<pid_t> all;
  for (int i = 0; i < 4; ++i) {
    auto name = "app-" + std::to_string(i);
    write_file(root_ / name, archive({base, i % 2 == 0 ? upper : other},
                                     "[\"" + name + ":1\",\"same:1\"]"));
    auto pid = fork();
    if (pid == 0) {
      auto store = image_store::open(options_, now());
      for (int round = 0; round < 5; ++round) {
        auto fd = open_file(root_ / name, O_RDONLY);
        auto loaded = load_archive(*store, fd->get(), {}, now());
        if (!loaded) {
          fprintf(stderr, "%s\n", message_of(loaded.error()).c_str());
          _exit(1);
        }
        if (auto err = (*store)->remove(name + ":1", now());
            err && !is(err, ec::not_found)) {
          fprintf(stderr, "%s\n", message_of(err).c_str());
          _exit(2);
        }
      }
      _exit(0);
    }
    all.push_back(pid);
  }
  for (auto pid : all) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  store_ = open();
  auto same = store_->find("same:1");
  ASSERT_TRUE(same);
  EXPECT_EQ(merged(*same).at("etc/b"), "2");
}

} // namespace troupe::images

#include "runtime/crypto/encoding.hpp"
#include "runtime/images/image_store.hpp"
#include "tests/runtime/oci/oci_pods.hpp"
#include "tests/support/busybox_image.hpp"
#include "tests/support/image_makers.hpp"
#include "tests/support/stub_registry.hpp"

#include <future>

namespace troupe::process {

namespace {

namespace fs = std::filesystem;

images::made_image busybox() {
  auto tar = images::make_tar(
      {images::folder("bin"),
       images::file("bin/busybox", images::read_file("/bin/busybox"), 0755),
       images::link("bin/sh", "busybox"), images::link("bin/cat", "busybox"),
       images::link("bin/sleep", "busybox"), images::folder("dev"),
       images::folder("proc"), images::folder("sys"), images::folder("etc"),
       images::file("marker", "below\n"), images::file("gone", "below\n")});
  auto above = images::make_tar(
      {images::file("marker", "above\n"), images::file(".wh.gone", "")});
  images::image_wishes wishes;
  wishes.process = R"({"Cmd":["sh","-c","cat /marker /gone; echo $SAID"],)"
                   R"("Env":["PATH=/bin","SAID=by the image"]})";
  return images::make_image({tar, above}, wishes);
}

/// Pods of images that a registry on loopback has.
class StorePods : public OciPods {
protected:
  runtime_options options() const override {
    auto result = OciPods::options();
    result.rootfs = oci::store_images(
        {result.images, folder_ / "store", folder_ / "hosts", "node.1"});
    return result;
  }

  std::string name() const { return registry_.address() + "/app/box:1"; }

  container::ContainerConfig of_registry() const {
    container::ContainerConfig config;
    config.set_name("main");
    config.set_image(name());
    config.set_log_path("main/0.log");
    return config;
  }

  expected<container::Image> pull(container::PullImage what) {
    what.set_image(name());
    return ask<container::Image>(
        [&](auto done) { runtime_->pull(what, done); });
  }

  expected<std::map<std::string, std::string>> holders() {
    images::store_options options;
    options.folder = folder_ / "store";
    auto store = images::image_store::open(options, time_point{});
    if (!store)
      return store.error();
    return (*store)->holders();
  }

  images::stub_registry registry_;
};

} // namespace

TEST_P(StorePods, RunImagesOfARegistry) {
  registry_.add("app/box", "1", busybox());
  auto pod = run("store-1");
  ASSERT_TRUE(pod);
  auto made = create(pod->id(), of_registry());
  ASSERT_FALSE(made);
  EXPECT_TRUE(is(made.error(), ec::not_found)) << message_of(made.error());
  auto pulled = pull({});
  ASSERT_TRUE(pulled) << message_of(pulled.error());
  EXPECT_EQ(pulled->reference(), name());
  made = create(pod->id(), of_registry());
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->image_ref(), pulled->id());
  ASSERT_TRUE(start(made->id()));
  EXPECT_EQ(ended(made->id()).exit_code(), 0);
  EXPECT_EQ(logs(made->id()),
            "above\ncat: can't open '/gone': No such file or directory\n"
            "by the image\n");
}

TEST_P(StorePods, HoldTheirImageAsLongAsTheyAreThere) {
  registry_.add("app/box", "1", busybox());
  ASSERT_TRUE(pull({}));
  auto config = of_registry();
  *config.mutable_command() = shell("main", "exec sleep 1000").command();
  auto id = launch("store-2", config);
  ASSERT_FALSE(id.empty());
  auto held = holders();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->size(), 1u);
  // As after a crash between two steps, and of another node.
  images::store_options options;
  options.folder = folder_ / "store";
  auto store = *images::image_store::open(options, time_point{});
  auto image = store->find(name());
  ASSERT_TRUE(image);
  EXPECT_FALSE(store->hold("node.1~gone", image->id, time_point{}));
  EXPECT_FALSE(store->hold("node.1.b~other", image->id, time_point{}));
  restart();
  ASSERT_EQ(state().containers_size(), 1);
  wait_until([&] { return holders()->size() == 2; }, "held in vain");
  EXPECT_TRUE(holders()->contains("node.1.b~other"));
  EXPECT_FALSE(store->release("node.1.b~other", time_point{}));
  // Taken away, it stays for who runs.
  EXPECT_FALSE(store->remove(name(), time_point{}));
  auto ran = exec(id, {"cat", "/marker"});
  ASSERT_TRUE(ran) << message_of(ran.error());
  EXPECT_EQ(ran->stdout(), "above\n");
  ASSERT_TRUE(remove_sandbox(state().sandboxes(0).id()));
  wait_until([&] { return holders()->empty(); }, "still held");
}

TEST_P(StorePods, PullAsWhomTheyAreTold) {
  auto image = busybox();
  registry_.add("app/box", "1", image);
  auto right = "Basic " + crypto::base64_encode("me:secret");
  registry_.twist = [right](const images::stub_request& asked) {
    images::stub_answer answer;
    auto found = asked.headers.find("authorization");
    answer.status =
        found != asked.headers.end() && found->second == right ? 0 : 401;
    answer.headers["WWW-Authenticate"] = "Basic realm=\"here\"";
    return answer;
  };
  auto refused = pull({});
  ASSERT_FALSE(refused);
  container::PullImage what;
  what.add_as()->set_user("somebody");
  auto& me = *what.add_as();
  me.set_user("me");
  me.set_password("secret");
  auto pulled = pull(what);
  EXPECT_TRUE(pulled) << message_of(pulled.error());
}

TEST_P(StorePods, TakeImagesOfFoldersFirst) {
  EXPECT_EQ(said("store-3", "cat /marker"), "of the image\n");
  EXPECT_FALSE(fs::exists(folder_ / "store"));
}

INSTANTIATE_TEST_SUITE_P(By, StorePods, ::testing::Values("crun", "runc"),
                         [](auto& each) { return std::string{each.param}; });

} // namespace troupe::process

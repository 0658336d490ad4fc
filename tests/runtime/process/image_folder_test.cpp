#include "runtime/process/image_folder.hpp"
#include "tests/support/pod_fixture.hpp"

#include <fstream>

namespace troupe::process {

namespace fs = std::filesystem;

TEST(ImageReference, IsCompletedAsEverywhere) {
  struct {
    const char* text;
    const char* whole;
  } cases[] = {
      {"nginx", "docker.io/library/nginx:latest"},
      {"nginx:1.25", "docker.io/library/nginx:1.25"},
      {"team/app", "docker.io/team/app:latest"},
      {"registry.local/app:2", "registry.local/app:2"},
      {"localhost/app", "localhost/app:latest"},
      {"localhost:5000/a/b/c:x", "localhost:5000/a/b/c:x"},
      {"nginx@sha256:0123456789abcdef0123456789abcdef",
       "docker.io/library/nginx@sha256:0123456789abcdef0123456789abcdef"},
      {"a__b-c.d", "docker.io/library/a__b-c.d:latest"},
  };
  for (auto& c : cases) {
    auto ref = parse_reference(c.text);
    ASSERT_TRUE(ref) << c.text;
    EXPECT_EQ(ref->whole(), c.whole);
  }
}

TEST(ImageReference, IsRefusedWhenItIsNone) {
  for (std::string text : {"",
                           "/",
                           ":",
                           "UPPER",
                           "../etc",
                           "a/../b",
                           "a/./b",
                           "a//b",
                           "/abs",
                           "a/",
                           "nginx:",
                           "nginx:a b",
                           "nginx:../x",
                           "nginx@",
                           "nginx@sha256:x",
                           ".hidden",
                           "-x",
                           "x-",
                           "a..b",
                           "re..gistry.io/x",
                           "host:port/x",
                           "x\n"})
    EXPECT_FALSE(parse_reference(text)) << text;
  EXPECT_FALSE(parse_reference(std::string(10000, 'a')));
  EXPECT_FALSE(parse_reference(std::string("a\0b", 3)));
}

TEST(ImageArguments, AreThoseOfKubernetes) {
  image_config image;
  image.entrypoint = {"/entry", "a"};
  image.command = {"b"};
  using words = std::vector<std::string>;
  EXPECT_EQ(process_arguments(image, {}, {}), (words{"/entry", "a", "b"}));
  EXPECT_EQ(process_arguments(image, {}, {"x"}), (words{"/entry", "a", "x"}));
  EXPECT_EQ(process_arguments(image, {"/c"}, {}), (words{"/c"}));
  EXPECT_EQ(process_arguments(image, {"/c"}, {"x"}), (words{"/c", "x"}));
  image.entrypoint.clear();
  EXPECT_EQ(process_arguments(image, {}, {}), (words{"b"}));
  EXPECT_EQ(process_arguments(image, {}, {"x"}), (words{"x"}));
}

class ImageFolder : public PodRuntime {
protected:
  void put(const std::string& reference, const std::string& config) {
    fs::create_directories(folder_ / "images" / reference);
    std::ofstream{folder_ / "images" / reference / "config.json"} << config;
  }

  container::ContainerConfig of(const std::string& image) {
    container::ContainerConfig config;
    config.set_name("main");
    config.set_image(image);
    config.set_log_path("main.log");
    return config;
  }

  expected<container::ImageStatusResult> status(const std::string& image,
                                                bool own_command = false) {
    container::ImageStatus what;
    what.set_image(image);
    what.set_own_command(own_command);
    return ask<container::ImageStatusResult>(
        [&](auto done) { runtime_->image_status(what, done); });
  }

  expected<container::Image> pull(const std::string& image,
                                  bool own_command = false) {
    container::PullImage what;
    what.set_image(image);
    what.set_own_command(own_command);
    return ask<container::Image>(
        [&](auto done) { runtime_->pull(what, done); });
  }
};

TEST_F(ImageFolder, GivesCommandEnvironmentAndFolder) {
  put("web:1", R"({"architecture":"amd64","config":{
    "Entrypoint":["/bin/sh","-c"],"Cmd":["echo $A $B; pwd"],
    "Env":["A=image","B=image"],"WorkingDir":"/usr","StopSignal":"SIGINT"}})");
  auto config = of("web:1");
  auto variable = config.add_env();
  variable->set_name("B");
  variable->set_value("own");
  auto id = launch("image-1", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "image own\n/usr\n");
  EXPECT_EQ(state().containers(0).image_ref().substr(0, 7), "sha256:");
}

TEST_F(ImageFolder, IsFoundByShortAndByWholeName) {
  auto config = R"({"config":{"Cmd":["true"]}})";
  put("nginx", config);
  put("docker.io/library/httpd:2.4", config);
  put("registry.local/team/app:1", config);
  for (auto name : {"nginx", "nginx:latest", "docker.io/library/nginx",
                    "docker.io/nginx:latest", "httpd:2.4",
                    "docker.io/library/httpd:2.4", "registry.local/team/app:1"})
    EXPECT_TRUE(pull(name)) << name;
  for (auto name : {"nginx:1.25", "httpd", "team/app:1", "app:1"})
    EXPECT_TRUE(is(pull(name).error(), ec::not_found)) << name;
}

TEST_F(ImageFolder, IsNotNeededForACommandOfItsOwn) {
  EXPECT_FALSE(status("nowhere:1")->has_image());
  EXPECT_TRUE(status("nowhere:1", true)->has_image());
  EXPECT_TRUE(pull("nowhere:1", true));
  auto config = of("nowhere:1");
  config.add_command("/bin/true");
  auto id = launch("image-2", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
}

TEST_F(ImageFolder, TellsClearlyWhatIsMissing) {
  auto missing = pull("nowhere:1");
  ASSERT_TRUE(is(missing.error(), ec::not_found));
  EXPECT_NE(message_of(missing.error()).find("nowhere:1"), std::string::npos);
  EXPECT_NE(message_of(missing.error()).find("config.json"), std::string::npos);
  auto pod = run("image-3");
  ASSERT_TRUE(pod);
  EXPECT_TRUE(is(create(pod->id(), of("nowhere:1")).error(), ec::not_found));
  put("broken", "{\"config\":");
  auto broken = pull("broken");
  ASSERT_TRUE(is(broken.error(), ec::invalid));
  EXPECT_NE(message_of(broken.error()).find("broken/config.json"),
            std::string::npos);
  put("wrong", "{\"config\":{\"Cmd\":5}}");
  EXPECT_TRUE(is(pull("wrong").error(), ec::invalid));
  put("array", "[]");
  EXPECT_TRUE(is(pull("array").error(), ec::invalid));
  put("empty", "{}");
  auto empty = create(pod->id(), of("empty"));
  ASSERT_FALSE(empty);
  EXPECT_NE(message_of(empty.error()).find("no command specified"),
            std::string::npos);
}

TEST_F(ImageFolder, IsNeverLeft) {
  std::ofstream{folder_ / "config.json"} << R"({"config":{"Cmd":["true"]}})";
  for (auto name : {"..", "../", "a/../..", "./..", "x/../../images/.."})
    EXPECT_TRUE(is(pull(name).error(), ec::invalid)) << name;
}

} // namespace troupe::process

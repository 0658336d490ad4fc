#include "runtime/images/reference.hpp"

#include <gtest/gtest.h>

namespace troupe::images {

namespace {

const auto hash = "sha256:" + std::string(64, 'a');

} // namespace

TEST(Reference, IsCompletedAsEverywhere) {
  struct {
    std::string text;
    std::string whole;
    std::string familiar;
  } cases[] = {
      {"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"},
      {"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"index.docker.io/nginx", "docker.io/library/nginx:latest",
       "nginx:latest"},
      {"docker.io/team/app", "docker.io/team/app:latest", "team/app:latest"},
      {"team/app", "docker.io/team/app:latest", "team/app:latest"},
      {"docker.io/a.b/app", "docker.io/a.b/app:latest",
       "docker.io/a.b/app:latest"},
      {"registry.local/app:2", "registry.local/app:2", "registry.local/app:2"},
      {"Registry.Local/app:2", "Registry.Local/app:2", "Registry.Local/app:2"},
      {"localhost/app", "localhost/app:latest", "localhost/app:latest"},
      {"localhost:5000/a/b/c:x", "localhost:5000/a/b/c:x",
       "localhost:5000/a/b/c:x"},
      {"127.0.0.1:5000/a", "127.0.0.1:5000/a:latest",
       "127.0.0.1:5000/a:latest"},
      {"nginx@" + hash, "docker.io/library/nginx@" + hash, "nginx@" + hash},
      {"nginx:1@" + hash, "docker.io/library/nginx:1@" + hash,
       "nginx:1@" + hash},
      {"a__b-c.d", "docker.io/library/a__b-c.d:latest", "a__b-c.d:latest"},
      {"a---b:_x.Y-1", "docker.io/library/a---b:_x.Y-1", "a---b:_x.Y-1"},
      {"library/x/y", "docker.io/library/x/y:latest", "library/x/y:latest"},
      {"0123456789abcdef", "docker.io/library/0123456789abcdef:latest",
       "0123456789abcdef:latest"},
  };
  for (auto& c : cases) {
    auto ref = parse_reference(c.text);
    ASSERT_TRUE(ref) << c.text;
    EXPECT_EQ(ref->whole(), c.whole);
    EXPECT_EQ(ref->familiar(), c.familiar);
  }
}

TEST(Reference, IsRefusedWithKubernetesReason) {
  const std::string format = "invalid reference format";
  struct {
    std::string text;
    std::string reason;
  } cases[] = {
      {"", format},
      {"/", format},
      {":", format},
      {"../etc", format},
      {"a/../b", format},
      {"a//b", format},
      {"/abs", format},
      {"a/", format},
      {"nginx:", format},
      {"nginx:a b", format},
      {"nginx:" + std::string(129, 'x'), format},
      {".hidden", format},
      {"x-", format},
      {"a..b", format},
      {"a___b", format},
      {"re..gistry.io/x", format},
      {"host:port/x", format},
      {"-host.io/x", format},
      {"x\n", format},
      {std::string("a\0b", 3), format},
      {"nginx@", format},
      {std::string(5000, 'a'), format},
      {"UPPER", format + ": repository name must be lowercase"},
      {"host.io/Upper:1", format + ": repository name must be lowercase"},
      {"nginx@sha256:x", "invalid checksum digest length"},
      {"nginx@sha256:" + std::string(64, 'g'),
       "invalid checksum digest format"},
      {"nginx@md5:" + std::string(32, 'a'), "unsupported digest algorithm"},
      {std::string(64, 'a'), "invalid repository name (" + std::string(64, 'a')
                                 + "), cannot specify 64-byte hexadecimal "
                                   "strings"},
      {"h.io/" + std::string(255, 'a'),
       "repository name must not be more than 255 characters"},
  };
  for (auto& c : cases) {
    auto ref = parse_reference(c.text);
    ASSERT_FALSE(ref) << c.text;
    EXPECT_TRUE(is(ref.error(), ec::invalid));
    EXPECT_EQ(message_of(ref.error()), c.reason) << c.text;
  }
}

TEST(Reference, TellsWhyAContainerWaits) {
  auto ref = parse_reference("UPPER");
  EXPECT_EQ(invalid_name_message("UPPER", ref.error()),
            "Failed to apply default image tag \"UPPER\": couldn't parse image "
            "reference \"UPPER\": invalid reference format: repository name "
            "must be lowercase");
}

} // namespace troupe::images

#include "runtime/images/digest.hpp"
#include "runtime/images/installation.hpp"
#include "runtime/images/manifest.hpp"
#include "tests/support/image_makers.hpp"

namespace troupe::images {

namespace {

const auto hash = "sha256:" + std::string(64, 'b');

std::string point(const std::string& type, const std::string& more = {}) {
  return R"({"mediaType":")" + type + R"(","digest":")" + hash + R"(","size":7)"
         + more + "}";
}

std::string on(const std::string& architecture,
               const std::string& variant = {}) {
  return R"(,"platform":{"os":"linux","architecture":")" + architecture
         + R"(","variant":")" + variant + "\"}";
}

std::string reason(const std::string& bytes, const std::string& type = {}) {
  auto read = parse_document(bytes, type);
  return read ? "" : message_of(read.error());
}

} // namespace

TEST(Digest, IsChecked) {
  EXPECT_EQ(digest_of(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
                           "934ca495991b7852b855");
  EXPECT_TRUE(is_digest("sha512:" + std::string(128, '0')));
  for (auto text : {"", "sha256", "sha256:", "sha256:AB", ":x", "a/b:00"})
    EXPECT_FALSE(is_digest(text)) << text;
  hasher hash512{"sha512"};
  EXPECT_TRUE(is_digest(hash512.finish()));
}

TEST(Manifest, IsReadInBothForms) {
  for (auto docker : {false, true}) {
    image_wishes wishes;
    wishes.docker = docker;
    auto image = make_image({make_tar({file("a", "x")})}, wishes);
    auto read = parse_document(image.blobs[image.manifest], "");
    ASSERT_TRUE(read) << message_of(read.error());
    ASSERT_TRUE(read->manifest);
    EXPECT_EQ(read->manifest->config.digest, image.config);
    EXPECT_EQ(read->manifest->layers.at(0).digest, image.layers[0]);
    EXPECT_TRUE(is_layer(read->manifest->layers[0].media_type));
    auto again = parse_document(to_json(*read->manifest), "");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->manifest->layers.at(0).size,
              read->manifest->layers[0].size);
  }
}

TEST(Manifest, IsRefusedWhenItIsHostile) {
  auto layers = R"("config":)" + point(media::oci_config) + R"(,"layers":[])";
  struct {
    std::string bytes;
    std::string type;
    std::string part;
  } cases[] = {
      {"", "", "manifest"},
      {"[]", "", "no JSON object"},
      {"{", "", "invalid JSON"},
      {"{}", "", "neither layers nor manifests"},
      {"{" + layers + R"(,"manifests":[]})", "", "both layers and manifests"},
      {R"({"schemaVersion":1,"fsLayers":[]})", "", "schema version 1"},
      {"{" + layers + "}", media::oci_index, "is not supported"},
      {"{" + layers + R"(,"mediaType":"application/x"})", "", "not supported"},
      {"{" + layers + R"(,"mediaType":")" + media::oci_manifest + "\"}",
       media::docker_manifest, "is of type"},
      {R"({"layers":[],"config":{"digest":"sha256:x","size":1}})", "",
       "config: invalid checksum digest length"},
      {R"({"layers":[],"config":{"digest":")" + hash + R"(","size":-1}})", "",
       "out of range"},
      {R"({"layers":[],"config":{"digest":")" + hash
           + R"(","size":18446744073709551615}})",
       "", "out of range"},
      {R"({"layers":[],"config":{"digest":")" + hash + R"(","size":1.5}})", "",
       "size is missing"},
      {R"({"layers":{},"config":)" + point("x") + "}", "", "layers is no list"},
      {R"({"layers":[5],"config":)" + point("x") + "}", "", "is no object"},
      {R"({"layers":[],"config":5})", "", "config: is no object"},
      {"{" + layers + R"(,"x":")" + std::string(5 << 20, 'x') + "\"}", "",
       "larger than"},
      {std::string(100000, '['), "", "manifest"},
  };
  for (auto& c : cases)
    EXPECT_NE(reason(c.bytes, c.type).find(c.part), std::string::npos)
        << c.bytes.substr(0, 100) << ": " << reason(c.bytes, c.type);
  std::string many = R"({"config":)" + point(media::oci_config)
                     + R"(,"layers":[)" + point("x");
  for (int i = 0; i < 600; ++i)
    many += "," + point("x");
  EXPECT_NE(reason(many + "]}").find("more than 512"), std::string::npos);
}

TEST(Index, GivesTheImageThatSuitsBest) {
  auto manifest = [](const std::string& more) {
    return point(media::oci_manifest, more);
  };
  auto index = [&](const std::vector<std::string>& all) {
    std::string text = R"({"manifests":[)";
    for (auto& each : all)
      text += (text.back() == '[' ? "" : ",") + each;
    auto read = parse_document(text + "]}", media::oci_index);
    EXPECT_TRUE(read) << message_of(read.error());
    return *read->index;
  };
  auto variant = [](const std::optional<descriptor>& x) {
    return x ? x->platform ? x->platform->text() : "any" : "none";
  };
  auto all = index({manifest(on("unknown")), manifest(on("amd64")),
                    manifest(on("arm", "v6")), manifest(on("arm", "v7")),
                    manifest(on("arm64", "v8"))});
  EXPECT_EQ(variant(choose(all, {"linux", "amd64", ""})), "linux/amd64");
  EXPECT_EQ(variant(choose(all, {"linux", "arm64", ""})), "linux/arm64/v8");
  EXPECT_EQ(variant(choose(all, {"linux", "arm", "v7"})), "linux/arm/v7");
  EXPECT_EQ(variant(choose(all, {"linux", "arm", "v6"})), "linux/arm/v6");
  EXPECT_EQ(variant(choose(all, {"linux", "arm", "v5"})), "none");
  EXPECT_EQ(variant(choose(all, {"linux", "riscv64", ""})), "none");
  EXPECT_EQ(variant(choose(all, {"windows", "amd64", ""})), "none");
  auto plain = index({manifest(""), manifest(on("arm64"))});
  EXPECT_EQ(variant(choose(plain, {"linux", "amd64", ""})), "any");
  EXPECT_EQ(variant(choose(plain, {"linux", "arm64", ""})), "linux/arm64");
}

TEST(Config, SaysWhatTheProcessIs) {
  auto read = parse_config(R"({"os":"linux","architecture":"amd64",
    "created":"2020-01-01T00:00:00Z","rootfs":{"diff_ids":[")"
                           + hash + R"("]},
    "config":{"Entrypoint":["/a"],"Cmd":null,"Env":["A=1"],"User":"5:6",
    "WorkingDir":"/w","StopSignal":"SIGINT","Labels":{"k":"v"},
    "Volumes":{"/data":{}},"ExposedPorts":{"80/tcp":{}}}})");
  ASSERT_TRUE(read) << message_of(read.error());
  EXPECT_EQ(read->entrypoint, std::vector<std::string>{"/a"});
  EXPECT_TRUE(read->command.empty());
  EXPECT_EQ(read->user, "5:6");
  EXPECT_EQ(read->volumes, std::vector<std::string>{"/data"});
  EXPECT_EQ(read->ports, std::vector<std::string>{"80/tcp"});
  EXPECT_EQ(read->labels.at("k"), "v");
  for (auto bytes : {"5", R"({"config":5})", R"({"config":{"Env":"A"}})",
                     R"({"config":{"Env":[5]}})", R"({"os":5})",
                     R"({"rootfs":{"diff_ids":["x"]}})"})
    EXPECT_FALSE(parse_config(bytes)) << bytes;
}

TEST(Layers, MustFitTheConfiguration) {
  manifest from;
  from.layers = {{"application/vnd.oci.image.layer.v1.tar+zstd", hash, 1}};
  image_config config;
  config.platform = {"linux", "amd64", ""};
  const platform here{"linux", "amd64", ""};
  EXPECT_FALSE(plan_layers(from, config, here));
  config.diff_ids = {hash};
  auto plan = plan_layers(from, config, here);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->at(0).chain, hash);
  auto other = plan_layers(from, config, {"linux", "arm64", ""});
  ASSERT_FALSE(other);
  EXPECT_EQ(message_of(other.error()),
            "image is for linux/amd64, this machine is linux/arm64");
  from.layers[0].media_type = "application/wasm";
  EXPECT_FALSE(plan_layers(from, config, here));
}

} // namespace troupe::images

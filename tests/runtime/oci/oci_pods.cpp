#include "tests/runtime/oci/oci_pods.hpp"

#include "runtime/oci/cgroup_files.hpp"
#include "runtime/process/bundle_setup.hpp"
#include "tests/support/busybox_image.hpp"

#include <fstream>
#include <sstream>

namespace troupe::process {

namespace fs = std::filesystem;

namespace {

std::string path_of(const std::string& name) {
  for (auto& path : installed_runtimes())
    if (fs::path{path}.filename() == name)
      return path;
  return {};
}

} // namespace

void OciPods::SetUp() {
  if (auto why = test::no_containers_because(); !why.empty())
    GTEST_SKIP() << why;
  if (path_of(GetParam()).empty())
    GTEST_SKIP() << GetParam() << " is not installed";
  PodRuntime::SetUp();
  if (!HasFatalFailure())
    test::make_busybox_image(folder_ / "images");
}

void OciPods::TearDown() {
  if (!runtime_)
    return;
  auto left = state();
  for (auto& s : left.sandboxes())
    EXPECT_TRUE(remove_sandbox(s.id()));
  wait_until([this] { return leftovers().empty(); }, "something is left over");
  for (auto& each : leftovers())
    ADD_FAILURE() << each;
  PodRuntime::TearDown();
}

runtime_options OciPods::options() const {
  auto result = PodRuntime::options();
  result.rootfs = oci::folder_images(result.images);
  result.oci_runtimes = {path_of(GetParam())};
  return result;
}

container::ContainerConfig OciPods::shell(const std::string& name,
                                          const std::string& script) {
  return PodRuntime::shell(name, script);
}

std::string OciPods::said(const std::string& uid,
                          container::ContainerConfig config) {
  auto id = launch(uid, config);
  if (id.empty())
    return {};
  ended(id);
  return logs(id);
}

std::string OciPods::said(const std::string& uid, const std::string& script) {
  return said(uid, shell("main", script));
}

std::vector<std::string> OciPods::leftovers() const {
  std::vector<std::string> result;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);)
    if (line.find(folder_.string() + "/pods") != line.npos)
      result.push_back("mount " + line);
  auto prefix = oci::node_prefix(PodRuntime::options().pods);
  std::error_code code;
  for (auto& h : oci::read_layout().hierarchies)
    if (fs::exists(h.folder + "/" + prefix, code))
      result.push_back("group " + h.folder + "/" + prefix);
  for (auto& entry : fs::directory_iterator("/proc", code)) {
    std::ifstream groups(entry.path() / "cgroup");
    std::ostringstream text;
    text << groups.rdbuf();
    if (text.str().find(prefix) != std::string::npos)
      result.push_back("process " + entry.path().string());
  }
  for (auto& entry : fs::directory_iterator(folder_ / "pods", code))
    result.push_back("folder " + entry.path().string());
  return result;
}

std::string OciPods::in_group(const std::string& id,
                              const std::string& controller,
                              const std::string& file) {
  auto folder = oci::read_layout().folder_of(controller);
  std::error_code code;
  auto top = folder + "/" + oci::node_prefix(options().pods);
  for (auto& entry : fs::recursive_directory_iterator(top, code))
    if (entry.path().filename() == id) {
      auto text = content(entry.path() / file);
      return text.substr(0, text.find('\n'));
    }
  return "no group";
}

INSTANTIATE_TEST_SUITE_P(By, OciPods, ::testing::Values("crun", "runc"),
                         [](auto& each) { return std::string{each.param}; });

} // namespace troupe::process

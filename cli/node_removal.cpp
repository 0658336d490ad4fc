#include "cli/node_removal.hpp"

#include "cli/resources.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/oci/cgroup_files.hpp"
#include "runtime/process/pod_runtime.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <vector>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// How long all pods of one node may take to end.
constexpr auto pods_patience = std::chrono::seconds(45);

/// What an edge answers, as something to wait for.
template <class T, class Ask>
std::future<expected<T>> asked(Ask ask) {
  auto promise = std::make_shared<std::promise<expected<T>>>();
  auto result = promise->get_future();
  ask([promise](expected<T> x) { promise->set_value(std::move(x)); });
  return result;
}

template <class T>
expected<T> answer_of(std::future<expected<T>>& from,
                      std::chrono::steady_clock::time_point deadline) {
  if (from.wait_until(deadline) != std::future_status::ready)
    return make_error(ec::timeout, "pods do not end in time");
  return from.get();
}

/// Without a grace period; no error when it is gone already.
caf::error delete_now(command_client& client, const kind_info& kind,
                      const std::string& ns, const std::string& name) {
  auto msg = about(call::DELETE, kind, ns, name);
  msg.set_grace_period_seconds(0);
  auto gone = client.ask(msg);
  return gone || is(gone.error(), ec::not_found) ? caf::none : gone.error();
}

} // namespace

expected<std::vector<std::string>> end_pods(const fs::path& node) {
  auto deadline = std::chrono::steady_clock::now() + pods_patience;
  std::error_code ignored;
  process::runtime_options options;
  options.pods = (node / "sandboxes").string();
  options.shim =
      fs::read_symlink("/proc/self/exe", ignored).parent_path().string()
      + "/troupe-shim";
  process::pod_runtime runtime{options, [](container::Event) {}};
  auto asking =
      asked<container::State>([&](auto done) { runtime.state(done); });
  auto state = answer_of(asking, deadline);
  if (!state)
    return state.error();
  std::vector<std::future<expected<container::Done>>> endings;
  std::vector<std::string> uids;
  for (auto& pod : state->sandboxes()) {
    uids.push_back(pod.uid());
    endings.push_back(asked<container::Done>(
        [&](auto done) { runtime.remove_sandbox(pod.id(), done); }));
  }
  for (auto& ending : endings)
    if (auto ended = answer_of(ending, deadline); !ended)
      return ended.error();
  // Pods of an OCI runtime leave what their node had for them.
  oci::remove_group(oci::read_layout(), "/" + oci::node_prefix(options.pods),
                    true);
  return uids;
}

bool has_pods(const fs::path& data_dir) {
  std::error_code none;
  for (auto& node : fs::directory_iterator(data_dir / "nodes", none))
    if (fs::directory_iterator(node.path() / "sandboxes", none)
        != fs::directory_iterator{})
      return true;
  return false;
}

expected<size_t> forget_nodes(command_client& client,
                              const std::vector<std::string>& names) {
  // Nodes first: their pods' successors must not come to them.
  for (auto& name : names)
    if (auto err = delete_now(client, kind_of<core::v1::Node>(), {}, name))
      return err;
  size_t count = 0;
  for (auto& name : names) {
    auto list = about(call::LIST, kind_of<core::v1::Pod>(), {});
    list.set_field_selector("spec.nodeName=" + name);
    auto pods = client.ask(list);
    if (!pods)
      return pods.error();
    for (auto& pod : pods->objects)
      if (auto err = delete_now(client, pod.kind(), pod.ns(), pod.name()))
        return err;
    count += pods->objects.size();
  }
  return count;
}

} // namespace troupe::cli

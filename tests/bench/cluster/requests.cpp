#include "tests/bench/cluster/requests.hpp"

#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"

namespace troupe::bench {

namespace {

constexpr auto patience = std::chrono::seconds(60);
/// So long a watch without news stays open before it is taken up again, and
/// so long its end may take.
constexpr auto quiet = std::chrono::seconds(1);

void fill(core::v1::PodSpec& spec) {
  auto& container = *spec.add_containers();
  container.set_name("main");
  container.set_image("bench:1");
  container.add_command("/bin/sleep");
  container.add_command("86400");
  spec.set_termination_grace_period_seconds(0);
}

call::Request request_for(call::Verb verb, const object_ref& what) {
  call::Request result;
  result.set_verb(verb);
  result.set_api_version(what.kind->api_version());
  result.set_kind(std::string{what.kind->kind});
  result.set_namespace_(what.ns);
  result.set_name(what.name);
  return result;
}

bool is_ready(const core::v1::PodStatus& status) {
  for (auto& condition : status.conditions())
    if (condition.type() == "Ready")
      return condition.status() == "True";
  return false;
}

} // namespace

void create(command_client& client, const object& what) {
  auto result = client.ask(
      request_for(call::CREATE, {&what.kind(), what.ns(), what.name()}), what);
  if (!result)
    fail(message_of(result.error()));
}

void remove(command_client& client, const object_ref& what, bool at_once) {
  auto request = request_for(call::DELETE, what);
  request.set_propagation_policy("Background");
  if (at_once)
    request.set_grace_period_seconds(0);
  auto result = client.ask(std::move(request));
  if (!result && !is(result.error(), ec::not_found))
    fail(message_of(result.error()));
}

object deployment(const std::string& name, int replicas) {
  apps::v1::Deployment result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  auto& spec = *result.mutable_spec();
  spec.set_replicas(replicas);
  (*spec.mutable_selector()->mutable_match_labels())["app"] = name;
  auto& pods = *spec.mutable_template_();
  (*pods.mutable_metadata()->mutable_labels())["app"] = name;
  fill(*pods.mutable_spec());
  return object::of(result);
}

object pod(const std::string& name) {
  core::v1::Pod result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  fill(*result.mutable_spec());
  return object::of(result);
}

pod_watch::pod_watch(const cluster& of) : client_(of.connect()) {
  thread_ = std::thread{[this] { run(); }};
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return complete_; });
}

pod_watch::~pod_watch() {
  {
    std::lock_guard lock{mutex_};
    over_ = true;
  }
  thread_.join();
}

void pod_watch::run() {
  uint64_t revision = 0;
  auto on_batch = [&](const changes& batch) {
    std::lock_guard lock{mutex_};
    if (batch.reset) {
      pods_.clear();
      counts_ = {};
    }
    for (auto& item : batch.items)
      take(item);
    counts_.pods = pods_.size();
    revision = batch.revision;
    complete_ = complete_ || batch.complete;
    ++batches_;
    changed_.notify_all();
    return !over_;
  };
  selection pods{&kind_of<core::v1::Pod>(), {}, {}, {}};
  for (;;) {
    auto from = revision == 0 ? std::string{} : std::to_string(revision);
    auto err = client_->watch(pods, from, on_batch, quiet);
    std::lock_guard lock{mutex_};
    if (over_)
      return;
    if (is(err, ec::expired))
      revision = 0; // it fell behind: once more from the beginning
    else if (!is(err, ec::timeout))
      fail("the watch ended: " + message_of(err));
  }
}

void pod_watch::forget(const std::string& name) {
  auto i = pods_.find(name);
  if (i == pods_.end())
    return;
  counts_.running -= i->second.running ? 1 : 0;
  counts_.ready -= i->second.ready ? 1 : 0;
  pods_.erase(i);
}

void pod_watch::take(const change& what) {
  auto& name = what.what.name();
  if (what.type == change_type::deleted)
    return forget(name);
  auto& status = what.what.as<core::v1::Pod>().status();
  auto [i, fresh] = pods_.try_emplace(name);
  counts_.seen += fresh ? 1 : 0;
  state now{status.phase() == "Running", is_ready(status)};
  counts_.running += now.running - i->second.running;
  counts_.ready += now.ready - i->second.ready;
  i->second = now;
}

void pod_watch::until(const std::function<bool(const counts&)>& so) {
  std::unique_lock lock{mutex_};
  while (!so(counts_)) {
    auto known = batches_;
    if (!changed_.wait_for(lock, patience, [&] { return batches_ > known; }))
      fail("nothing changed for a minute: " + std::to_string(counts_.pods)
           + " pods, " + std::to_string(counts_.running) + " running, "
           + std::to_string(counts_.ready) + " ready");
  }
}

} // namespace troupe::bench

#include "tests/support/live_store.hpp"

#include "actors/etcd/etcd_client.hpp"
#include "actors/system/directory.hpp"
#include "messages/codec.hpp"
#include "messages/system.pb.h"
#include "runtime/rpc/module_loader.hpp"
#include "runtime/store/database.hpp"
#include "runtime/system/context.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <leveldb/env.h>

#include <cstdlib>

namespace troupe::test {

using namespace store_api;
namespace fs = std::filesystem;

live_store::config_type::config_type() {
  register_types(*this);
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", size_t{2});
}

live_store::live_store()
    : settings_(std::make_shared<cluster_config>()), system_(config_) {
  directory_ = system_.spawn(directory);
}

live_store::~live_store() {
  for (auto& handle : handles_)
    handle = nullptr;
  caf::scoped_actor self{system_};
  for (auto& root : roots_) {
    self->monitor(root);
    self->send_exit(root, caf::exit_reason::user_shutdown);
    root = nullptr;
    self->receive([](const caf::down_msg&) {});
  }
  self->send_exit(directory_, caf::exit_reason::user_shutdown);
  directory_ = nullptr;
}

void live_store::plant(const std::string& path, child_spec what,
                       std::shared_ptr<const edges> outside) {
  context ctx{real_world(), std::move(outside), settings_, directory_, path, 1};
  supervision rules;
  rules.intensity = 100;
  roots_.push_back(system_.spawn(supervisor, ctx, rules,
                                 std::vector<child_spec>{std::move(what)}));
  handles_.push_back(resolve(path + "/store/replica"));
}

std::unique_ptr<live_store> live_store::own(size_t members, fs::path folder,
                                            leveldb::Env* disk) {
  std::unique_ptr<live_store> result{new live_store};
  auto path = [](size_t i) { return "server-" + std::to_string(i + 1); };
  auto outside = std::make_shared<edges>();
  outside->disk = disk != nullptr ? disk : leveldb::Env::Default();
  if (folder.empty()) {
    auto memory = store::make_memory_disk();
    outside->disk = memory.get();
    result->disk_ = memory;
    folder = "/memory";
  }
  result->settings_->data_dir = folder;
  store_member member;
  member.founders.clear();
  for (size_t i = 0; i < members; ++i)
    member.founders.push_back({i + 1, true, path(i) + "/store"});
  for (size_t i = 0; i < members; ++i) {
    member.id = i + 1;
    result->plant(path(i), store_branch(member, path(i)), outside);
  }
  return result;
}

std::unique_ptr<live_store> live_store::of_etcd(const etcd::place& where,
                                                size_t clients) {
  auto edge = rpc::load_edge(TROUPE_BUILD_DIR);
  if (!edge) {
    std::fprintf(stderr, "%s\n", message_of(edge.error()).c_str());
    std::abort();
  }
  std::unique_ptr<live_store> result{new live_store};
  auto outside = std::make_shared<edges>();
  outside->rpc = *edge;
  result->settings_->etcd = where;
  for (size_t i = 1; i <= clients; ++i)
    result->plant("client-" + std::to_string(i), etcd_branch(), outside);
  return result;
}

store_actor live_store::resolve(const std::string& path) {
  system::Resolve msg;
  msg.set_path(path);
  store_actor result;
  caf::scoped_actor self{system_};
  self->request(directory_, patience, pb<system::Resolve>{msg})
      .receive(
          [&](const caf::actor& found) {
            result = caf::actor_cast<store_actor>(found);
          },
          [](const caf::error& err) {
            std::fprintf(stderr, "%s\n", message_of(err).c_str());
          });
  return result;
}

store_actor live_store::member(size_t index) {
  return handles_[index];
}

caf::error live_store::wait_ready() {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    RangeRequest request;
    request.set_key("ready");
    auto found = ask<RangeResponse>(std::move(request));
    if (found)
      return caf::none;
    if (std::chrono::steady_clock::now() > deadline)
      return found.error();
  }
}

// -- watching -----------------------------------------------------------------

struct live_watch::heard {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<WatchBatch> batches;
};

store_watcher_actor::behavior_type
live_watch::listen(store_watcher_actor::pointer, std::shared_ptr<heard> to) {
  return {[to](const pb<WatchBatch>& x) {
    std::lock_guard guard{to->mutex};
    to->batches.push_back(*x);
    to->more.notify_all();
  }};
}

live_watch::live_watch(live_store& store, WatchRequest request,
                       size_t member_index)
    : to_(store.member(member_index)), heard_(std::make_shared<heard>()) {
  if (request.id() == 0)
    request.set_id(1);
  if (request.credit() == 0)
    request.set_credit(100'000);
  id_ = request.id();
  watcher_ = store.system().spawn(listen, heard_);
  caf::anon_send(to_, pb<WatchRequest>{std::move(request)}, watcher_);
}

live_watch::~live_watch() {
  caf::anon_send_exit(watcher_, caf::exit_reason::user_shutdown);
}

std::optional<WatchBatch> live_watch::next(std::chrono::milliseconds within) {
  std::unique_lock guard{heard_->mutex};
  auto& batches = heard_->batches;
  if (!heard_->more.wait_for(guard, within, [&] { return !batches.empty(); }))
    return std::nullopt;
  auto result = std::move(batches.front());
  batches.pop_front();
  return result;
}

std::vector<Event> live_watch::events(size_t count) {
  std::vector<Event> result;
  while (result.size() < count) {
    auto batch = next();
    if (!batch)
      break;
    for (auto& event : batch->events())
      result.push_back(event);
  }
  return result;
}

void live_watch::add_credit(uint64_t credit) {
  WatchCredit msg;
  msg.set_id(id_);
  msg.set_credit(credit);
  caf::anon_send(to_, pb<WatchCredit>{msg}, watcher_);
}

void live_watch::cancel() {
  WatchCancel msg;
  msg.set_id(id_);
  caf::anon_send(to_, pb<WatchCancel>{msg}, watcher_);
}

void live_watch::ask_progress(uint64_t token) {
  WatchProgress msg;
  msg.set_id(id_);
  msg.set_token(token);
  caf::anon_send(to_, pb<WatchProgress>{msg}, watcher_);
}

uint64_t live_watch::progress(uint64_t token) {
  ask_progress(token);
  while (auto batch = next()) {
    for (auto& event : batch->events())
      passed.push_back(event);
    if (batch->progress() >= token)
      return batch->revision();
  }
  return 0;
}

} // namespace troupe::test

#include "actors/kubelet/pod_keeping.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/volume_edge.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <vector>

namespace troupe {

namespace {

using pointer = kubelet_pointer;
using entry = kubelet_state::entry;

constexpr std::chrono::milliseconds try_again{1000};

// A worker that dies more often than this within a second waits.
constexpr uint32_t restarts_at_once = 8;

const char* uid_label = "io.kubernetes.pod.uid";

entry* find_uid(pointer self, const std::string& uid) {
  auto i = self->state.pods.find(uid);
  return i == self->state.pods.end() ? nullptr : &i->second;
}

// -- workers ------------------------------------------------------------------

void attend(pointer self, entry& e, container::State seen) {
  kubelet_api::Attend msg;
  *msg.mutable_seen() = std::move(seen);
  self->send(e.worker, pb<kubelet_api::Attend>{std::move(msg)},
             self->state.runtime);
}

void leave(pointer self, entry& e) {
  // Kubernetes: a pod whose object is gone still gets a moment.
  kubelet_api::Leave msg;
  msg.set_grace_seconds(1);
  msg.set_purge(true);
  self->send(e.worker, pb<kubelet_api::Leave>{std::move(msg)});
}

void start_worker(pointer self, entry& e) {
  auto& st = self->state;
  auto ctx = st.ctx->child("pod/" + e.pod.key(), st.ctx->random());
  auto path = ctx.path();
  e.worker =
      self->system().spawn(pod_worker, std::move(ctx), st.facts,
                           caf::actor_cast<pod_keeper_actor>(self), e.pod);
  auto handle = caf::actor_cast<caf::actor>(e.worker);
  self->monitor(handle);
  st.children.add(handle);
  if (const auto& dir = st.ctx->directory()) {
    system::Started msg;
    msg.set_path(path);
    msg.set_restarts(e.restarts);
    self->send(dir, pb<system::Started>{std::move(msg)}, handle);
  }
}

bool has_ended(const core::v1::Pod& pod) {
  return pod.status().phase() == "Succeeded"
         || pod.status().phase() == "Failed";
}

// Looks whether the node has what a pod that comes to it asks for. One that has
// begun goes on, whatever else came since.
void check_room(pointer self, entry& e) {
  auto& st = self->state;
  const auto& pod = e.pod.as<core::v1::Pod>();
  if (e.counts || has_ended(pod))
    return;
  e.counts = true;
  if (!st.node)
    return;
  std::vector<const scheduling::demand*> others;
  for (const auto& [uid, other] : st.pods)
    if (&other != &e && other.counts && !other.left)
      others.push_back(&other.takes);
  auto no = scheduling::rejection_of(pod, e.takes, st.node.as<core::v1::Node>(),
                                     others);
  if (!no)
    return;
  e.counts = false;
  st.api.emit(e.pod, "Warning", no->reason, no->message);
  kubelet_api::Leave msg;
  msg.set_reason(no->reason);
  msg.set_message(no->message);
  self->send(e.worker, pb<kubelet_api::Leave>{std::move(msg)});
}

container::State take_seen(pointer self, const std::string& uid) {
  auto& seen = self->state.seen;
  auto found = seen.find(uid);
  if (found == seen.end())
    return {};
  auto state = std::move(found->second);
  seen.erase(found);
  return state;
}

// Starts whoever is missing, as soon as it is known what the runtime has.
void begin(pointer self, entry& e) {
  auto& st = self->state;
  if (!st.runtime_known || e.worker || e.left)
    return;
  st.book.claim(e.pod);
  start_worker(self, e);
  check_room(self, e);
  attend(self, e, take_seen(self, e.pod.uid()));
  if (e.orphaned)
    leave(self, e);
}

void drop(pointer self, const std::string& uid) {
  auto& st = self->state;
  auto found = st.pods.find(uid);
  if (found == st.pods.end())
    return;
  auto worker = std::move(found->second.worker);
  st.pods.erase(found);
  st.book.release(uid);
  if (st.addresses)
    st.addresses->release(uid);
  auto of_pod = [&](const kubelet_state::want& w) { return w.uid == uid; };
  st.wants.erase(std::remove_if(st.wants.begin(), st.wants.end(), of_pod),
                 st.wants.end());
  if (!worker)
    return;
  st.children.remove(worker.address());
  self->send_exit(caf::actor_cast<caf::actor>(worker),
                  caf::exit_reason::user_shutdown);
}

// Asks the runtime what it has of one pod; a worker takes it over.
void ask_containers(pointer self, const std::string& uid,
                    const container::SandboxList& boxes) {
  auto& st = self->state;
  auto seen = std::make_shared<container::State>();
  *seen->mutable_sandboxes() = boxes.items();
  st.asks.ask<pb<container::ContainerList>>(
      st.runtime,
      [self, uid, seen](const pb<container::ContainerList>& list) {
        for (const auto& c : list->items())
          for (const auto& box : seen->sandboxes())
            if (c.sandbox_id() == box.id())
              *seen->add_containers() = c;
        auto* e = find_uid(self, uid);
        if (e != nullptr && e->worker && self->state.runtime_known)
          attend(self, *e, *seen);
      },
      // Where the runtime is gone, all are attended anew when it is back.
      [](const caf::error&) {},
      pb<container::ListContainers>{container::ListContainers{}});
}

void restart_worker(pointer self, const std::string& uid) {
  auto& st = self->state;
  auto* e = find_uid(self, uid);
  if (e == nullptr || e->worker || e->left)
    return;
  start_worker(self, *e);
  check_room(self, *e);
  if (e->orphaned)
    leave(self, *e);
  if (!st.runtime_known)
    return;
  container::ListPodSandbox msg;
  msg.set_uid(uid);
  st.asks.ask<pb<container::SandboxList>>(
      st.runtime,
      [self, uid](const pb<container::SandboxList>& boxes) {
        if (self->state.runtime_known)
          ask_containers(self, uid, *boxes);
      },
      [](const caf::error&) {}, pb<container::ListPodSandbox>{std::move(msg)});
}

// -- pods ---------------------------------------------------------------------

void pod_gone(pointer self, const std::string& uid) {
  auto* e = find_uid(self, uid);
  if (e == nullptr || e->orphaned)
    return;
  e->orphaned = true;
  if (e->left)
    return drop(self, uid);
  // A worker that is still to come is told when it does.
  if (e->worker)
    leave(self, *e);
}

// What the API says a pod has is not given to another, though the runtime may
// have lost the pod with the node's power.
void claim_address(pointer self, const object& pod) {
  auto& st = self->state;
  const auto& status = pod.as<core::v1::Pod>().status();
  if (!st.addresses || has_ended(pod.as<core::v1::Pod>())
      || st.addresses->find(pod.uid()))
    return;
  if (auto ip = net::parse_ipv4(status.pod_ip()))
    st.addresses->claim(*ip, pod.uid());
}

// The newest object of a pod, from a watch or as the answer to a write.
void pod_told(pointer self, const object& pod) {
  auto& st = self->state;
  auto [i, fresh] = st.pods.try_emplace(pod.uid());
  auto& e = i->second;
  e.listed = true;
  if (!fresh && e.pod.revision() >= pod.revision()) {
    // Known as the answer to our own write. What the view tells is shared with
    // all others, so that only one of both needs to be kept.
    if (e.pod.revision() == pod.revision() && !e.pod.same_cell(pod)) {
      e.pod = pod;
      if (e.worker)
        self->send(e.worker, pod);
    }
    return;
  }
  e.pod = pod;
  if (fresh) {
    claim_address(self, pod);
    e.takes = scheduling::demand_of(pod.as<core::v1::Pod>());
    // What began before counts, whether its worker is there or not.
    e.counts = pod.as<core::v1::Pod>().status().has_start_time();
  }
  if (has_ended(pod.as<core::v1::Pod>()))
    e.counts = false;
  if (e.worker)
    self->send(e.worker, pod);
  else
    begin(self, e);
}

expected<pb<kubelet_api::Address>> give_address(pointer self,
                                                const std::string& uid) {
  auto& st = self->state;
  if (!st.addresses)
    return make_error(ec::service_unavailable,
                      "this node has no addresses for pods");
  auto ip = st.addresses->find(uid);
  if (!ip)
    ip = st.addresses->take(uid);
  if (!ip)
    return make_error(ec::service_unavailable,
                      "all addresses of " + to_string(st.addresses->range())
                          + " are taken");
  kubelet_api::Address msg;
  msg.set_ip(to_string(*ip));
  return pb<kubelet_api::Address>{std::move(msg)};
}

void remove_box(pointer self, const std::string& id) {
  auto& st = self->state;
  container::RemovePodSandbox msg;
  msg.set_sandbox_id(id);
  st.asks.ask<pb<container::Done>>(
      st.runtime, [](const pb<container::Done>&) {},
      [self](const caf::error&) {
        wake_later(self, "unknown", 10 * try_again);
      },
      pb<container::RemovePodSandbox>{std::move(msg)});
}

// What was there when we came and belongs to no pod of ours.
void remove_unknown(pointer self) {
  auto& st = self->state;
  if (!st.runtime_known || !st.pods_complete)
    return;
  for (const auto& [uid, state] : st.seen) {
    for (const auto& box : state.sandboxes())
      remove_box(self, box.id());
    if (st.addresses)
      st.addresses->release(uid);
    const auto& disk = st.ctx->outside().volumes;
    if (disk && !st.options.simulated)
      disk->remove(st.options.pods_folder + "/" + uid, [](std::string) {});
  }
  st.seen.clear();
}

// Looks for such once more.
void sweep_unknown(pointer self) {
  auto& st = self->state;
  st.asks.ask<pb<container::SandboxList>>(
      st.runtime,
      [self](const pb<container::SandboxList>& list) {
        for (const auto& box : list->items())
          if (self->state.runtime_known && !find_uid(self, box.uid()))
            remove_box(self, box.id());
      },
      [](const caf::error&) {},
      pb<container::ListPodSandbox>{container::ListPodSandbox{}});
}

void claim_addresses(pointer self) {
  auto& st = self->state;
  if (!st.addresses)
    return;
  for (const auto& [uid, state] : st.seen)
    for (const auto& box : state.sandboxes())
      if (auto ip = net::parse_ipv4(box.address()))
        st.addresses->claim(*ip, uid);
}

void finalise(pointer self, const std::string& uid) {
  auto* e = find_uid(self, uid);
  if (e == nullptr || !e->left)
    return;
  if (e->orphaned)
    return drop(self, uid);
  delete_options options;
  options.grace_period_seconds = 0;
  options.precondition_uid = uid;
  self->state.api.remove({&e->pod.kind(), e->pod.ns(), e->pod.name()}, options,
                         [self, uid](expected<answer> result) {
                           if (result)
                             return; // the watch tells when it is gone
                           if (is(result.error(), ec::not_found)
                               || is(result.error(), ec::conflict))
                             return drop(self, uid);
                           wake_later(self, "finalise " + uid, try_again);
                         });
}

void tell_worker_again(pointer self, const std::string& uid) {
  if (auto* e = find_uid(self, uid); e != nullptr && e->worker)
    self->send(e->worker, e->pod);
}

void on_status_written(pointer self, const std::string& uid,
                       const expected<answer>& result) {
  auto* e = find_uid(self, uid);
  if (e == nullptr)
    return;
  e->writing = false;
  if (result) {
    auto newest = result->one();
    if (newest && newest.uid() == uid && newest.revision() > e->pod.revision())
      e->pod = newest;
    return tell_worker_again(self, uid);
  }
  // Not there any more: the watch tells so. Changed meanwhile: the newest one
  // is fetched, and the worker writes again.
  if (is(result.error(), ec::not_found))
    return;
  if (!is(result.error(), ec::conflict))
    return wake_later(self, "report " + uid, try_again);
  self->state.api.get({&e->pod.kind(), e->pod.ns(), e->pod.name()},
                      [self, uid](expected<answer> found) {
                        if (found && found->one() && found->one().uid() == uid)
                          pod_told(self, found->one());
                        tell_worker_again(self, uid);
                      });
}

pb<kubelet_api::References> references_for(pointer self,
                                           const std::string& uid) {
  kubelet_api::References msg;
  for (const auto& [audience, value] : self->state.book.tokens(uid)) {
    auto* token = msg.add_tokens();
    token->set_audience(audience);
    token->set_value(value);
  }
  return pb<kubelet_api::References>{std::move(msg)};
}

void answer_wants(pointer self) {
  auto& st = self->state;
  for (size_t i = 0; i < st.wants.size();) {
    auto& want = st.wants[i];
    if (!st.book.is_complete(want.uid, want.services)) {
      ++i;
      continue;
    }
    want.promise.deliver(references_for(self, want.uid),
                         st.book.objects(want.uid, want.services));
    st.wants.erase(st.wants.begin() + static_cast<ptrdiff_t>(i));
  }
}

} // namespace

void on_pod_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.pods_complete = false;
    for (auto& [uid, e] : st.pods)
      e.listed = false;
  }
  for (const auto& item : batch.items) {
    if (item.type == change_type::deleted)
      pod_gone(self, item.what.uid());
    else
      pod_told(self, item.what);
  }
  if (!batch.complete || st.pods_complete)
    return;
  st.pods_complete = true;
  std::vector<std::string> missing;
  for (auto& [uid, e] : st.pods)
    if (!e.listed)
      missing.push_back(uid);
  std::sort(missing.begin(), missing.end());
  for (const auto& uid : missing)
    pod_gone(self, uid);
  remove_unknown(self);
  auto waiting = std::move(st.unaddressed);
  st.unaddressed.clear();
  for (auto& [uid, promise] : waiting) {
    auto address = give_address(self, uid);
    if (address)
      promise.deliver(std::move(*address));
    else
      promise.deliver(std::move(address.error()));
  }
}

void on_runtime_state(pointer self, const container::State& state) {
  auto& st = self->state;
  std::map<std::string, std::string> owners;
  st.seen.clear();
  for (const auto& box : state.sandboxes()) {
    *st.seen[box.uid()].add_sandboxes() = box;
    owners[box.id()] = box.uid();
  }
  for (const auto& c : state.containers())
    if (auto owner = owners.find(c.sandbox_id()); owner != owners.end())
      *st.seen[owner->second].add_containers() = c;
  claim_addresses(self);
  st.runtime_known = true;
  std::vector<std::string> uids;
  for (const auto& [uid, e] : st.pods)
    uids.push_back(uid);
  std::sort(uids.begin(), uids.end());
  for (const auto& uid : uids) {
    auto& e = st.pods[uid];
    if (e.worker)
      attend(self, e, take_seen(self, uid));
    else
      begin(self, e);
  }
  remove_unknown(self);
}

void on_event(pointer self, const pb<container::Event>& event) {
  auto uid = event->sandbox().uid();
  if (event->has_container()) {
    const auto& labels = event->container().labels();
    if (auto i = labels.find(uid_label); i != labels.end())
      uid = i->second;
  }
  if (auto* e = find_uid(self, uid); e != nullptr && e->worker)
    self->send(e->worker, event);
}

void on_worker_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  for (auto& [uid, e] : st.pods) {
    if (!e.worker || e.worker.address() != down.source)
      continue;
    st.children.remove(down.source);
    e.worker = nullptr;
    ++e.restarts;
    if (e.recent++ == 0)
      wake_later(self, "calm " + uid, try_again);
    if (e.recent > restarts_at_once)
      return wake_later(self, "worker " + uid, try_again);
    return restart_worker(self, std::string{uid});
  }
}

void on_report(pointer self, const object& pod) {
  auto& st = self->state;
  auto uid = pod.uid();
  auto* e = find_uid(self, uid);
  // While a write is under way nothing else is written: its answer makes the
  // worker compare again.
  if (e == nullptr || e->orphaned || e->writing)
    return;
  // Made of an older object: the worker has the newer one by now, and reports
  // again where that is needed.
  if (pod.revision() < e->pod.revision())
    return;
  e->writing = true;
  st.api.update_status(pod, [self, uid](expected<answer> result) {
    on_status_written(self, uid, result);
  });
}

void on_gone(pointer self, const std::string& uid) {
  if (auto* e = find_uid(self, uid)) {
    e->left = true;
    finalise(self, uid);
  }
}

void on_remark(pointer self, const kubelet_api::Remark& msg) {
  if (auto* e = find_uid(self, msg.uid()))
    self->state.api.emit(e->pod, msg.type(), msg.reason(), msg.message());
}

caf::result<pb<kubelet_api::References>, std::vector<object>>
on_want_references(pointer self, const kubelet_api::WantReferences& msg) {
  auto& st = self->state;
  if (msg.services())
    st.book.follow_services();
  if (auto* e = find_uid(self, msg.uid()))
    st.book.claim(e->pod);
  auto promise = self->make_response_promise<pb<kubelet_api::References>,
                                             std::vector<object>>();
  st.wants.push_back({msg.uid(), msg.services(), promise});
  answer_wants(self);
  return promise;
}

caf::result<pb<kubelet_api::Address>> on_want_address(pointer self,
                                                      const std::string& uid) {
  auto& st = self->state;
  if (!st.pods_complete) {
    auto promise = self->make_response_promise<pb<kubelet_api::Address>>();
    st.unaddressed.emplace_back(uid, promise);
    return promise;
  }
  auto address = give_address(self, uid);
  if (!address)
    return std::move(address.error());
  return std::move(*address);
}

void on_references_changed(pointer self, const std::set<std::string>& uids) {
  answer_wants(self);
  for (const auto& uid : uids)
    if (auto* e = find_uid(self, uid); e != nullptr && e->worker)
      self->send(e->worker, pb<kubelet_api::ReferencesChanged>{
                                kubelet_api::ReferencesChanged{}});
}

void on_pod_tick(pointer self, const std::string& what) {
  auto space = what.find(' ');
  auto verb = what.substr(0, space);
  auto uid = space == what.npos ? std::string{} : what.substr(space + 1);
  if (verb == "report")
    tell_worker_again(self, uid);
  else if (verb == "finalise")
    finalise(self, uid);
  else if (verb == "worker")
    restart_worker(self, uid);
  else if (verb == "tokens")
    self->state.book.ask_again(uid);
  else if (verb == "renew")
    self->state.book.renew(uid);
  else if (verb == "calm") {
    if (auto* e = find_uid(self, uid))
      e->recent = 0;
  } else if (verb == "unknown" && self->state.runtime_known) {
    sweep_unknown(self);
  }
}

kubelet_state::entry* find_pod(pointer self, const std::string& key) {
  entry* found = nullptr;
  for (auto& [uid, e] : self->state.pods)
    if (e.pod.key() == key && (found == nullptr || found->orphaned))
      found = &e;
  return found;
}

} // namespace troupe

#include "actors/scheduler/binder.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/call.pb.h"

namespace troupe {

void binder::open(api_session& api, on_bound bound, on_failed failed,
                  std::function<void()> room) {
  api_ = &api;
  bound_ = std::move(bound);
  failed_ = std::move(failed);
  room_ = std::move(room);
}

void binder::start(scheduling::waiting_pod pod, const std::string& node) {
  const auto& info = *pod.pod;
  core::v1::Binding body;
  auto& meta = *body.mutable_metadata();
  meta.set_namespace_(info.ns);
  meta.set_name(info.name);
  // A pod created anew under the same name is another pod.
  meta.set_uid(info.uid);
  body.mutable_target()->set_kind("Node");
  body.mutable_target()->set_name(node);
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_api_version("v1");
  msg.set_kind("Pod");
  msg.set_namespace_(info.ns);
  msg.set_name(info.name);
  msg.set_subresource("binding");
  auto key = info.key;
  auto number = ++last_;
  bindings_[key] = binding{std::move(pod), node, number, false};
  ++open_;
  api_->request(std::move(msg), object::of(body),
                [this, key, number](expected<answer> result) {
                  answered(key, number, result);
                });
}

const binding* binder::find(const std::string& key) const {
  auto i = bindings_.find(key);
  return i == bindings_.end() ? nullptr : &i->second;
}

void binder::refresh(scheduling::pod_ptr pod) {
  auto i = bindings_.find(pod->key);
  if (i != bindings_.end())
    i->second.pod.pod = std::move(pod);
}

void binder::answered(const std::string& key, uint64_t number,
                      const expected<answer>& result) {
  --open_;
  auto i = bindings_.find(key);
  // Our view may have been faster than the answer.
  if (i != bindings_.end() && i->second.number == number) {
    if (result) {
      i->second.done = true;
      bound_(i->second);
    } else {
      auto failed = std::move(i->second);
      bindings_.erase(i);
      failed_(failed, result.error());
    }
  }
  room_();
}

} // namespace troupe

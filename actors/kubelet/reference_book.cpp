#include "actors/kubelet/reference_book.hpp"

#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/call.pb.h"

namespace troupe {

void reference_book::open(api_session* api, bool simulated, on_change changed,
                          on_pause pause, on_due due) {
  api_ = api;
  simulated_ = simulated;
  changed_ = std::move(changed);
  pause_ = std::move(pause);
  due_ = std::move(due);
}

void reference_book::claim(const object& pod) {
  auto wanted = rules::references_of(pod.as<core::v1::Pod>());
  if (wanted.empty() || claims_.count(pod.uid()) > 0)
    return;
  auto& mine = claims_[pod.uid()];
  mine.pod = pod;
  auto follow_all = [&](const kind_info& kind,
                        const std::set<std::string>& names) {
    for (const auto& name : names) {
      key what{&kind, pod.ns() + "/" + name};
      claims_[pod.uid()].keys.push_back(what);
      follow(what, pod.ns(), name, pod.uid());
    }
  };
  follow_all(kind_of<core::v1::ConfigMap>(), wanted.config_maps);
  follow_all(kind_of<core::v1::Secret>(), wanted.secrets);
  for (const auto& token : wanted.tokens)
    want_token(pod, token);
}

void reference_book::follow(const key& what, const std::string& ns,
                            const std::string& name, const std::string& uid) {
  auto& entry = followed_[what];
  entry.users.insert(uid);
  if (entry.stream == 0)
    entry.stream = api_->subscribe(
        {what.first, ns, {}, "metadata.name=" + name},
        [this, what](const changes& batch) { on_batch(what, batch); });
}

void reference_book::release(const std::string& uid) {
  auto found = claims_.find(uid);
  if (found == claims_.end())
    return;
  for (const auto& what : found->second.keys) {
    auto entry = followed_.find(what);
    if (entry == followed_.end())
      continue;
    entry->second.users.erase(uid);
    if (entry->second.users.empty()) {
      api_->unsubscribe(entry->second.stream);
      followed_.erase(entry);
    }
  }
  claims_.erase(found);
}

void reference_book::on_batch(const key& what, const changes& batch) {
  auto found = followed_.find(what);
  if (found == followed_.end())
    return;
  auto& entry = found->second;
  auto before = entry.newest;
  bool was_known = entry.known;
  if (batch.reset)
    entry.newest = {};
  for (const auto& item : batch.items)
    if (item.what.key() == what.second)
      entry.newest = item.type == change_type::deleted ? object{} : item.what;
  entry.known = entry.known || batch.complete;
  bool same = static_cast<bool>(before) == static_cast<bool>(entry.newest)
              && (!before || before.revision() == entry.newest.revision());
  // Between the new beginning and its end nothing is certain.
  if (entry.known && (!was_known || !same)
      && (!batch.reset || batch.complete || entry.newest))
    changed_(std::set<std::string>{entry.users});
}

void reference_book::want_token(const object& pod,
                                const rules::wanted_token& token) {
  auto& mine = claims_[pod.uid()].tokens[token.audience];
  if (simulated_) {
    mine = "simulated";
    return;
  }
  authentication::v1::TokenRequest body;
  body.mutable_metadata()->set_namespace_(pod.ns());
  if (!token.audience.empty())
    body.mutable_spec()->add_audiences(token.audience);
  body.mutable_spec()->set_expiration_seconds(token.expiration_seconds);
  auto& bound = *body.mutable_spec()->mutable_bound_object_ref();
  bound.set_kind("Pod");
  bound.set_api_version("v1");
  bound.set_name(pod.name());
  bound.set_uid(pod.uid());
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_api_version("v1");
  msg.set_kind("ServiceAccount");
  msg.set_namespace_(pod.ns());
  const auto& account = pod.as<core::v1::Pod>().spec().service_account_name();
  msg.set_name(account.empty() ? "default" : account);
  msg.set_subresource("token");
  api_->request(std::move(msg), object::of(body),
                [this, uid = pod.uid(), token](expected<answer> result) {
                  on_token(uid, token, std::move(result));
                });
}

void reference_book::on_token(const std::string& uid,
                              const rules::wanted_token& token,
                              expected<answer> result) {
  auto found = claims_.find(uid);
  if (found == claims_.end())
    return;
  auto& mine = found->second;
  // Where nobody issues tokens there is no file: most pods never look for it.
  auto nobody = !result && is(result.error(), ec::method_not_allowed);
  if (!result && !nobody) {
    mine.refused.push_back(token);
    return pause_(uid);
  }
  auto answered = result ? result->one() : object{};
  authentication::v1::TokenRequestStatus status;
  if (answered)
    status = answered.as<authentication::v1::TokenRequest>().status();
  if (!status.token().empty()) {
    auto life = std::chrono::duration_cast<std::chrono::seconds>(
        from_time(status.expiration_timestamp()) - api_->now());
    auto wait = rules::token_renewal(life);
    mine.due[token.audience] = {token, api_->now() + wait};
    due_(uid, wait);
  }
  mine.tokens[token.audience] = status.token();
  changed_({uid});
}

void reference_book::renew(const std::string& uid) {
  auto found = claims_.find(uid);
  if (found == claims_.end())
    return;
  std::vector<rules::wanted_token> all;
  std::erase_if(found->second.due, [&](auto& each) {
    auto now = each.second.when <= api_->now() + std::chrono::seconds{1};
    if (now)
      all.push_back(each.second.what);
    return now;
  });
  for (const auto& token : all)
    want_token(found->second.pod, token);
}

void reference_book::ask_again(const std::string& uid) {
  auto found = claims_.find(uid);
  if (found == claims_.end())
    return;
  for (const auto& token : std::exchange(found->second.refused, {}))
    want_token(found->second.pod, token);
}

void reference_book::follow_services() {
  if (services_followed_)
    return;
  services_followed_ = true;
  api_->subscribe({&kind_of<core::v1::Service>(), {}, {}, {}},
                  [this](const changes& batch) { on_services(batch); });
}

void reference_book::on_services(const changes& batch) {
  if (batch.reset)
    services_.clear();
  for (const auto& item : batch.items) {
    if (item.type == change_type::deleted)
      services_.erase(item.what.key());
    else
      services_[item.what.key()] = item.what;
  }
  if (!services_known_ && batch.complete) {
    services_known_ = true;
    changed_({});
  }
}

bool reference_book::is_complete(const std::string& uid, bool services) const {
  if (services && !services_known_)
    return false;
  auto found = claims_.find(uid);
  if (found == claims_.end())
    return true;
  for (const auto& what : found->second.keys) {
    auto entry = followed_.find(what);
    if (entry == followed_.end() || !entry->second.known)
      return false;
  }
  for (const auto& [audience, value] : found->second.tokens)
    if (!value)
      return false;
  return true;
}

std::vector<object> reference_book::objects(const std::string& uid,
                                            bool services) const {
  std::vector<object> result;
  std::string ns;
  if (auto found = claims_.find(uid); found != claims_.end())
    for (const auto& what : found->second.keys)
      if (auto entry = followed_.find(what);
          entry != followed_.end() && entry->second.newest)
        result.push_back(entry->second.newest);
  if (services)
    for (const auto& [path, service] : services_)
      result.push_back(service);
  return result;
}

std::map<std::string, std::string>
reference_book::tokens(const std::string& uid) const {
  std::map<std::string, std::string> result;
  if (auto found = claims_.find(uid); found != claims_.end())
    for (const auto& [audience, value] : found->second.tokens)
      result[audience] = value.value_or(std::string{});
  return result;
}

} // namespace troupe

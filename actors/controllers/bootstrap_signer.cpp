#include "actors/controllers/bootstrap_signer.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/cluster_info.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using core::v1::Secret;
using pointer =
    bootstrap_signer_actor::stateful_pointer<bootstrap_signer_state>;

const std::string& only_key() {
  static const auto key = std::string{rules::cluster_info_namespace} + "/"
                          + rules::cluster_info_name;
  return key;
}

std::vector<rules::bootstrap_token> tokens_of(const shown& secrets) {
  std::vector<rules::bootstrap_token> result;
  for (auto& [key, secret] : secrets.all())
    if (!secret.meta().has_deletion_timestamp())
      if (auto token = rules::read_bootstrap_token(secret.as<Secret>()))
        result.push_back(std::move(*token));
  return result;
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto map = st.maps->find(key);
  if (!map) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  auto tokens = tokens_of(*st.secrets);
  auto now = st.loop.now();
  if (auto end = rules::next_signature_end(tokens, now))
    st.loop.mark_at(key, *end);
  auto fresh = rules::signed_cluster_info(map, tokens, now);
  if (!fresh) {
    st.loop.why.set(key, "is signed by all tokens that may");
    return st.loop.finish(key);
  }
  st.loop.why.set(key, "signs it anew: tokens came or went, or it changed");
  st.loop.update(key, fresh, [self, key](expected<answer> result) {
    auto fine = result || is(result.error(), ec::not_found)
                || is(result.error(), ec::conflict);
    self->state.loop.finish(key, fine ? caf::error{} : result.error());
  });
}

} // namespace

bootstrap_signer_actor::behavior_type bootstrap_signer(pointer self,
                                                       context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  auto heard = [self](const object&, const object&) {
    self->state.loop.mark(only_key());
  };
  st.maps = &st.loop.follow(
      {&kind_of<ConfigMap>(),
       rules::cluster_info_namespace,
       {},
       std::string{"metadata.name="} + rules::cluster_info_name},
      heard);
  st.secrets =
      &st.loop.follow({&kind_of<Secret>(),
                       rules::bootstrap_token_namespace,
                       {},
                       std::string{"type="} + rules::bootstrap_token_type},
                      heard);
  st.loop.open(ctx, rules::controller_user("bootstrap-signer"));
  return controller(self);
}

} // namespace troupe

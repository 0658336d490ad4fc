#include "actors/controllers/token_cleaner.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Secret;
using pointer = token_cleaner_actor::stateful_pointer<token_cleaner_state>;

void remove(pointer self, const std::string& key, const object& secret) {
  auto& st = self->state;
  st.loop.why.set(key, "expired: deletes it");
  delete_options options;
  options.precondition_uid = secret.uid();
  st.loop.remove(key, secret, options, [self, key](expected<answer> result) {
    auto fine = result || is(result.error(), ec::not_found)
                || is(result.error(), ec::conflict);
    self->state.loop.finish(key, fine ? caf::error{} : result.error());
  });
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto secret = st.secrets->find(key);
  if (!secret || secret.as<Secret>().type() != rules::bootstrap_token_type
      || secret.meta().has_deletion_timestamp()) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  auto token = rules::read_bootstrap_token(secret.as<Secret>());
  if (!token) {
    st.loop.why.set(key, "left alone: " + message_of(token.error()));
    return st.loop.finish(key);
  }
  if (token->expires && *token->expires <= st.loop.now())
    return remove(self, key, secret);
  st.loop.why.set(key, token->expires
                           ? "expires at " + text::time_text(*token->expires)
                           : "never expires");
  st.loop.finish(key);
  if (token->expires)
    st.loop.mark_at(key, *token->expires);
}

} // namespace

token_cleaner_actor::behavior_type token_cleaner(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.secrets =
      &st.loop.follow({&kind_of<Secret>(),
                       rules::bootstrap_token_namespace,
                       {},
                       std::string{"type="} + rules::bootstrap_token_type},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.loop.open(ctx, rules::controller_user("token-cleaner"));
  return controller(self);
}

} // namespace troupe

#include "actors/apiserver/account_tokens.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/account_token.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <memory>

namespace troupe {

namespace {

using core::v1::Secret;
using core::v1::ServiceAccount;
using pointer = account_tokens_actor::stateful_pointer<account_tokens_state>;
using gathering_ptr = std::shared_ptr<gathering>;

constexpr auto manager_user = "system:kube-controller-manager";

/// The key of the account that a Secret is of: "namespace/name".
std::string account_of(const object& secret) {
  auto& notes = secret.meta().annotations();
  auto found = notes.find(rules::account_name_annotation);
  return secret.ns() + "/" + (found == notes.end() ? "" : found->second);
}

/// Others write, too, and namespaces end.
bool is_fine(const caf::error& err) {
  return is(err, ec::not_found) || is(err, ec::conflict)
         || is(err, ec::already_exists) || is(err, ec::forbidden);
}

/// Returns a token for a Secret; "" where this process has no key.
std::function<std::string()> maker(pointer self, const object& secret,
                                   const object& account) {
  return [self, secret, account] {
    auto& edge = self->state.loop.api().ctx().outside().authority;
    auto text = edge->tokens->sign(
        rules::to_payload(rules::lasting_claims(secret, account)));
    return text ? *text : std::string{};
  };
}

object filled(pointer self, const object& secret, const object& account) {
  auto& config = self->state.loop.api().ctx().config();
  return rules::filled_token_secret(secret, account, config.ca_certificate,
                                    maker(self, secret, account));
}

std::vector<object> secrets_of(pointer self, const std::string& key) {
  std::vector<object> result;
  for (auto& each : self->state.secrets->in(key.substr(0, key.find('/'))))
    if (account_of(each) == key && rules::is_account_token(each.as<Secret>())
        && !each.meta().has_deletion_timestamp())
      result.push_back(each);
  return result;
}

void remove(pointer self, const std::string& key, const object& secret,
            const gathering_ptr& all) {
  delete_options options;
  options.precondition_uid = secret.uid();
  self->state.loop.remove(key, secret, options, all->expect(is_fine));
}

gathering_ptr begin(pointer self, const std::string& key) {
  return std::make_shared<gathering>([self, key](const caf::error& err) {
    self->state.loop.finish(key, err);
  });
}

/// Our view of accounts may be behind that of Secrets: whoever makes both at
/// once must not lose the second.
void remove_orphans(pointer self, const std::string& key,
                    std::vector<object> secrets) {
  auto slash = key.find('/');
  object_ref ref{&kind_of<ServiceAccount>(), key.substr(0, slash),
                 key.substr(slash + 1)};
  self->state.loop.api().get(
      ref, [self, key, secrets = std::move(secrets)](expected<answer> found) {
        auto& st = self->state;
        if (!found && !is(found.error(), ec::not_found))
          return st.loop.finish(key, found.error());
        auto account = found ? found->one() : object{};
        auto all = begin(self, key);
        for (auto& secret : secrets)
          if (!account || !rules::is_token_of(secret, account))
            remove(self, key, secret, all);
        all->close();
      });
}

bool lists_any(const object& account, const std::vector<object>& secrets) {
  auto& listed = account.as<ServiceAccount>().secrets();
  return std::any_of(secrets.begin(), secrets.end(), [&](auto& secret) {
    return std::any_of(listed.begin(), listed.end(), [&](auto& each) {
      return each.name() == secret.name();
    });
  });
}

void list_secret(pointer self, const std::string& key, const object& account,
                 const std::string& name, const std::string& lost,
                 const gathering_ptr& all) {
  if (auto fresh = rules::with_secret(account, name, lost))
    self->state.loop.update(key, fresh, all->expect(is_fine));
  all->close();
}

/// The account's own Secret comes first, then the account lists it.
void give_own(pointer self, const std::string& key, const object& account,
              const std::string& lost, const gathering_ptr& all) {
  self->state.loop.why.set(key, "gets a secret with its token");
  auto wanted = rules::own_token_secret(account, lost);
  auto whole = filled(self, wanted, account);
  auto name = wanted.name();
  self->state.loop.create(
      key, whole ? whole : wanted,
      [self, key, account, name, lost, all](expected<answer> result) {
        if (result || is(result.error(), ec::already_exists))
          return list_secret(self, key, account, name, lost, all);
        all->expect(is_fine)(std::move(result));
        all->close();
      });
}

/// Kubernetes: an account does not list a Secret that was deleted. Our view of
/// Secrets may be behind that of accounts: the API server knows.
void replace_lost(pointer self, const std::string& key, const object& account,
                  const std::string& lost, bool has_other,
                  const gathering_ptr& all) {
  object_ref ref{&kind_of<Secret>(), account.ns(), lost};
  self->state.loop.api().get(ref, [=](expected<answer> found) {
    if (found || !is(found.error(), ec::not_found)) {
      all->expect()(std::move(found));
      return all->close();
    }
    if (has_other)
      return list_secret(self, key, account, {}, lost, all);
    give_own(self, key, account, lost, all);
  });
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto account = st.accounts->find(key);
  auto secrets = secrets_of(self, key);
  auto strange = std::any_of(secrets.begin(), secrets.end(), [&](auto& each) {
    return !account || !rules::is_token_of(each, account);
  });
  if (!account)
    st.loop.why.forget(key);
  if (strange)
    return remove_orphans(self, key, std::move(secrets));
  if (!account || account.meta().has_deletion_timestamp())
    return st.loop.finish(key);
  auto all = begin(self, key);
  for (auto& each : secrets)
    if (auto fresh = filled(self, each, account))
      st.loop.update(key, fresh, all->expect(is_fine));
  auto has_one = lists_any(account, secrets);
  if (has_one)
    st.loop.why.set(key, "has a secret with its token");
  if (auto lost = rules::lost_secret(account, secrets); !lost.empty())
    return replace_lost(self, key, account, lost, has_one, all);
  if (has_one)
    return all->close();
  give_own(self, key, account, {}, all);
}

} // namespace

account_tokens_actor::behavior_type account_tokens(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  auto& edge = ctx.outside().authority;
  if (!edge || !edge->tokens) {
    st.loop.api().open(self, ctx, manager_user);
    return controller(self);
  }
  st.accounts =
      &st.loop.follow({&kind_of<ServiceAccount>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.secrets =
      &st.loop.follow({&kind_of<Secret>(),
                       {},
                       {},
                       std::string{"type="} + rules::account_token_type},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark(account_of(now ? now : before));
                      });
  // No election: every server does this by itself.
  st.loop.api().open(self, ctx, manager_user);
  return controller(self);
}

} // namespace troupe

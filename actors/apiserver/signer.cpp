#include "actors/apiserver/signer.hpp"

#include "actors/apiserver/certificate_record.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/serving_request.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;
using pointer = signer_actor::stateful_pointer<signer_state>;

/// Another server may have been faster; then there is nothing to do.
void finish(pointer self, const std::string& key, const caf::error& err) {
  auto fine = !err || is(err, ec::not_found) || is(err, ec::conflict);
  self->state.loop.finish(key, fine ? caf::error{} : err);
}

void write(pointer self, const std::string& key,
           const CertificateSigningRequest& request) {
  self->state.loop.update_status(
      key, object::of(request), [self, key](expected<answer> result) {
        finish(self, key, result ? caf::error{} : result.error());
      });
}

/// It is noted before it is given away: what nobody knows of cannot be revoked.
void give(pointer self, const std::string& key,
          CertificateSigningRequest request, const crypto::identity& who,
          const std::string& certificate) {
  auto& st = self->state;
  st.loop.why.set(key, "signed for " + who.user);
  request.mutable_status()->set_certificate(certificate);
  record_certificate(
      st.loop.api(), {who.user, certificate, {}},
      [self, key, request = std::move(request)](const caf::error& err) {
        if (err)
          finish(self, key, err);
        else
          write(self, key, request);
      });
}

void sign(pointer self, const std::string& key, const object& found) {
  auto& st = self->state;
  auto request = found.copy<CertificateSigningRequest>();
  auto& edge = st.loop.api().ctx().outside().authority;
  auto now = st.loop.now();
  auto why = rules::signing_problem(request);
  auto asked = crypto::inspect_request(request.spec().request());
  if (why.empty() && !asked)
    why = message_of(asked.error());
  if (!why.empty()) {
    st.loop.why.set(key, "not signed: " + why);
    rules::fail(request, why, now);
    return write(self, key, request);
  }
  auto serves = request.spec().signer_name() == rules::serving_signer;
  auto life = rules::signing_lifetime(request);
  auto& text = request.spec().request();
  auto made = serves ? crypto::sign_serving_request(
                  edge->authority, text, asked->who, asked->names, now, life)
                     : crypto::sign_request(edge->authority, text, asked->who,
                                            {}, now, life);
  if (!made)
    return st.loop.finish(key, made.error());
  give(self, key, std::move(request), asked->who, *made);
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto found = st.requests->find(key);
  if (!found) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  if (!st.loop.api().ctx().outside().authority
      || !rules::is_to_be_signed(found.as<CertificateSigningRequest>()))
    return st.loop.finish(key);
  sign(self, key, found);
}

constexpr auto account = "certificate-controller";

void follow_requests(pointer self) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.requests =
      &st.loop.follow({&kind_of<CertificateSigningRequest>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
}

} // namespace

signer_actor::behavior_type signer(pointer self, context ctx) {
  follow_requests(self);
  self->state.loop.open(ctx, rules::controller_user(account));
  return controller(self);
}

signer_actor::behavior_type only_signer(pointer self, context ctx) {
  follow_requests(self);
  self->state.loop.api().open(self, ctx, rules::controller_user(account));
  return controller(self);
}

} // namespace troupe

#include "actors/system/renewal.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;
using pointer = renewal_actor::stateful_pointer<renewal_state>;

constexpr std::chrono::minutes first_pause{1};
constexpr std::chrono::minutes longest_pause{60};
/// How long a request may wait to be signed before another is made.
constexpr std::chrono::minutes answer_patience{15};
/// Longer waits are made of several: a clock may be set.
constexpr std::chrono::hours longest_sleep{24};

void set_timer(pointer self) {
  auto& st = self->state;
  auto left = std::clamp<time_point::duration>(
      st.due - st.api.now(), time_point::duration{0}, longest_sleep);
  system::Tick msg;
  msg.set_what("renew");
  msg.set_number(++st.alarm);
  self->delayed_send(self, left, pb<system::Tick>{std::move(msg)});
}

void stop_asking(pointer self) {
  auto& st = self->state;
  if (st.stream != 0)
    st.api.unsubscribe(std::exchange(st.stream, 0));
  st.asked = {};
  st.request_name.clear();
}

void retry_later(pointer self, const std::string& why) {
  auto& st = self->state;
  stop_asking(self);
  auto pause = std::min<std::chrono::minutes>(
      first_pause * (1 << std::min(st.failures, 6u)), longest_pause);
  ++st.failures;
  spdlog::warn("certificate not renewed user={} reason={}", st.what.who.user,
               why);
  st.due = st.api.now() + pause;
  set_timer(self);
}

/// The certificate that is in its place now.
expected<crypto::certificate_info> present(pointer self) {
  auto mine = self->state.what.load();
  if (!mine)
    return mine.error();
  return crypto::inspect_certificate(mine->certificate);
}

/// When the last third of its life begins.
time_point last_third(const crypto::certificate_info& x) {
  return x.not_before + (x.not_after - x.not_before) / 3 * 2;
}

/// Somewhere in the last third, but not at its end: many that began together
/// shall not end together.
void plan(pointer self) {
  auto& st = self->state;
  auto info = present(self);
  if (!info)
    return retry_later(self, message_of(info.error()));
  auto part = (info->not_after - info->not_before) / 6 / 1000;
  auto jitter = part * static_cast<int64_t>(st.api.ctx().random() % 1000);
  st.due = last_third(*info) + jitter;
  set_timer(self);
}

void take(pointer self, const std::string& certificate) {
  auto& st = self->state;
  auto asked = st.asked;
  if (!crypto::is_of_same_key(certificate, asked.request))
    return retry_later(self, "the certificate is for another key");
  auto checked =
      crypto::check_certificate(st.what.authority, certificate, st.api.now());
  if (!checked || *checked != st.what.who)
    return retry_later(self, checked ? "the certificate is for somebody else"
                                     : message_of(checked.error()));
  auto saved = st.what.save({asked.key, certificate});
  if (!saved)
    return retry_later(self, message_of(saved.error()));
  stop_asking(self);
  st.failures = 0;
  ++st.renewed;
  spdlog::info("certificate renewed user={}", st.what.who.user);
  plan(self);
}

void on_request(pointer self, const changes& batch) {
  auto& st = self->state;
  for (auto& each : batch.items) {
    if (each.what.name() != st.request_name
        || each.type == change_type::deleted)
      continue;
    auto& request = each.what.as<CertificateSigningRequest>();
    if (rules::is_refused(request))
      return retry_later(self, "the cluster refused to sign it");
    if (!request.status().certificate().empty())
      return take(self, request.status().certificate());
  }
}

CertificateSigningRequest to_object(const renewal_state& st) {
  CertificateSigningRequest result;
  result.mutable_metadata()->set_name(st.request_name);
  auto& spec = *result.mutable_spec();
  spec.set_request(st.asked.request);
  spec.set_signer_name(st.what.signer);
  spec.add_usages("digital signature");
  spec.add_usages("client auth");
  return result;
}

void ask(pointer self) {
  auto& st = self->state;
  auto fresh = crypto::request_certificate(st.what.who);
  if (!fresh)
    return retry_later(self, message_of(fresh.error()));
  st.asked = std::move(*fresh);
  st.request_name =
      "csr-"
      + crypto::hex_encode(crypto::sha256(st.asked.request)).substr(0, 16);
  st.due = st.api.now() + answer_patience;
  set_timer(self);
  st.api.create(object::of(to_object(st)), [self, name = st.request_name](
                                               expected<answer> result) {
    auto& state = self->state;
    if (state.request_name != name)
      return;
    if (!result)
      return retry_later(self, message_of(result.error()));
    state.stream = state.api.subscribe(
        {&kind_of<CertificateSigningRequest>(),
         {},
         {},
         "metadata.name=" + name},
        [self](const changes& batch) { on_request(self, batch); });
  });
}

void on_tick(pointer self, const system::Tick& msg) {
  auto& st = self->state;
  if (msg.number() != st.alarm)
    return;
  if (st.due > st.api.now())
    return set_timer(self);
  if (!st.request_name.empty())
    return retry_later(self, "nobody signed the request in time");
  // It may have been replaced by hand meanwhile.
  auto info = present(self);
  if (info && last_third(*info) > st.api.now())
    return plan(self);
  ask(self);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("user=" + st.what.who.user);
  result.add_facts("due=" + text::time_text(st.due));
  result.add_facts("renewed=" + std::to_string(st.renewed));
  result.add_facts("failures=" + std::to_string(st.failures));
  return pb<system::Description>{std::move(result)};
}

} // namespace

renewal_actor::behavior_type renewal(pointer self, context ctx,
                                     renewed_credential what) {
  auto& st = self->state;
  st.what = std::move(what);
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  st.api.open(self, ctx, st.what.who.user, st.what.who.groups);
  plan(self);
  return {
      [self](const pb<system::Tick>& msg) { on_tick(self, *msg); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe

#include "actors/controllers/certificate.hpp"

#include "messages/api/authorization.pb.h"
#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;
using core::v1::ConfigMap;
using pointer = certificate_controller_actor::stateful_pointer<
    certificate_controller_state>;

// Requests have no namespace, records do: their keys differ by the slash.

reconciler::outcome finishing(pointer self, const std::string& key) {
  return [self, key](expected<answer> result) {
    auto fine = result || is(result.error(), ec::not_found)
                || is(result.error(), ec::conflict);
    self->state.loop.finish(key, fine ? caf::error{} : result.error());
  };
}

/// Deletes it when its time has come, else comes back then.
void keep_until(pointer self, const std::string& key, const object& what,
                time_point end) {
  auto& st = self->state;
  if (end > st.loop.now()) {
    st.loop.finish(key);
    return st.loop.mark_at(key, end);
  }
  st.loop.why.set(key, "over since " + text::time_text(end) + ": deletes it");
  delete_options options;
  options.precondition_uid = what.uid();
  st.loop.remove(key, what, options, finishing(self, key));
}

void approve(pointer self, const std::string& key, const object& found) {
  auto& st = self->state;
  auto fresh = found.copy<CertificateSigningRequest>();
  rules::approve(fresh, st.loop.now());
  auto& kind = found.kind();
  call::Request msg;
  msg.set_verb(call::UPDATE);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  msg.set_name(found.name());
  msg.set_subresource("approval");
  st.loop.why.set(key, "approves: asks for itself");
  st.loop.request(key, kind, std::move(msg), object::of(fresh),
                  finishing(self, key));
}

/// Kubernetes: who may have nodes join gets their first certificate.
void look_at_right(pointer self, const std::string& key, const object& found) {
  auto& spec = found.as<CertificateSigningRequest>().spec();
  authorization::v1::SubjectAccessReview review;
  auto& who = *review.mutable_spec();
  who.set_user(spec.username());
  who.set_uid(spec.uid());
  *who.mutable_groups() = spec.groups();
  for (auto& [name, values] : spec.extra())
    *(*who.mutable_extra())[name].mutable_items() = values.items();
  auto& what = *who.mutable_resource_attributes();
  what.set_verb("create");
  what.set_group("certificates.k8s.io");
  what.set_resource("certificatesigningrequests");
  what.set_subresource("nodeclient");
  self->state.loop.api().create(
      object::of(review), [self, key, found](expected<answer> result) {
        auto& st = self->state;
        if (!result)
          return st.loop.finish(key, result.error());
        auto found_out = result->one();
        if (found_out.as<authorization::v1::SubjectAccessReview>()
                .status()
                .allowed())
          return approve(self, key, found);
        st.loop.why.set(key, "left to people: " + found.name()
                                 + " asks for a node without the right to");
        keep_until(self, key, found,
                   rules::kept_until(found.as<CertificateSigningRequest>()));
      });
}

void look_at_request(pointer self, const std::string& key,
                     const object& found) {
  auto& request = found.as<CertificateSigningRequest>();
  if (!rules::is_approved(request) && !rules::is_refused(request)) {
    auto problem = rules::approval_problem(request);
    if (problem && problem->empty())
      return approve(self, key, found);
    if (rules::is_first_of_node(request))
      return look_at_right(self, key, found);
    self->state.loop.why.set(key, problem ? "left to people: " + *problem
                                          : "left to its own signer");
  }
  keep_until(self, key, found, rules::kept_until(request));
}

void look_at_record(pointer self, const std::string& key, const object& found) {
  auto& st = self->state;
  auto record = rules::read_issued_certificates(found.as<ConfigMap>());
  if (!record) {
    st.loop.why.set(key, "left alone: " + message_of(record.error()));
    return st.loop.finish(key);
  }
  auto end = record->last;
  for (auto& [serial, until] : record->until)
    end = std::max(end, until);
  keep_until(self, key, found, end);
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  if (auto request = st.requests->find(key))
    return look_at_request(self, key, request);
  if (auto record = st.records->find(key))
    return look_at_record(self, key, record);
  st.loop.why.forget(key);
  st.loop.finish(key);
}

} // namespace

certificate_controller_actor::behavior_type
certificate_controller(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  auto heard = [self](const object& before, const object& now) {
    self->state.loop.mark((now ? now : before).key());
  };
  st.requests = &st.loop.follow(
      {&kind_of<CertificateSigningRequest>(), {}, {}, {}}, heard);
  st.records =
      &st.loop.follow({&kind_of<ConfigMap>(),
                       rules::certificates_namespace,
                       std::string{rules::certificates_label} + "=issued",
                       {}},
                      heard);
  st.loop.open(ctx, rules::controller_user("certificate-controller"));
  return controller(self);
}

} // namespace troupe

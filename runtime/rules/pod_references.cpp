#include "runtime/rules/pod_references.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_late.hpp"
#include "runtime/rules/pod_state.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

void collect(const core::v1::Container& container, wanted_references& to) {
  for (const auto& from : container.env_from()) {
    if (from.has_config_map_ref())
      to.config_maps.insert(
          from.config_map_ref().local_object_reference().name());
    if (from.has_secret_ref())
      to.secrets.insert(from.secret_ref().local_object_reference().name());
  }
  for (const auto& env : container.env()) {
    const auto& from = env.value_from();
    if (from.has_config_map_key_ref())
      to.config_maps.insert(
          from.config_map_key_ref().local_object_reference().name());
    if (from.has_secret_key_ref())
      to.secrets.insert(from.secret_key_ref().local_object_reference().name());
  }
}

void collect(const core::v1::ServiceAccountTokenProjection& token,
             wanted_references& to) {
  auto known = std::find_if(
      to.tokens.begin(), to.tokens.end(),
      [&](const wanted_token& t) { return t.audience == token.audience(); });
  if (known == to.tokens.end())
    to.tokens.push_back({token.audience(), token.has_expiration_seconds()
                                               ? token.expiration_seconds()
                                               : 3600});
}

void collect(const core::v1::VolumeSource& source, wanted_references& to) {
  if (source.has_config_map())
    to.config_maps.insert(source.config_map().local_object_reference().name());
  if (source.has_secret())
    to.secrets.insert(source.secret().secret_name());
  for (const auto& part : source.projected().sources()) {
    if (part.has_config_map())
      to.config_maps.insert(part.config_map().local_object_reference().name());
    if (part.has_secret())
      to.secrets.insert(part.secret().local_object_reference().name());
    if (part.has_service_account_token())
      collect(part.service_account_token(), to);
  }
}

} // namespace

wanted_references references_of(const core::v1::Pod& pod) {
  wanted_references wanted;
  for (size_t i = 0; i < container_count(pod); ++i)
    collect(container_at(pod, i), wanted);
  for (const auto& late : pod.spec().ephemeral_containers())
    collect(as_container(late), wanted);
  for (const auto& volume : pod.spec().volumes())
    collect(volume.volume_source(), wanted);
  // One without a name is none, and allowed.
  for (const auto& secret : pod.spec().image_pull_secrets())
    if (!secret.name().empty())
      wanted.secrets.insert(secret.name());
  return wanted;
}

std::chrono::seconds token_renewal(std::chrono::seconds life) {
  constexpr std::chrono::seconds longest = std::chrono::hours{24};
  constexpr std::chrono::seconds shortest{10};
  return std::clamp(life * 4 / 5, shortest, longest);
}

} // namespace troupe::rules

#include "runtime/rules/pull_secrets.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/images/reference.hpp"

namespace troupe::rules {

namespace {

void add_secret(images::keyring& keys, const core::v1::Secret& secret) {
  auto find = [&](const char* name) {
    auto found = secret.data().find(name);
    return found == secret.data().end() ? nullptr : &found->second;
  };
  if (secret.type() == "kubernetes.io/dockerconfigjson") {
    if (auto* config = find(".dockerconfigjson"))
      keys.add_config(*config);
  } else if (secret.type() == "kubernetes.io/dockercfg") {
    if (auto* config = find(".dockercfg"))
      keys.add_old_config(*config);
  }
}

} // namespace

std::vector<images::credentials> pull_credentials(const core::v1::Pod& pod,
                                                  const pod_references& known,
                                                  const std::string& image) {
  auto name = images::parse_reference(image);
  if (!name)
    return {};
  images::keyring keys;
  for (auto& each : pod.spec().image_pull_secrets())
    if (auto found = known.secrets.find(each.name());
        found != known.secrets.end())
      add_secret(keys, found->second.as<core::v1::Secret>());
  return keys.find(name->name());
}

} // namespace troupe::rules

#include "runtime/images/challenge.hpp"
#include "runtime/images/image_record.hpp"
#include "runtime/images/keyring.hpp"
#include "runtime/images/manifest.hpp"
#include "runtime/images/reference.hpp"
#include "runtime/images/registry_hosts.hpp"
#include "tests/fuzz/targets.hpp"

namespace troupe::fuzz {

/// What registries, archives, secrets and users say of images.
void image(std::string_view bytes) {
  if (auto ref = images::parse_reference(bytes)) {
    auto again = images::parse_reference(ref->whole());
    demand(static_cast<bool>(again),
           "a reference that was printed can be read");
    demand(again->whole() == ref->whole(), "it says the same");
    auto familiar = images::parse_reference(ref->familiar());
    demand(familiar && familiar->whole() == ref->whole(),
           "what people write says the same");
  }
  if (auto read = images::parse_document(bytes, "")) {
    demand(read->manifest.has_value() != read->index.has_value(),
           "a document is one of both");
    if (read->manifest)
      demand(static_cast<bool>(
                 images::parse_document(images::to_json(*read->manifest), "")),
             "a manifest that was printed can be read");
    if (read->index)
      images::choose(*read->index, {"linux", "amd64", ""});
  }
  images::parse_config(bytes);
  if (auto list = images::image_list::parse(bytes))
    demand(static_cast<bool>(images::image_list::parse(list->to_json())),
           "an index that was printed can be read");
  images::parse_hosts(bytes, "docker.io", "/");
  images::parse_challenges({std::string{bytes}});
  images::keyring ring;
  if (!ring.add_config(bytes))
    ring.find("docker.io/library/nginx");
}

} // namespace troupe::fuzz

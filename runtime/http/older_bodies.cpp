#include "runtime/http/older_bodies.hpp"

#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

std::optional<std::string> patch_of_late_containers(std::string_view body) {
  auto doc = text::parse_json(body, {});
  if (!doc || !doc->is_object())
    return std::nullopt;
  auto kind = doc->find("kind");
  if (kind == doc->end() || *kind != "EphemeralContainers")
    return std::nullopt;
  text::document patch;
  auto list = doc->find("ephemeralContainers");
  if (list != doc->end() && list->is_array())
    patch["spec"]["ephemeralContainers"] = *list;
  auto meta = doc->find("metadata");
  if (meta != doc->end() && meta->is_object())
    for (auto* name : {"name", "namespace", "uid", "resourceVersion"})
      if (auto found = meta->find(name); found != meta->end())
        patch["metadata"][name] = *found;
  return text::print_json(patch);
}

} // namespace troupe::http

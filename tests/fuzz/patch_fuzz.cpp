#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/apply.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/patch.hpp"
#include "tests/fuzz/targets.hpp"

#include <nlohmann/json.hpp>

namespace troupe::fuzz {

/// A target, a line end that occurs in no JSON (0x1e), and a patch.
void patch(std::string_view bytes) {
  auto middle = bytes.find('\x1e');
  if (middle == std::string_view::npos || bytes.size() > (64u << 10))
    return;
  auto target = text::parse_json(bytes.substr(0, middle));
  auto wish = text::parse_json(bytes.substr(middle + 1));
  if (!target || !wish)
    return;
  auto merged = text::merge_patch(*target, *wish);
  demand(text::merge_patch(merged, *wish) == merged,
         "a merge patch that was applied changes nothing");
  text::json_patch_limits limits;
  limits.copied_bytes = 256u << 10;
  text::json_patch(*target, *wish, limits);
  text::strategic_merge_patch(*target, *wish,
                              &message_info_of(core::v1::Pod::descriptor()));
  text::strategic_merge_patch(*target, *wish, nullptr);
}

} // namespace troupe::fuzz

#pragma once

#include "messages/api/meta.pb.h"
#include "messages/object.hpp"
#include "runtime/apply/server_side_apply.hpp"
#include "runtime/rules/strategy.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace troupe::apply {

inline text::document doc(std::string_view json) {
  auto result = text::parse_json(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : text::document{};
}

inline time_point second(int64_t n) {
  return time_point{std::chrono::seconds{n}};
}

/// The entries of an object, one a line: `manager:Operation@time FIELDS`, with
/// `/subresource` behind the manager.
inline std::string owners(const object& x) {
  std::string out;
  for (auto& e : x.meta().managed_fields()) {
    out += e.manager();
    if (!e.subresource().empty())
      out += "/" + e.subresource();
    out += ":" + e.operation();
    if (e.has_time())
      out += "@" + std::to_string(e.time().seconds());
    out += " " + e.fields_v1().raw() + "\n";
  }
  return out;
}

/// An object and what clients do to it.
struct client {
  object live;
  int64_t now = 1;

  /// A write without apply: the whole next state, as JSON.
  void write(std::string_view json, const std::string& manager,
             const std::string& subresource = {}) {
    text::read_options options;
    if (live)
      options.kind = &live.kind();
    auto next = text::from_document(doc(json), options);
    ASSERT_TRUE(next) << message_of(next.error());
    auto msg = next->clone();
    rules::apply_defaults(*msg);
    if (live)
      mutable_metadata_of(*msg)->set_uid("u");
    track_update(*msg, live, {manager, subresource, second(now)});
    if (live)
      forget_times(*msg, live.message());
    mutable_metadata_of(*msg)->set_uid("u");
    live = object::of(std::move(msg));
  }

  /// Changes what is there by a merge patch.
  void patch(std::string_view json, const std::string& manager,
             const std::string& subresource = {}) {
    auto next = text::to_document(live);
    next.merge_patch(doc(json));
    write(text::print_json(next), manager, subresource);
  }

  /// Returns what is wrong, or nothing.
  std::string apply(std::string_view json, const std::string& manager,
                    bool force = false, const std::string& subresource = {}) {
    auto config = doc(json);
    auto* kind = live ? &live.kind()
                      : find_kind(config["apiVersion"].get<std::string>(),
                                  config["kind"].get<std::string>());
    auto next = apply_configuration(*kind, live, config,
                                    {manager, subresource, second(now)}, force);
    if (!next)
      return message_of(next.error());
    auto msg = next->clone();
    rules::apply_defaults(*msg);
    if (live)
      forget_times(*msg, live.message());
    mutable_metadata_of(*msg)->set_uid("u");
    live = object::of(std::move(msg));
    return {};
  }

  text::document shown() const { return text::to_document(live); }

  /// The data of a ConfigMap.
  std::string data() const {
    auto all = shown();
    return all.contains("data") ? text::print_json(all["data"]) : "none";
  }
};

} // namespace troupe::apply

#include "runtime/rules/versions.hpp"

#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/events.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/version_forms.hpp"

#include <array>

namespace troupe::rules {

namespace {

struct row {
  const kind_info* served;
  const kind_info* stored;
  object (*to_stored)(const object&);
  object (*from_stored)(const object&);
};

template <class From, class To>
object converted(const object& what) {
  To to;
  convert(what.as<From>(), to);
  return object::of(to).with_revision(what.revision());
}

template <class Served, class Stored>
row make_row() {
  return {&kind_of<Served>(), &kind_of<Stored>(), converted<Served, Stored>,
          converted<Stored, Served>};
}

const row* find_row(const kind_info& kind) {
  static const std::array rows{
      make_row<autoscaling::v1::HorizontalPodAutoscaler,
               autoscaling::v2::HorizontalPodAutoscaler>(),
      make_row<events::v1::Event, core::v1::Event>(),
  };
  for (auto& r : rows)
    if (r.served == &kind)
      return &r;
  return nullptr;
}

} // namespace

const kind_info& stored_kind(const kind_info& kind) {
  auto* r = find_row(kind);
  return r != nullptr ? *r->stored : kind;
}

object to_stored(const object& what) {
  auto* r = find_row(what.kind());
  return r != nullptr ? r->to_stored(what) : what;
}

object from_stored(const kind_info& kind, const object& stored) {
  auto* r = find_row(kind);
  return r != nullptr ? r->from_stored(stored) : stored;
}

expected<object> parse_stored(const kind_info& kind, std::string bytes,
                              uint64_t revision) {
  auto parsed = object::parse(stored_kind(kind), std::move(bytes), revision);
  if (!parsed)
    return parsed;
  return from_stored(kind, *parsed);
}

} // namespace troupe::rules

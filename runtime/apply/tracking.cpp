#include "runtime/apply/tracking.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/apply/reset_fields.hpp"
#include "runtime/rules/spoken_kind.hpp"
#include "runtime/rules/versions.hpp"

#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <memory>

namespace troupe::apply {

namespace {

using pb_message = google::protobuf::Message;

const path& replicas() {
  static const auto result = fields_path("spec.replicas");
  return result;
}

/// Two states of an object, compared once for each version that owners use.
class versions_of {
public:
  versions_of(const kind_info& kind, const pb_message& before,
              const pb_message& after, const field_set& ignored)
      : kind_(kind), before_(before), after_(after), ignored_(ignored) {
    // nop
  }

  /// Returns null where there is no such version.
  comparison* at(const std::string& api_version) {
    auto known = made_.find(api_version);
    if (known == made_.end())
      known = made_.emplace(api_version, make(api_version)).first;
    return known->second ? &*known->second : nullptr;
  }

private:
  std::optional<comparison> make(const std::string& api_version) const {
    auto* other = find_kind(api_version, kind_.kind);
    if (other == nullptr)
      return std::nullopt;
    auto result =
        other == &kind_ ? compare(before_, after_) : converted(*other);
    if (!result)
      return std::nullopt;
    return without_below(std::move(*result), ignored_);
  }

  std::optional<comparison> converted(const kind_info& other) const {
    if (&rules::stored_kind(other) != &rules::stored_kind(kind_))
      return std::nullopt;
    auto as_other = [&](const pb_message& msg) {
      return rules::from_stored(other, rules::to_stored(object::of(msg)));
    };
    return compare(as_other(before_).message(), as_other(after_).message());
  }

  const kind_info& kind_;
  const pb_message& before_;
  const pb_message& after_;
  const field_set& ignored_;
  std::map<std::string, std::optional<comparison>> made_;
};

/// Whose entries count: those that a client sends, or those that there are.
managed_fields given_entries(const meta::v1::ObjectMeta& sent,
                             const object& live, const writer& who) {
  auto of_live = [&]() -> managed_fields {
    if (!live)
      return {};
    auto known = decode(live.meta());
    return known ? std::move(*known) : managed_fields{};
  };
  if (!who.subresource.empty())
    return of_live();
  if (is_reset(sent))
    return {};
  auto given = decode(sent);
  return given && !given->entries.empty() ? std::move(*given) : of_live();
}

void keep_entries(meta::v1::ObjectMeta& meta, const object& live) {
  if (live)
    *meta.mutable_managed_fields() = live.meta().managed_fields();
  else
    meta.clear_managed_fields();
}

/// Adds what the writer wrote to what it wrote before.
void add_own(managed_fields& managed, const kind_info& spoken,
             field_set written, const writer& who) {
  auto fields = without(std::move(written), unowned_fields());
  if (fields.empty())
    return;
  managed_entry own;
  own.manager = who.manager;
  own.api_version = spoken.api_version();
  own.subresource = who.subresource;
  auto* known = managed.find(own);
  if (known == nullptr) {
    managed.entries.push_back(std::move(own));
    known = &managed.entries.back();
  }
  known->fields = united(std::move(known->fields), std::move(fields));
  known->time = to_time(who.now).seconds();
}

/// Whether any entry has something of the status.
bool owns_status(const meta::v1::ObjectMeta& meta) {
  for (auto& entry : meta.managed_fields())
    if (entry.fields_v1().raw().find("\"f:status\"") != std::string::npos)
      return true;
  return false;
}

// A component owns nothing, but what it writes is no longer another's.
void track_component(pb_message& after, const object& live, const writer& who) {
  auto& meta = *mutable_metadata_of(after);
  keep_entries(meta, live);
  if (!live || live.meta().managed_fields_size() == 0
      || (who.subresource == "status" && !owns_status(live.meta())))
    return;
  auto managed = decode(live.meta());
  if (!managed)
    return;
  auto& kind = live.kind();
  versions_of versions{kind, live.message(), after,
                       reset_fields(kind, who.subresource)};
  auto* all = versions.at(kind.api_version());
  if (all == nullptr || all->empty())
    return;
  take_written(*managed, {},
               [&](auto& version) { return versions.at(version); });
  encode(*managed, meta);
}

} // namespace

void take_written(managed_fields& managed, const std::string& but,
                  const compare_at& at) {
  for (auto& entry : managed.entries) {
    if (!but.empty() && entry.identity() == but)
      continue;
    auto* all = at(entry.api_version);
    if (all == nullptr) {
      entry.fields = {};
      continue;
    }
    for (auto* gone : {&all->modified, &all->added, &all->removed})
      entry.fields = without(std::move(entry.fields), *gone);
  }
  managed.drop_empty();
}

void track_update(pb_message& after, const object& live, const writer& who) {
  if (who.manager.empty()) {
    track_component(after, live, who);
    return;
  }
  auto& kind = *find_by_descriptor(after.GetDescriptor());
  auto& meta = *mutable_metadata_of(after);
  auto managed = given_entries(meta, live, who);
  meta.clear_managed_fields();
  // Kubernetes: what was not tracked from its beginning is not before its first
  // apply.
  if (managed.entries.empty() && live)
    return;
  auto nothing = kind.make();
  auto& before = live ? live.message() : *nothing;
  versions_of versions{kind, before, after,
                       reset_fields(kind, who.subresource)};
  auto& spoken = rules::kind_at(kind, who.api_version);
  auto* all = versions.at(spoken.api_version());
  if (all == nullptr) {
    keep_entries(meta, live);
    return;
  }
  take_written(managed, {},
               [&](auto& version) { return versions.at(version); });
  add_own(managed, spoken, std::move(*all).written(), who);
  cap_updates(managed);
  encode(managed, meta);
}

managed_fields to_scale(const managed_fields& parent) {
  managed_fields result;
  for (auto& entry : parent.entries) {
    if (!contains(entry.fields, replicas()))
      continue;
    auto shown = entry;
    shown.fields = set_of(replicas());
    shown.api_version = "autoscaling/v1";
    result.entries.push_back(std::move(shown));
  }
  return result;
}

managed_fields from_scale(const managed_fields& parent,
                          const managed_fields& scale,
                          const std::string& api_version) {
  auto rest = scale;
  std::erase_if(rest.entries, [](const managed_entry& e) {
    return !contains(e.fields, replicas());
  });
  managed_fields result;
  for (auto& entry : parent.entries) {
    if (!contains(entry.fields, replicas())) {
      result.entries.push_back(entry);
      continue;
    }
    auto shown = entry;
    shown.api_version = "autoscaling/v1";
    auto identity = shown.identity();
    auto kept = std::erase_if(rest.entries, [&](const managed_entry& e) {
      return e.identity() == identity;
    });
    auto stays = entry;
    if (kept == 0)
      stays.fields = without(stays.fields, set_of(replicas()));
    result.entries.push_back(std::move(stays));
  }
  for (auto& entry : rest.entries) {
    // Kubernetes: these have no time.
    auto taken = entry;
    taken.api_version = api_version;
    taken.time.reset();
    result.entries.push_back(std::move(taken));
  }
  result.drop_empty();
  return result;
}

void track_scale(pb_message& after, const object& live, const writer& who) {
  auto& meta = *mutable_metadata_of(after);
  keep_entries(meta, live);
  auto managed = decode(live.meta());
  if (!managed)
    return;
  auto all = compare(live.message(), after);
  auto scale = to_scale(*managed);
  if (!all || !contains(all->written(), replicas()) || scale.entries.empty())
    return;
  scale.entries.clear();
  if (!who.manager.empty()) {
    auto& own = scale.entries.emplace_back();
    own.manager = who.manager;
    own.api_version = "autoscaling/v1";
    own.subresource = "scale";
    own.fields = set_of(replicas());
  }
  encode(from_scale(*managed, scale, live.kind().api_version()), meta);
}

void forget_times(pb_message& after, const pb_message& live) {
  auto& meta = *mutable_metadata_of(after);
  auto& old = *metadata_of(live);
  if (meta.managed_fields_size() == 0 || !same_but_for_times(meta, old))
    return;
  auto mine = meta.managed_fields();
  auto same_time = [](auto& a, auto& b) {
    return a.time().seconds() == b.time().seconds();
  };
  if (std::equal(mine.begin(), mine.end(), old.managed_fields().begin(),
                 same_time))
    return;
  *meta.mutable_managed_fields() = old.managed_fields();
  std::unique_ptr<pb_message> other{live.New()};
  other->CopyFrom(live);
  // What the store keeps beside the object does not count.
  mutable_metadata_of(*other)->set_resource_version(meta.resource_version());
  if (!canonical_equal(after, *other))
    *meta.mutable_managed_fields() = mine;
}

} // namespace troupe::apply

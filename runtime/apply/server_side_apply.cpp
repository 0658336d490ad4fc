#include "runtime/apply/server_side_apply.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "messages/unknown_error.hpp"
#include "runtime/apply/configuration.hpp"
#include "runtime/apply/conflicts.hpp"
#include "runtime/apply/reset_fields.hpp"
#include "runtime/apply/taken_over.hpp"
#include "runtime/rules/versions.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace troupe::apply {

using text::document;

namespace {

std::string text_at(const document& doc, const char* name) {
  auto found = doc.is_object() ? doc.find(name) : doc.end();
  return found != doc.end() && found->is_string() ? found->get<std::string>()
                                                  : std::string{};
}

const document* metadata_of(const document& doc) {
  auto found = doc.is_object() ? doc.find("metadata") : doc.end();
  return found != doc.end() && found->is_object() ? &*found : nullptr;
}

/// Go's print of a group, version and kind: "apps/v1, Kind=Deployment".
std::string type_text(const std::string& api_version, const std::string& kind) {
  auto slash = api_version.find('/') == std::string::npos ? "/" : "";
  return slash + api_version + ", Kind=" + kind;
}

caf::error check_type(const document& config, const kind_info& kind) {
  auto version = text_at(config, "apiVersion");
  auto name = text_at(config, "kind");
  if (version == kind.api_version() && name == kind.kind)
    return caf::none;
  return make_error(ec::bad_request,
                    "invalid object type: " + type_text(version, name));
}

caf::error check_entries(const document& config) {
  auto* meta = metadata_of(config);
  auto found = meta == nullptr ? document::const_iterator{}
                               : meta->find("managedFields");
  if (meta == nullptr || found == meta->end() || !found->is_array())
    return caf::none;
  return make_error(ec::bad_request, "metadata.managedFields must be nil");
}

caf::error check_fields(const document& config, const kind_info& kind) {
  auto problems = check(config, message_info_of(kind.descriptor()), false);
  if (problems.empty())
    return caf::none;
  auto* meta = metadata_of(config);
  auto ns = meta == nullptr ? std::string{} : text_at(*meta, "namespace");
  auto name = meta == nullptr ? std::string{} : text_at(*meta, "name");
  return make_error(
      unknown_error,
      "failed to create typed patch object (" + ns + "/" + name + "; "
          + type_text(text_at(config, "apiVersion"), text_at(config, "kind"))
          + "): " + summary(problems));
}

document document_of(const object& live, const kind_info& kind) {
  if (!live)
    return text::to_document(*kind.make());
  auto result = text::to_document(live);
  result["metadata"].erase("managedFields");
  return result;
}

/// One apply: what is known of the object at each version that owners use.
class application {
public:
  application(const kind_info& kind, document live, const document& config,
              managed_fields managed, const writer& who)
      : kind_(kind),
        shape_(object_shape(message_info_of(kind.descriptor()))),
        live_(std::move(live)),
        config_(config),
        managed_(std::move(managed)),
        who_(who),
        ignored_(reset_fields(kind, who.subresource)) {
    own_.manager = who.manager;
    own_.applied = true;
    own_.api_version = kind.api_version();
    own_.subresource = who.subresource;
    identity_ = own_.identity();
  }

  /// Returns the conflicts that keep it from being done.
  std::vector<conflict> run(bool force) {
    own_.fields = without_below(fields_of(config_, shape_), ignored_);
    auto last = field_set{};
    auto version = kind_.api_version();
    if (auto* known = managed_.find(identity_)) {
      last = std::move(known->fields);
      version = known->api_version;
      own_.time = known->time;
      *known = own_;
    } else {
      managed_.entries.push_back(own_);
    }
    result_ = merged(live_, config_, shape_);
    if (!last.empty())
      prune(last, version);
    auto found = conflicts();
    if (!found.empty() && !force)
      return found;
    take_written(managed_, identity_, [&](auto& at) { return compared(at); });
    finish_own();
    return {};
  }

  document& result() { return result_; }
  managed_fields& managed() { return managed_; }

private:
  /// A document at another version of its kind.
  std::optional<document> at_version(const document& doc,
                                     const std::string& version) const {
    if (version == kind_.api_version())
      return doc;
    auto* other = find_kind(version, kind_.kind);
    if (other == nullptr
        || &rules::stored_kind(*other) != &rules::stored_kind(kind_))
      return std::nullopt;
    return converted(doc, kind_, *other);
  }

  static std::optional<document>
  converted(const document& doc, const kind_info& from, const kind_info& to) {
    text::read_options options;
    options.kind = &from;
    auto read = text::from_document(doc, options);
    if (!read)
      return std::nullopt;
    return text::to_document(rules::from_stored(to, rules::to_stored(*read)));
  }

  shape shape_at(const std::string& version) const {
    auto* kind = find_kind(version, kind_.kind);
    return object_shape(message_info_of(kind->descriptor()));
  }

  /// Removes what the manager applied last and no longer does, and nobody else
  /// owns.
  void prune(const field_set& last, const std::string& version) {
    auto whole = at_version(result_, version);
    if (!whole)
      return;
    auto of = shape_at(version);
    auto named = with_named_parents(last, of);
    auto pruned = without_items(*whole, named, of);
    pruned = with_owned(*whole, std::move(pruned), version);
    // What is gone with its parent but was never the manager's comes back.
    auto had = with_named_parents(fields_of(*whole, of), of);
    auto has = with_named_parents(fields_of(pruned, of), of);
    pruned = without_items(*whole, shared(without(had, has), named), of);
    if (version == kind_.api_version()) {
      result_ = std::move(pruned);
      return;
    }
    auto* kind = find_kind(version, kind_.kind);
    if (auto back = converted(pruned, *kind, kind_))
      result_ = std::move(*back);
  }

  /// Puts back what any entry owns, the manager's new one included.
  document with_owned(const document& whole, document pruned,
                      const std::string& version) {
    std::map<std::string, field_set> owned;
    for (auto& entry : managed_.entries) {
      auto& all = owned[entry.api_version];
      all = united(all, entry.fields);
    }
    auto put_back = [&](const field_set& fields) {
      auto of = shape_at(version);
      auto had = with_named_parents(fields_of(whole, of), of);
      auto has = with_named_parents(fields_of(pruned, of), of);
      auto kept = united(has, with_named_parents(fields, of));
      pruned = without_items(whole, without(had, kept), of);
    };
    if (auto same = owned.find(version); same != owned.end())
      put_back(same->second);
    for (auto& [other, fields] : owned)
      if (other != version)
        put_back_at(whole, pruned, version, other, fields);
    return pruned;
  }

  void put_back_at(const document& whole, document& pruned,
                   const std::string& version, const std::string& other,
                   const field_set& fields) {
    auto* from = find_kind(version, kind_.kind);
    auto* to = find_kind(other, kind_.kind);
    if (to == nullptr || &rules::stored_kind(*to) != &rules::stored_kind(kind_))
      return;
    auto all = converted(whole, *from, *to);
    auto part = converted(pruned, *from, *to);
    if (!all || !part)
      return;
    auto of = shape_at(other);
    auto had = with_named_parents(fields_of(*all, of), of);
    auto has = with_named_parents(fields_of(*part, of), of);
    auto kept = united(has, with_named_parents(fields, of));
    if (auto back =
            converted(without_items(*all, without(had, kept), of), *to, *from))
      pruned = std::move(*back);
  }

  /// Returns null where there is no such version.
  const comparison* compared(const std::string& version) {
    auto known = compared_.find(version);
    if (known == compared_.end())
      known = compared_.emplace(version, compare_at_version(version)).first;
    return known->second ? &*known->second : nullptr;
  }

  std::optional<comparison>
  compare_at_version(const std::string& version) const {
    auto before = at_version(live_, version);
    auto after = at_version(result_, version);
    if (!before || !after)
      return std::nullopt;
    return without_below(compare(*before, *after, shape_at(version)), ignored_);
  }

  std::vector<conflict> conflicts() {
    std::vector<conflict> found;
    for (auto& entry : managed_.entries) {
      if (entry.identity() == identity_)
        continue;
      auto* all = compared(entry.api_version);
      if (all == nullptr)
        continue;
      for_each_member(shared(entry.fields, all->written()),
                      [&](const path& at) {
                        found.push_back({entry, at});
                      });
    }
    sort(found);
    return found;
  }

  void finish_own() {
    auto* own = managed_.find(identity_);
    if (own == nullptr)
      return;
    own->fields = without(std::move(own->fields), unowned_fields());
    if (result_ != live_)
      own->time = to_time(who_.now).seconds();
    managed_.drop_empty();
  }

  const kind_info& kind_;
  shape shape_;
  document live_;
  const document& config_;
  managed_fields managed_;
  const writer& who_;
  const field_set& ignored_;
  managed_entry own_;
  std::string identity_;
  document result_;
  std::map<std::string, std::optional<comparison>> compared_;
};

/// Kubernetes: what was there before anybody applied is somebody's, too.
managed_fields entries_before_first(const kind_info& kind, const object& live,
                                    const writer& who) {
  managed_fields result;
  if (!live)
    return result;
  auto all = compare(*kind.make(), live.message());
  if (!all)
    return result;
  managed_entry entry;
  entry.manager = "before-first-apply";
  entry.api_version = kind.api_version();
  entry.subresource = who.subresource;
  entry.time = to_time(who.now).seconds();
  entry.fields = without(
      without_below(*all, reset_fields(kind, who.subresource)).written(),
      unowned_fields());
  result.entries.push_back(std::move(entry));
  result.drop_empty();
  return result;
}

expected<object> read_back(const document& doc, const kind_info& kind) {
  text::read_options options;
  options.kind = &kind;
  auto read = text::from_document(doc, options);
  if (read || is(read.error(), ec::too_large))
    return read;
  return make_error(unknown_error,
                    "failed to convert new object ("
                        + type_text(kind.api_version(), std::string{kind.kind})
                        + ") to proper version (" + kind.api_version()
                        + "): " + message_of(read.error()));
}

struct outcome {
  document result;
  managed_fields managed;
};

std::vector<conflict> try_once(const kind_info& kind, const document& live,
                               const document& config,
                               const managed_fields& managed, const writer& who,
                               bool force, outcome& out) {
  application run{kind, live, config, managed, who};
  auto found = run.run(force);
  out = {std::move(run.result()), std::move(run.managed())};
  return found;
}

/// Applies to one document, with force where what conflicts was applied by
/// `kubectl apply` before it became server-side.
caf::error apply_to(const kind_info& kind, const document& live,
                    const document& config, const managed_fields& managed,
                    const writer& who, bool force, outcome& out) {
  auto found = try_once(kind, live, config, managed, who, force, out);
  if (found.empty())
    return caf::none;
  if (who.manager != kubectl_manager)
    return conflict_error(found);
  auto left = not_taken_over(std::move(found), live, kind);
  if (!left.empty())
    return conflict_error(left);
  try_once(kind, live, config, managed, who, true, out);
  return caf::none;
}

} // namespace

expected<object> apply_configuration(const kind_info& kind, const object& live,
                                     const document& config, const writer& who,
                                     bool force) {
  if (auto err = check_type(config, kind))
    return err;
  auto managed = live ? decode(live.meta()) : managed_fields{};
  if (!managed)
    return make_error(unknown_error, "failed to decode managed fields: "
                                         + message_of(managed.error()));
  if (managed->entries.empty())
    managed = entries_before_first(kind, live, who);
  if (auto err = check_entries(config))
    return err;
  if (auto err = check_fields(config, kind))
    return err;
  auto before = document_of(live, kind);
  outcome done;
  if (auto err = apply_to(kind, before, config, *managed, who, force, done))
    return err;
  if (who.manager == kubectl_manager)
    refresh_last_applied(done.result, config);
  auto result = read_back(done.result, kind);
  if (!result)
    return result;
  auto msg = result->clone();
  encode(done.managed, *mutable_metadata_of(*msg));
  return object::of(std::move(msg));
}

expected<object> apply_scale(const object& live, const object& scale,
                             const document& config, const writer& who,
                             bool force, managed_fields& entries) {
  auto& kind = scale.kind();
  if (auto err = check_type(config, kind))
    return err;
  if (auto err = check_entries(config))
    return err;
  if (auto err = check_fields(config, kind))
    return err;
  auto parent = decode(live.meta());
  if (!parent)
    return make_error(unknown_error, "failed to decode managed fields: "
                                         + message_of(parent.error()));
  auto before = document_of(scale, kind);
  auto managed = to_scale(*parent);
  if (managed.entries.empty())
    managed = entries_before_first(kind, scale, who);
  outcome done;
  auto found = try_once(kind, before, config, managed, who, force, done);
  if (!found.empty())
    return conflict_error(found);
  entries = from_scale(*parent, done.managed, live.kind().api_version());
  return read_back(done.result, kind);
}

} // namespace troupe::apply

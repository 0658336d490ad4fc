#include "runtime/store/staging.hpp"

#include "runtime/store/crc32c.hpp"

#include <algorithm>

namespace troupe::store {

namespace {

using namespace store_api;

template <class T>
bool compare_as(Compare::Result result, const T& left, const T& right) {
  switch (result) {
    case Compare::EQUAL:
      return left == right;
    case Compare::NOT_EQUAL:
      return left != right;
    case Compare::GREATER:
      return left > right;
    default:
      return left < right;
  }
}

uint64_t property(Compare::Target target, const key_meta& meta) {
  switch (target) {
    case Compare::VERSION:
      return meta.version;
    case Compare::CREATE_REVISION:
      return meta.create_revision;
    case Compare::MOD_REVISION:
      return meta.at.revision;
    default:
      return meta.lease;
  }
}

} // namespace

staging::staging(const reading& from, outcome& out, uint64_t hash,
                 uint64_t term)
    : from_(from), out_(out), hash_(hash), term_(term) {
  // nop
}

caf::error staging::run(const command& what) {
  return std::visit([this](const auto& request) { return run(request); }, what);
}

// -- transactions -------------------------------------------------------------

caf::error staging::run(const TxnRequest& request) {
  bool succeeded = true;
  for (const auto& compare : request.compares()) {
    auto held = holds(compare);
    if (!held)
      return std::move(held.error());
    succeeded = succeeded && *held;
  }
  const auto& todo = succeeded ? request.then() : request.otherwise();
  if (std::any_of(todo.begin(), todo.end(),
                  [](const Operation& x) { return x.has_put(); })
      && refuse_growth())
    return caf::none;
  if (auto refused = check_leases(todo)) {
    if (!is(refused, ec::not_found))
      return refused;
    out_.answers.emplace_back(std::move(refused));
    return caf::none;
  }
  TxnResponse response;
  response.set_succeeded(succeeded);
  begin_revision();
  for (const auto& operation : todo)
    if (auto err = operate(operation, *response.add_results()))
      return err;
  end_revision();
  response.set_revision(out_.revision);
  out_.answers.emplace_back(std::move(response));
  return caf::none;
}

caf::error staging::check_leases(
    const google::protobuf::RepeatedPtrField<Operation>& todo) {
  for (const auto& operation : todo) {
    if (operation.put().keep_lease()) {
      auto kept = current(operation.put().key());
      if (!kept)
        return std::move(kept.error());
      if (!*kept)
        return make_error(ec::not_found,
                          "there is no key whose lease could be kept");
    }
    auto id = operation.put().lease(); // 0 for what is no put
    if (id == 0)
      continue;
    auto known = lease(id);
    if (!known)
      return std::move(known.error());
    if (!*known)
      return make_error(ec::not_found,
                        "lease " + std::to_string(id) + " does not exist");
  }
  return caf::none;
}

expected<bool> staging::holds(const Compare& compare) {
  auto meta = current(compare.key());
  if (!meta)
    return std::move(meta.error());
  if (compare.target() != Compare::VALUE)
    return compare_as(compare.result(),
                      property(compare.target(), meta->value_or(key_meta{})),
                      compare.number());
  if (!*meta)
    return false;
  auto kv = contents(compare.key(), **meta);
  if (!kv)
    return std::move(kv.error());
  return compare_as(compare.result(), kv->value(), compare.value());
}

caf::error staging::operate(const Operation& operation,
                            OperationResult& result) {
  if (operation.has_put())
    return put(operation.put(), result);
  if (operation.has_delete_range())
    return erase(operation.delete_range(), result);
  auto now = sub_ == 0 ? out_.revision : next_revision();
  auto range = from_.range(operation.range(), keys_, now);
  if (!range)
    return std::move(range.error());
  *result.mutable_range() = std::move(*range);
  return caf::none;
}

caf::error staging::put(const Put& what, OperationResult& result) {
  auto before = current(what.key());
  if (!before)
    return std::move(before.error());
  position at{next_revision(), sub_++};
  change made;
  made.key = what.key();
  made.value = what.value();
  made.create_revision = at.revision;
  made.version = 1;
  made.lease = what.lease();
  if (*before) {
    const auto& old = **before;
    made.create_revision = old.create_revision;
    made.version = old.version + 1;
    made.previous = old.at;
    if (what.keep_lease())
      made.lease = old.lease;
    if (old.lease != 0 && old.lease != made.lease)
      attach(old.lease, what.key(), false);
    if (what.want_previous()) {
      auto kv = contents(what.key(), old);
      if (!kv)
        return std::move(kv.error());
      *result.add_previous() = std::move(*kv);
    }
  }
  if (made.lease != 0)
    attach(made.lease, what.key(), true);
  key_meta meta{at, made.create_revision, made.version, made.lease};
  batch_.Put(current_key(what.key()), encode(meta));
  record(made, at);
  keys_.insert_or_assign(what.key(), staged_key{meta, what.value()});
  result.set_changed(1);
  return caf::none;
}

caf::error staging::erase(const DeleteRange& what, OperationResult& result) {
  std::vector<std::pair<std::string, key_meta>> found;
  auto err = from_.each_current(
      key_range{what.key(), what.range_end()}, keys_,
      [&](std::string_view key, const key_meta& meta, const std::string*) {
        found.emplace_back(key, meta);
        return true;
      });
  if (err)
    return err;
  for (const auto& [key, meta] : found) {
    if (what.want_previous()) {
      auto kv = contents(key, meta);
      if (!kv)
        return std::move(kv.error());
      *result.add_previous() = std::move(*kv);
    }
    erase_key(key, meta);
  }
  result.set_changed(found.size());
  return caf::none;
}

void staging::erase_key(const std::string& key, const key_meta& meta) {
  position at{next_revision(), sub_++};
  change made;
  made.deleted = true;
  made.previous = meta.at;
  made.key = key;
  if (meta.lease != 0)
    attach(meta.lease, key, false);
  batch_.Delete(current_key(key));
  record(made, at);
  keys_.insert_or_assign(key, staged_key{});
}

void staging::record(const change& what, position at) {
  auto encoded = encode(what);
  auto place = history_key(at);
  hash_ = chain_hash(chain_hash(hash_, place), encoded);
  batch_.Put(place, encoded);
  batch_.Put(version_key(what.key, at), what.deleted ? "2" : "1");
  auto& placed = out_.events.emplace_back();
  placed.at = at;
  placed.event.set_type(what.deleted ? Event::DELETE : Event::PUT);
  auto& kv = *placed.event.mutable_kv();
  kv.set_key(what.key.data(), what.key.size());
  kv.set_value(what.value.data(), what.value.size());
  kv.set_create_revision(what.create_revision);
  kv.set_mod_revision(at.revision);
  kv.set_version(what.version);
  kv.set_lease(what.lease);
}

void staging::end_revision() {
  if (sub_ != 0)
    ++out_.revision;
}

// -- what is there ------------------------------------------------------------

expected<std::optional<key_meta>> staging::current(const std::string& key) {
  if (auto i = keys_.find(key); i != keys_.end())
    return i->second.meta;
  return from_.current(key);
}

expected<KeyValue> staging::contents(const std::string& key,
                                     const key_meta& meta) {
  if (auto i = keys_.find(key); i != keys_.end()) {
    KeyValue kv;
    kv.set_key(key);
    kv.set_value(i->second.value);
    kv.set_create_revision(meta.create_revision);
    kv.set_mod_revision(meta.at.revision);
    kv.set_version(meta.version);
    kv.set_lease(meta.lease);
    return kv;
  }
  auto stored = from_.at(meta.at);
  if (!stored)
    return std::move(stored.error());
  if (!*stored)
    return make_damage("the value of a key is missing from its history");
  return std::move(**stored);
}

/// Answers that there is no space left, if so.
bool staging::refuse_growth() {
  if (!no_space(out_.alarms))
    return false;
  out_.answers.emplace_back(make_no_space(out_.alarms));
  return true;
}

// -- leases -------------------------------------------------------------------

expected<std::optional<lease_record>> staging::lease(uint64_t id) {
  if (auto i = leases_.find(id); i != leases_.end())
    return i->second;
  return from_.lease(id);
}

void staging::attach(uint64_t lease, const std::string& key, bool attached) {
  if (attached)
    batch_.Put(attached_key(lease, key), "");
  else
    batch_.Delete(attached_key(lease, key));
  attached_[{lease, key}] = attached;
}

void staging::answer_lease(const lease_record& lease) {
  LeaseResponse response;
  response.set_id(lease.id);
  response.set_ttl_seconds(lease.ttl_seconds);
  response.set_remaining_seconds(lease.remaining_seconds);
  response.set_revision(out_.revision);
  out_.answers.emplace_back(std::move(response));
}

caf::error staging::run(const LeaseGrantRequest& request) {
  if (refuse_growth())
    return caf::none;
  auto id = request.id();
  // Chosen from what all members share, far from what clients tend to choose.
  auto proposal =
      (uint64_t{1} << 62) + (out_.index << 16) + (out_.answers.size() & 0xffff);
  for (;; ++proposal) {
    auto known = lease(id != 0 ? id : proposal);
    if (!known)
      return std::move(known.error());
    if (!*known)
      break;
    if (id != 0) {
      out_.answers.emplace_back(make_error(
          ec::already_exists, "lease " + std::to_string(id) + " exists"));
      return caf::none;
    }
  }
  lease_record made{id != 0 ? id : proposal, request.ttl_seconds(),
                    request.ttl_seconds()};
  batch_.Put(lease_key(made.id), encode(made));
  leases_[made.id] = made;
  out_.leases.push_back({made, false});
  answer_lease(made);
  return caf::none;
}

bool staging::refuse_stale(uint64_t term) {
  if (term == 0 || term == term_)
    return false;
  out_.answers.emplace_back(
      make_error(ec::service_unavailable, "the store's leader is another now"));
  return true;
}

caf::error staging::run(const LeaseRevokeRequest& request) {
  if (refuse_stale(request.term()))
    return caf::none;
  auto known = lease(request.id());
  if (!known)
    return std::move(known.error());
  if (!*known) {
    out_.answers.emplace_back(
        make_error(ec::not_found, "lease " + std::to_string(request.id())
                                      + " does not exist"));
    return caf::none;
  }
  auto stored = from_.keys_of(request.id());
  if (!stored)
    return std::move(stored.error());
  for (const auto& key : *stored)
    attached_.emplace(std::pair{request.id(), key}, true);
  std::vector<std::string> keys;
  for (auto i = attached_.lower_bound({request.id(), ""});
       i != attached_.end() && i->first.first == request.id(); ++i)
    if (i->second)
      keys.push_back(i->first.second);
  begin_revision();
  for (const auto& key : keys) {
    auto meta = current(key);
    if (!meta)
      return std::move(meta.error());
    if (*meta)
      erase_key(key, **meta);
  }
  end_revision();
  batch_.Delete(lease_key(request.id()));
  leases_[request.id()] = std::nullopt;
  out_.leases.push_back({**known, true});
  answer_lease(**known);
  return caf::none;
}

caf::error staging::run(const LeaseCheckpoint& request) {
  if (refuse_stale(request.term()))
    return caf::none;
  auto known = lease(request.id());
  if (!known)
    return std::move(known.error());
  auto updated = known->value_or(lease_record{request.id(), 0, 0});
  if (*known) {
    updated.remaining_seconds =
        std::min(request.remaining_seconds(), updated.ttl_seconds);
    batch_.Put(lease_key(updated.id), encode(updated));
    leases_[updated.id] = updated;
  }
  answer_lease(updated);
  return caf::none;
}

// -- compaction ---------------------------------------------------------------

caf::error staging::run(const CompactRequest& request) {
  if (request.revision() > out_.revision) {
    out_.answers.emplace_back(make_error(
        ec::bad_request, "revision: " + std::to_string(request.revision())
                             + " is in the future, the present one is "
                             + std::to_string(out_.revision)));
    return caf::none;
  }
  if (request.revision() <= out_.compacted) {
    out_.answers.emplace_back(
        make_compacted(request.revision(), out_.compacted));
    return caf::none;
  }
  out_.compacted = request.revision();
  CompactResponse response;
  response.set_revision(out_.compacted);
  out_.answers.emplace_back(std::move(response));
  return caf::none;
}

// -- alarms -------------------------------------------------------------------

caf::error staging::run(const AlarmChange& request) {
  auto which = from_message(request.alarm());
  if (request.on())
    out_.alarms.insert(which);
  else
    out_.alarms.erase(which);
  out_.answers.emplace_back(to_message(out_.alarms));
  return caf::none;
}

} // namespace troupe::store

#include "runtime/store/commands.hpp"

#include "runtime/store/key_range.hpp"
#include "runtime/store/layout.hpp"

#include <algorithm>
#include <utility>

namespace troupe::store {

namespace {

using namespace store_api;

constexpr char origin_kind = 0x7f;
constexpr size_t origin_bytes = 17;

// A command in a payload is its place in `command`, its length, its bytes.
template <class Message>
void append_as(std::string& payload, size_t kind, const Message& message) {
  payload.push_back(static_cast<char>(kind));
  append_varint(payload, message.ByteSizeLong());
  message.AppendToString(&payload);
}

template <size_t Kind>
bool read_as(size_t kind, std::string_view bytes, command& result) {
  if constexpr (Kind < std::variant_size_v<command>) {
    if (kind != Kind)
      return read_as<Kind + 1>(kind, bytes, result);
    return result.emplace<Kind>().ParseFromArray(
        bytes.data(), static_cast<int>(bytes.size()));
  }
  return false;
}

caf::error bad(std::string field, std::string reason) {
  return make_error(ec::bad_request,
                    std::move(field) + ": " + std::move(reason));
}

caf::error check_key(const std::string& field, const std::string& key) {
  if (key.empty())
    return bad(field, "must not be empty");
  return caf::none;
}

/// The keys that one branch changes: each once.
class changed_keys {
public:
  caf::error add(const std::string& field, const Put& put) {
    if (auto err = check_key(field + ".key", put.key()))
      return err;
    if (put.keep_lease() && put.lease() != 0)
      return bad(field + ".lease", "excludes keep_lease");
    puts_.emplace_back(put.key());
    return caf::none;
  }

  caf::error add(const std::string& field, const DeleteRange& del) {
    if (auto err = check_key(field + ".key", del.key()))
      return err;
    deletions_.emplace_back(del.key(), del.range_end());
    return caf::none;
  }

  caf::error finish(const std::string& field) {
    std::sort(puts_.begin(), puts_.end());
    auto twice = std::adjacent_find(puts_.begin(), puts_.end());
    if (twice != puts_.end())
      return bad(field, "changes the key " + std::string{*twice} + " twice");
    for (const auto& range : deletions_) {
      auto hit = std::lower_bound(puts_.begin(), puts_.end(), range.begin());
      if (hit != puts_.end() && !range.past(*hit))
        return bad(field, "puts and deletes the key " + std::string{*hit});
    }
    return caf::none;
  }

private:
  std::vector<std::string_view> puts_;
  std::vector<key_range> deletions_;
};

caf::error
check_branch(const std::string& name,
             const google::protobuf::RepeatedPtrField<Operation>& operations) {
  changed_keys changed;
  for (int i = 0; i < operations.size(); ++i) {
    const auto& operation = operations[i];
    auto field = name + "[" + std::to_string(i) + "]";
    caf::error err;
    switch (operation.kind_case()) {
      case Operation::kRange:
        err = check(operation.range());
        if (!err && operation.range().revision() != 0)
          err = bad(field + ".range.revision",
                    "must be 0: a transaction reads the present");
        break;
      case Operation::kPut:
        err = changed.add(field + ".put", operation.put());
        break;
      case Operation::kDeleteRange:
        err = changed.add(field + ".delete_range", operation.delete_range());
        break;
      default:
        err = bad(field, "has no operation");
    }
    if (err)
      return err;
  }
  return changed.finish(name);
}

} // namespace

caf::error check(const RangeRequest& request) {
  return check_key("range.key", request.key());
}

caf::error check(const LeaseGrantRequest& request) {
  if (request.ttl_seconds() == 0)
    return bad("ttl_seconds", "must be at least 1");
  // etcd's greatest: beyond it arithmetic on times overflows.
  if (request.ttl_seconds() > 9'000'000'000)
    return bad("ttl_seconds", "must be at most 9000000000");
  return caf::none;
}

caf::error check(const TxnRequest& request) {
  if (request.ByteSizeLong() > max_request_bytes)
    return make_error(ec::too_large,
                      "the request has "
                          + std::to_string(request.ByteSizeLong())
                          + " bytes, at most "
                          + std::to_string(max_request_bytes) + " are allowed");
  if (request.then_size() + request.otherwise_size() > max_operations)
    return make_error(ec::too_large, "more than "
                                         + std::to_string(max_operations)
                                         + " operations");
  for (int i = 0; i < request.compares_size(); ++i) {
    const auto& compare = request.compares(i);
    auto field = "compares[" + std::to_string(i) + "]";
    if (auto err = check_key(field + ".key", compare.key()))
      return err;
    if (!Compare::Target_IsValid(compare.target()))
      return bad(field + ".target", "is unknown");
    if (!Compare::Result_IsValid(compare.result()))
      return bad(field + ".result", "is unknown");
  }
  if (auto err = check_branch("then", request.then()))
    return err;
  return check_branch("otherwise", request.otherwise());
}

bool grows(const TxnRequest& request) {
  auto puts = [](const Operation& x) { return x.has_put(); };
  return std::any_of(request.then().begin(), request.then().end(), puts)
         || std::any_of(request.otherwise().begin(), request.otherwise().end(),
                        puts);
}

void append(std::string& payload, const TxnRequest& request) {
  append_as(payload, 0, request);
}

void append(std::string& payload, const LeaseGrantRequest& request) {
  append_as(payload, 1, request);
}

void append(std::string& payload, const LeaseRevokeRequest& request) {
  append_as(payload, 2, request);
}

void append(std::string& payload, const LeaseCheckpoint& request) {
  append_as(payload, 3, request);
}

void append(std::string& payload, const CompactRequest& request) {
  append_as(payload, 4, request);
}

void append(std::string& payload, const AlarmChange& request) {
  append_as(payload, 5, request);
}

// The origin is no command: its kind has room to spare before those.
void set_origin(std::string& payload, const entry_origin& from) {
  std::string head(1, origin_kind);
  append_fixed64(head, from.life);
  append_fixed64(head, from.number);
  payload.replace(0, std::min(payload.size(), head.size()), head);
}

std::optional<entry_origin> origin_of(std::string_view payload) {
  entry_origin result;
  if (payload.empty() || payload.front() != origin_kind)
    return std::nullopt;
  payload.remove_prefix(1);
  if (!take_fixed64(payload, result.life)
      || !take_fixed64(payload, result.number))
    return std::nullopt;
  return result;
}

expected<std::vector<command>> read_payload(std::string_view payload) {
  auto unreadable = [] {
    return make_error(ec::internal_error,
                      "a log entry holds no commands of this program");
  };
  if (origin_of(payload))
    payload.remove_prefix(origin_bytes);
  std::vector<command> result;
  while (!payload.empty()) {
    auto kind = static_cast<unsigned char>(payload.front());
    payload.remove_prefix(1);
    uint64_t size = 0;
    if (!take_varint(payload, size) || payload.size() < size)
      return unreadable();
    if (!read_as<0>(kind, payload.substr(0, size), result.emplace_back()))
      return unreadable();
    payload.remove_prefix(size);
  }
  return result;
}

} // namespace troupe::store

#include "runtime/etcd/wire.hpp"

#include "runtime/etcd/etcd.pb.h"

namespace troupe::etcd {

namespace {

template <class Message>
bool parse(Message& into, std::string_view bytes) {
  return into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

caf::error unreadable() {
  return make_error(ec::internal_error, "etcd's answer is unreadable");
}

store_api::KeyValue to_ours(const KeyValue& from) {
  store_api::KeyValue result;
  result.set_key(from.key());
  result.set_value(from.value());
  result.set_create_revision(from.create_revision());
  result.set_mod_revision(from.mod_revision());
  result.set_version(from.version());
  result.set_lease(from.lease());
  return result;
}

Range to_etcd(const store_api::RangeRequest& from) {
  Range result;
  result.set_key(from.key());
  result.set_range_end(from.range_end());
  result.set_limit(from.limit());
  result.set_revision(from.revision());
  result.set_keys_only(from.keys_only());
  result.set_count_only(from.count_only());
  return result;
}

Compare to_etcd(const store_api::Compare& from) {
  Compare result;
  result.set_key(from.key());
  switch (from.result()) {
    case store_api::Compare::EQUAL:
      result.set_result(Compare::EQUAL);
      break;
    case store_api::Compare::NOT_EQUAL:
      result.set_result(Compare::NOT_EQUAL);
      break;
    case store_api::Compare::GREATER:
      result.set_result(Compare::GREATER);
      break;
    default:
      result.set_result(Compare::LESS);
  }
  result.set_target(static_cast<Compare::Target>(from.target()));
  switch (from.target()) {
    case store_api::Compare::VERSION:
      result.set_version(from.number());
      break;
    case store_api::Compare::CREATE_REVISION:
      result.set_create_revision(from.number());
      break;
    case store_api::Compare::MOD_REVISION:
      result.set_mod_revision(from.number());
      break;
    case store_api::Compare::VALUE:
      result.set_value(from.value());
      break;
    default:
      result.set_lease(from.number());
  }
  return result;
}

Operation to_etcd(const store_api::Operation& from) {
  Operation result;
  if (from.has_put()) {
    auto& put = *result.mutable_put();
    put.set_key(from.put().key());
    put.set_value(from.put().value());
    put.set_lease(from.put().lease());
    put.set_want_previous(from.put().want_previous());
    put.set_keep_lease(from.put().keep_lease());
  } else if (from.has_delete_range()) {
    auto& gone = *result.mutable_delete_range();
    gone.set_key(from.delete_range().key());
    gone.set_range_end(from.delete_range().range_end());
    gone.set_want_previous(from.delete_range().want_previous());
  } else if (from.has_range()) {
    *result.mutable_range() = to_etcd(from.range());
  }
  return result;
}

store_api::OperationResult to_ours(const OperationResult& from) {
  store_api::OperationResult result;
  if (from.has_put()) {
    result.set_changed(1);
    if (from.put().has_previous())
      *result.add_previous() = to_ours(from.put().previous());
  } else if (from.has_delete_range()) {
    result.set_changed(from.delete_range().deleted());
    for (auto& kv : from.delete_range().previous())
      *result.add_previous() = to_ours(kv);
  } else if (from.has_range()) {
    auto& range = *result.mutable_range();
    range.set_revision(from.range().header().revision());
    range.set_more(from.range().more());
    for (auto& kv : from.range().kvs())
      *range.add_kvs() = to_ours(kv);
    range.set_count(from.range().count());
  }
  return result;
}

caf::error no_lease() {
  return make_error(ec::not_found, "etcd: the lease does not exist");
}

template <class Wire, class Request>
std::string id_of(const Request& request) {
  Wire result;
  result.set_id(request.id());
  return result.SerializeAsString();
}

} // namespace

std::string encode(const store_api::RangeRequest& request) {
  return to_etcd(request).SerializeAsString();
}

std::string encode(const store_api::TxnRequest& request) {
  Txn result;
  for (auto& compare : request.compares())
    *result.add_compares() = to_etcd(compare);
  for (auto& operation : request.then())
    *result.add_then() = to_etcd(operation);
  for (auto& operation : request.otherwise())
    *result.add_otherwise() = to_etcd(operation);
  return result.SerializeAsString();
}

std::string encode(const store_api::CompactRequest& request) {
  Compact result;
  result.set_revision(request.revision());
  return result.SerializeAsString();
}

std::string encode(const store_api::LeaseGrantRequest& request) {
  LeaseGrant result;
  result.set_id(request.id());
  result.set_ttl(request.ttl_seconds());
  return result.SerializeAsString();
}

std::string encode(const store_api::LeaseRevokeRequest& request) {
  return id_of<LeaseRevoke>(request);
}

std::string encode(const store_api::LeaseKeepAliveRequest& request) {
  return id_of<LeaseKeepAlive>(request);
}

std::string encode(const store_api::LeaseTimeToLiveRequest& request) {
  LeaseTimeToLive result;
  result.set_id(request.id());
  result.set_want_keys(request.want_keys());
  return result.SerializeAsString();
}

expected<store_api::RangeResponse>
decode_range(std::string_view answer, const store_api::RangeRequest& request) {
  RangeResult from;
  if (!parse(from, answer))
    return unreadable();
  store_api::RangeResponse result;
  result.set_revision(request.revision() != 0 ? request.revision()
                                              : from.header().revision());
  result.set_more(from.more());
  result.mutable_kvs()->Reserve(from.kvs_size());
  for (auto& kv : from.kvs())
    *result.add_kvs() = to_ours(kv);
  if (request.count_only() || request.with_count())
    result.set_count(from.count());
  return result;
}

expected<store_api::TxnResponse> decode_txn(std::string_view answer) {
  TxnResult from;
  if (!parse(from, answer))
    return unreadable();
  store_api::TxnResponse result;
  result.set_revision(from.header().revision());
  result.set_succeeded(from.succeeded());
  for (auto& one : from.results())
    *result.add_results() = to_ours(one);
  return result;
}

expected<store_api::CompactResponse>
decode_compact(std::string_view answer, const store_api::CompactRequest& what) {
  CompactResult from;
  if (!parse(from, answer))
    return unreadable();
  store_api::CompactResponse result;
  result.set_revision(what.revision());
  return result;
}

expected<store_api::LeaseResponse> decode_lease(std::string_view answer) {
  LeaseResult from;
  if (!parse(from, answer))
    return unreadable();
  store_api::LeaseResponse result;
  result.set_id(from.id());
  result.set_ttl_seconds(static_cast<uint64_t>(from.ttl()));
  result.set_remaining_seconds(static_cast<uint64_t>(from.ttl()));
  result.set_revision(from.header().revision());
  return result;
}

expected<store_api::LeaseResponse> decode_renewal(std::string_view answer) {
  auto result = decode_lease(answer);
  // etcd answers with no time left, and no error.
  if (result && result->ttl_seconds() == 0)
    return no_lease();
  return result;
}

expected<store_api::LeaseResponse>
decode_time_to_live(std::string_view answer) {
  LeaseTimeToLiveResult from;
  if (!parse(from, answer))
    return unreadable();
  if (from.ttl() < 0)
    return no_lease();
  store_api::LeaseResponse result;
  result.set_id(from.id());
  result.set_ttl_seconds(static_cast<uint64_t>(from.granted()));
  result.set_remaining_seconds(static_cast<uint64_t>(from.ttl()));
  for (auto& key : from.keys())
    result.add_keys(key);
  result.set_revision(from.header().revision());
  return result;
}

expected<store_api::StatusResponse> decode_status(std::string_view answer) {
  StatusResult from;
  if (!parse(from, answer))
    return unreadable();
  store_api::StatusResponse result;
  result.set_revision(from.header().revision());
  result.set_member(from.header().member());
  result.set_leader(from.leader());
  result.set_term(from.term());
  result.set_last_index(from.index());
  result.set_commit_index(from.index());
  result.set_applied_index(from.applied());
  result.set_state_bytes(from.bytes());
  for (auto& error : from.errors())
    result.add_errors("etcd: " + error);
  return result;
}

caf::error decode_members(std::string_view answer,
                          store_api::StatusResponse& status) {
  MemberListResult from;
  if (!parse(from, answer))
    return unreadable();
  for (auto& x : from.members()) {
    auto& member = *status.add_members();
    member.set_id(x.id());
    member.set_voter(!x.learner());
    member.set_address(x.client_urls_size() > 0 ? x.client_urls(0) : x.name());
  }
  return caf::none;
}

std::string encode_probe() {
  Range result;
  result.set_key(std::string(1, '\0'));
  result.set_range_end(std::string(1, '\0'));
  result.set_limit(1);
  result.set_keys_only(true);
  return result.SerializeAsString();
}

expected<uint64_t> decode_revision(std::string_view answer) {
  RangeResult from;
  if (!parse(from, answer))
    return unreadable();
  return from.header().revision();
}

std::string encode_watch(uint64_t id, uint64_t from_revision) {
  WatchRequest result;
  auto& create = *result.mutable_create();
  create.set_key(std::string(1, '\0'));
  create.set_range_end(std::string(1, '\0'));
  create.set_start_revision(from_revision);
  create.set_want_previous(true);
  create.set_id(id);
  return result.SerializeAsString();
}

std::string encode_watch_cancel(uint64_t id) {
  WatchRequest result;
  result.mutable_cancel()->set_id(id);
  return result.SerializeAsString();
}

expected<watch_page> decode_watch(std::string_view message) {
  WatchResponse from;
  if (!parse(from, message))
    return unreadable();
  watch_page result;
  result.id = from.id();
  result.ended = from.canceled();
  result.compacted = from.compacted();
  result.reason = from.reason();
  for (auto& x : from.events()) {
    auto& event = result.events.emplace_back();
    event.set_type(x.type() == Event::DELETE ? store_api::Event::DELETE
                                             : store_api::Event::PUT);
    *event.mutable_kv() = to_ours(x.kv());
    if (x.has_previous())
      *event.mutable_previous() = to_ours(x.previous());
  }
  return result;
}

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// etcd says with one code what we say with several.
ec invalid_as(const std::string& message) {
  if (has(message, "too large") || has(message, "too many operations"))
    return ec::too_large;
  if (has(message, "key not found"))
    return ec::not_found;
  if (has(message, "user name is empty") || has(message, "authentication"))
    return ec::unauthorized;
  return ec::bad_request;
}

ec code_of(const rpc::status& how) {
  switch (how.code) {
    case rpc::code::invalid_argument:
      return invalid_as(how.message);
    case rpc::code::out_of_range:
      return has(how.message, "compacted") ? ec::expired : ec::bad_request;
    case rpc::code::not_found:
      return ec::not_found;
    case rpc::code::already_exists:
      return ec::already_exists;
    case rpc::code::failed_precondition:
      return has(how.message, "already exists") ? ec::already_exists
                                                : ec::conflict;
    case rpc::code::permission_denied:
      return ec::forbidden;
    case rpc::code::unauthenticated:
      return ec::unauthorized;
    case rpc::code::resource_exhausted:
      return has(how.message, "larger than max") ? ec::too_large
                                                 : ec::too_many_requests;
    case rpc::code::deadline_exceeded:
    case rpc::code::cancelled:
      return ec::timeout;
    case rpc::code::unavailable:
      return ec::service_unavailable;
    default:
      return ec::internal_error;
  }
}

} // namespace

caf::error to_error(const rpc::status& how, bool change) {
  constexpr std::string_view prefix = "etcdserver: ";
  auto at = how.message.find(prefix);
  auto text =
      "etcd: "
      + (at == std::string::npos ? how.message
                                 : how.message.substr(at + prefix.size()));
  // What was waited for may have been sent at the last moment.
  auto sent = how.sent || how.code == rpc::code::deadline_exceeded;
  if (!change || !sent || !is_elsewhere(how))
    return make_error(code_of(how), std::move(text));
  return make_error(ec::timeout,
                    text + ": it is not known whether the change was made");
}

bool is_elsewhere(const rpc::status& how) {
  return how.code == rpc::code::unavailable
         || how.code == rpc::code::deadline_exceeded
         || how.code == rpc::code::cancelled;
}

} // namespace troupe::etcd

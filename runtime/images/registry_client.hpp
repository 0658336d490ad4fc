#pragma once

#include "messages/errors.hpp"
#include "runtime/images/challenge.hpp"
#include "runtime/images/http_call.hpp"
#include "runtime/images/keyring.hpp"
#include "runtime/images/manifest.hpp"
#include "runtime/images/registry_hosts.hpp"
#include "runtime/images/store_work.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::images {

/// How patient a client is, and who may stop it.
struct client_options {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(15);
  /// How long a server may be silent.
  std::chrono::seconds silence = std::chrono::seconds(30);
  /// How often a blob is gone on with where it broke off without any progress.
  int attempts = 3;
  document_limits documents{};
  std::function<bool()> cancelled{};
};

/// A manifest or an index as a registry gave it.
struct fetched_document {
  std::string digest;
  std::string media_type;
  std::string bytes;
};

/// Reads one repository of one server (OCI distribution specification, "Pull").
/// Methods block; safe in several threads.
///
/// Errors: ec::not_found; ec::unauthorized and ec::forbidden when the registry
/// wants somebody else; ec::too_many_requests; ec::invalid when what it gives
/// is not what it should be; ec::timeout when cancelled;
/// ec::service_unavailable for all else.
class registry_client {
public:
  registry_client(registry_host host, std::string repository, credentials who,
                  client_options options)
      : host_(std::move(host)),
        repository_(std::move(repository)),
        who_(std::move(who)),
        options_(std::move(options)) {}

  const registry_host& host() const { return host_; }

  /// Gets a manifest or an index by tag or digest; what has a digest is checked
  /// against it.
  expected<fetched_document> document(const std::string& target);

  /// Gets a small blob, checked.
  expected<std::string> small_blob(const descriptor& what);

  /// Gets a blob into a store, from where it broke off; `progress` is told of
  /// the bytes that are there.
  caf::error blob(const descriptor& what, blob_writer& to,
                  const std::function<void(uint64_t)>& progress);

private:
  using header_map = std::map<std::string, std::string>;

  http_call request(const std::string& url, header_map headers);

  /// Calls, and once more as somebody when the registry wants to know who. The
  /// sink is given bodies of 200 and 206 only; the error names `what` for all
  /// other statuses.
  expected<http_head> get(const std::string& path, const std::string& what,
                          header_map headers, const body_sink& take);
  caf::error authorize(const http_head& refusal);
  expected<std::string> fetch_token(const challenge& bearer);
  expected<std::string> get_bytes(const std::string& path,
                                  const std::string& what, header_map headers,
                                  http_head& head);
  caf::error get_rest(const descriptor& what, blob_writer& to,
                      const std::function<void(uint64_t)>& progress);

  registry_host host_;
  std::string repository_;
  credentials who_;
  client_options options_;
  std::mutex mutex_;
  std::string authorization_; ///< guarded by mutex_
  bool basic_ = false;        ///< guarded by mutex_
};

} // namespace troupe::images

#pragma once

#include "messages/errors.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::rpc {
struct endpoint;
} // namespace troupe::rpc

namespace troupe::etcd {

/// Where an etcd is, and how to come in.
struct place {
  std::vector<std::pair<std::string, std::string>> servers; ///< host, port
  std::string authority_file;   ///< trusted to name etcd's servers
  std::string certificate_file; ///< who we are; the key goes with it
  std::string key_file;

  bool secure() const {
    return !authority_file.empty() || !certificate_file.empty();
  }
};

/// Reads `etcd://HOST:PORT[,HOST:PORT...]`; an IPv6 address stands in square
/// brackets. ec::bad_request says what is wrong.
expected<place> parse_place(std::string_view url);

/// Makes the endpoint of one server; reads the files, which may have been
/// renewed. ec::service_unavailable says which one cannot be read.
expected<rpc::endpoint> endpoint_of(const place& where, size_t server);

/// "HOST:PORT", as errors name it.
std::string name_of(const place& where, size_t server);

} // namespace troupe::etcd

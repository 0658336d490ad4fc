#pragma once

#include "messages/errors.hpp"
#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/json_web_token.hpp"
#include "runtime/rules/known_tokens.hpp"
#include "runtime/system/member_address.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::join {
class ClusterFacts;
class ServerFacts;
} // namespace troupe::join

namespace troupe {

/// The cluster's authority in a process that holds its key: it can take others
/// in. The functions are called by actors and do not block for long.
struct signing_authority {
  crypto::credential authority;

  /// What those who join are told of the cluster, as it is now.
  std::function<join::ClusterFacts()> facts;

  /// What a server of that name, or of any that is free where it is empty, is
  /// given beyond that, which makes it one of the cluster's, with these members
  /// of the store; an error says why it cannot be. Null where the cluster takes
  /// no servers from outside.
  std::function<expected<join::ServerFacts>(
      const std::string& name, const std::vector<member_address>& members)>
      admit;

  /// Tells the ways in of this process which serials are not good any longer:
  /// all of them, each time. Null where there are none.
  std::function<void(const std::set<std::string>& serials)> revoke;

  /// What signs tokens of service accounts; null where nobody does.
  std::shared_ptr<const crypto::token_keys> tokens;

  /// Tokens out of a file that was named at the start; null for none.
  std::shared_ptr<const rules::known_tokens> known;
};

} // namespace troupe

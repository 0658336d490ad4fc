#pragma once

#include "runtime/crypto/certificate.hpp"
#include "runtime/system/member_address.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe {

class secure_network;

/// How this process reaches the servers in others, and shows them that it is
/// one of the cluster's own.
struct server_links {
  secure_network* network; ///< never null; not owned

  /// Returns the credential to show for that user, as it is now: it may have
  /// been renewed. From any thread.
  std::function<expected<crypto::credential>(const std::string& user)> own;

  /// Keeps where the servers are for the next start; null where nobody does.
  std::function<void(const std::vector<std::string>& places)> keep{};

  /// Keeps who takes part in the store; null where nobody does.
  std::function<void(const std::vector<member_address>&)> keep_members{};

  /// Ends this process, whose store is no member any more; null where it goes
  /// on without.
  std::function<void(const std::string& why)> leave{};

  /// Issues the credential of this process anew once the last third of its life
  /// has begun. Returns when that is for the one that is there afterwards. Null
  /// where this process does not hold the authority's key.
  std::function<expected<time_point>(time_point now)> renew{};
};

} // namespace troupe

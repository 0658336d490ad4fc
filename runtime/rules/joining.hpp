#pragma once

#include "messages/errors.hpp"
#include "runtime/crypto/certificate.hpp"
#include "runtime/rules/bootstrap_token.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Who may get in under which name.
namespace troupe::rules {

/// Returns who somebody becomes who joins: system:node:NAME in system:nodes, a
/// component's own user, or the user of servers. Fails with ec::invalid and the
/// reason for a name that is none; a server's may be empty.
expected<crypto::identity> joining_identity(join_role role,
                                            const std::string& name);

/// The user of a node.
std::string node_user(std::string_view name);

/// What is known of a name that a node wants.
struct name_state {
  bool node_exists = false;
  bool returns = false;             ///< it has proved that it had it before
  std::optional<time_point> issued; ///< when a certificate was, last
};

/// For so long nobody else gets the name of a node that has not registered.
constexpr std::chrono::minutes name_reservation{2};

/// Why a node cannot have a name; "" when it can.
std::string name_problem(const std::string& name, const name_state& state,
                         time_point now);

/// Counts wrong tokens by where they come from, and says whom not to hear for
/// a while. Of those that came longest ago it forgets.
class wrong_tokens {
public:
  static constexpr uint32_t most = 10;
  static constexpr std::chrono::minutes period{1};
  static constexpr size_t most_places = 1'000;

  /// Returns until when nobody there is heard; nothing when it is.
  std::optional<time_point> blocked(const std::string& place, time_point now);

  void note(const std::string& place, time_point now);

  size_t places() const { return seen_.size(); }

private:
  struct entry {
    uint32_t count = 0;
    time_point since{};
  };

  std::map<std::string, entry> seen_;
};

} // namespace troupe::rules

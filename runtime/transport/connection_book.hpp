#pragma once

#include "runtime/transport/loop_door.hpp"
#include "runtime/transport/loop_timer.hpp"
#include "runtime/transport/peer.hpp"
#include "runtime/transport/tls_files.hpp"
#include "runtime/transport/transport_limits.hpp"

#include <caf/intrusive_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

class stranger;
class tls_scribe;

/// Who wants to join: what it says, from where, and how it is answered; the
/// answer is taken from any thread, once.
using join_handler =
    std::function<void(std::string request, std::string peer_address,
                       std::function<void(std::string answer)> reply)>;

/// All connections of a process, and what each of them may cost. Its methods
/// run in the thread of CAF's loop, where nothing else is said.
class connection_book : public std::enable_shared_from_this<connection_book> {
public:
  using loop = caf::io::network::default_multiplexer;
  using clock = std::chrono::steady_clock;

  connection_book(loop& where, secure_files files,
                  const transport_limits& limits);
  ~connection_book();

  const transport_limits& limits() const { return limits_; }
  const std::shared_ptr<tls_files>& files() const { return files_; }
  const std::shared_ptr<loop_door>& door() const { return door_; }
  loop& where() const { return loop_; }

  // From any thread.
  transport_counts counts() const;
  int64_t next_id() { return ++last_id_; }
  bool is_revoked(const std::string& serial) const;
  void revoke(std::set<std::string> serials);
  void hear_joins(join_handler handler);
  void open();
  /// Ends all strangers; from now on nobody is let in.
  void close();

  bool closed() const { return closed_; }

  // Those that have not proved themselves.
  void admit(caf::intrusive_ptr<stranger> who);
  void forget(const stranger& who);
  /// Ends the one that has been there longest. Returns whether there was one.
  bool give_way(const std::string& why);

  // Those that have. An error says why one may not be.
  caf::error enter(tls_scribe& who);
  void leave(const tls_scribe& who);
  /// Whether `who` may go by this identity of a process: as long as one does,
  /// nobody else may, but for servers. Nobody takes what is another's.
  caf::error claim(tls_scribe& who, const std::string& node);
  /// Breaks off with the connection of this number, as its process uses
  /// another. Fails where both sides dialled at once and that one is to stay.
  caf::error replace(int64_t id, const std::string& node,
                     const std::string& own_node);

  /// Counts one that is sent away and says why, not too often.
  void refuse(const std::string& who, const std::string& why);

  /// Whoever wants to join may be heard now, or there are too many.
  const join_handler* hear_join();

  /// Runs `what` a little later.
  void later(std::function<void()> what);

private:
  struct owner {
    std::string user;
    peer_role role;
    std::set<int64_t> connections;
  };

  void tick();
  void close_late(clock::time_point now);
  caf::error may_enter(const peer& who) const;

  loop& loop_;
  std::shared_ptr<tls_files> files_;
  transport_limits limits_;
  std::shared_ptr<loop_door> door_;
  std::shared_ptr<loop_timer> timer_;
  std::atomic<int64_t> last_id_{int64_t{1} << 40}; ///< beyond descriptors
  std::atomic<uint64_t> connections_{0};
  std::atomic<uint64_t> strangers_count_{0};
  std::atomic<uint64_t> refused_{0};
  /// Replaced as a whole.
  std::shared_ptr<const std::set<std::string>> revoked_;
  bool closed_ = false;
  std::list<caf::intrusive_ptr<stranger>> strangers_; ///< oldest first
  std::map<std::string, size_t> of_address_;          ///< of strangers
  std::map<int64_t, tls_scribe*> entered_;
  std::map<std::string, size_t> of_user_; ///< connections
  std::map<std::string, owner> nodes_;    ///< by identity of a process
  std::vector<std::function<void()>> later_;
  join_handler on_join_;
  std::deque<clock::time_point> joins_; ///< of the last second
  clock::time_point last_said_{};
  uint64_t unsaid_ = 0;
};

} // namespace troupe

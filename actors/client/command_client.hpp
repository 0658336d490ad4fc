#pragma once

#include "actors/client/api_session.hpp"
#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/kubeconfig.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::call {
class OpenStream;
class StoreAnswer;
class StoreQuestion;
} // namespace troupe::call

namespace troupe::container {
class StreamData;
class StreamEnd;
class StreamOpened;
} // namespace troupe::container

namespace troupe {

class actor_config;
class secure_network;

namespace crypto {
class memory_file;
} // namespace crypto

/// Returns whether an error says that whoever was asked is no longer there.
bool is_lost(const caf::error& err);

/// Where the input of a command comes from.
struct stream_source {
  int input = -1;    ///< file descriptor of standard input; -1 for none
  int terminal = -1; ///< a terminal whose size the command is told; -1 for none
};

/// The command line's actor: a session with a cluster that runs in another
/// process, over mutual TLS. Calls block until the answer is there; none waits
/// longer than its deadline.
class command_client {
public:
  /// Dials the actors' address of the cluster and proves who the user is.
  /// Fails with a message that says what to do.
  static expected<std::unique_ptr<command_client>>
  connect(const crypto::kubeconfig_access& access);

  ~command_client();

  /// One request. `deadline` 0 waits for ever.
  expected<answer>
  ask(call::Request msg, const object& body = {},
      std::chrono::seconds deadline = std::chrono::seconds(60));

  using on_batch = std::function<bool(const changes&)>;

  /// Follows a selection from a revision ("" for what is there first) until
  /// `batch` returns false, or nothing came for `patience` (then Timeout).
  /// Fails with Expired when the revision is too old.
  ///
  /// Goes on after the end of the session or of what stands behind it, without
  /// a gap and without telling anything twice: from the last revision, or
  /// where that is not known any more, by what is different from what was
  /// told. `present` is what the caller has already, as of `version`.
  caf::error
  watch(const selection& what, const std::string& version,
        const on_batch& batch,
        std::chrono::milliseconds patience = std::chrono::hours(24 * 365),
        const std::vector<object>& present = {});

  /// What came out of a stream; `which` counts them as they were given.
  using on_output =
      std::function<bool(size_t which, const container::StreamData&)>;

  /// Opens logs of pods, or one command, all at once, and gives their output
  /// to `output` until the last has ended, or until that returns false.
  /// Returns how each ended. One that cannot be opened ends with an error of
  /// its own.
  std::vector<expected<container::StreamEnd>>
  streams(std::vector<call::OpenStream> msgs, const on_output& output,
          const stream_source& source = {});

  expected<system::ActorList> actors();
  /// Ends an actor; above 0, `away` keeps it and all below it away for so long.
  expected<system::Killed>
  kill(const std::string& path,
       std::chrono::milliseconds away = std::chrono::milliseconds{0});
  expected<system::Explanation> explain(const std::string& kind,
                                        const std::string& key);

  /// About the store itself; for administrators.
  expected<call::StoreAnswer> ask_store(call::StoreQuestion question);

  /// Gives all that the store holds at one moment to `write`, piece by piece.
  /// Returns the revision that it is of. Ends when `write` fails.
  expected<uint64_t>
  save_store(const std::function<caf::error(const std::string&)>& write);

  const std::string& user() const { return user_; }

  /// Where the server is that is asked, HOST:PORT.
  const std::string& address() const { return addresses_[turn_]; }

private:
  command_client();

  caf::error dial();
  caf::error open_session();
  void end_owner();
  /// Gets a session again after the last one ended, if the cluster is there.
  caf::error reopen();
  template <class... Out>
  struct asking;
  /// Asks somebody, by an actor that hears when that ends; it stays behind, or
  /// goes with the answer.
  template <class... Out, class Handle, class... Ts>
  asking<Out...> start_asking(const Handle& whom, std::chrono::seconds patience,
                              bool stays, const Ts&... xs);
  using opened_stream =
      std::tuple<pb<container::StreamOpened>, stream_source_actor>;

  /// Asks for a stream that goes to `to`; fails at once when the server goes.
  expected<opened_stream> open_stream(call::OpenStream msg,
                                      const container_stream_actor& to);

  /// The same, and waits.
  template <class... Out, class Handle, class... Ts>
  expected<std::tuple<Out...>>
  ask_of(const Handle& whom, std::chrono::seconds patience, const Ts&... xs);
  /// The first words to the session about a watch.
  caf::error begin_watch(const call::Watch& msg, const watcher_actor& by);
  /// Asks the session.
  template <class... Out, class... Ts>
  expected<std::tuple<Out...>> call(std::chrono::seconds patience,
                                    const Ts&... xs);
  template <class Out, class In>
  expected<Out> ask_system(In msg);
  caf::error watch_once(const selection& what, const std::string& version,
                        const on_batch& batch,
                        std::chrono::milliseconds patience);

  std::unique_ptr<crypto::memory_file> credential_;
  std::unique_ptr<crypto::memory_file> authority_;
  std::unique_ptr<actor_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<secure_network> network_;
  std::unique_ptr<caf::scoped_actor> self_;
  std::vector<std::string> addresses_; ///< of the servers
  size_t turn_ = 0;                    ///< which of them is asked
  crypto::credential key_;
  front_door_actor door_;
  session_actor session_;
  caf::actor owner_; ///< of the session
  std::string secret_;
  std::string user_;
  uint64_t watches_ = 0;
};

} // namespace troupe

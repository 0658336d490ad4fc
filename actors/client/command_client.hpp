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

namespace troupe::call {
class OpenStream;
} // namespace troupe::call

namespace troupe::container {
class StreamData;
class StreamEnd;
} // namespace troupe::container

namespace troupe {

class actor_config;

namespace crypto {
class memory_file;
} // namespace crypto

/// The command line's actor: a session with a cluster that runs in another
/// process, over mutual TLS. Calls block until the answer is there; none waits
/// longer than its deadline, or than whoever was asked lives (then
/// ServiceUnavailable: whether it was done is not known). A session that went
/// down is opened anew by the next call.
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

  /// Follows a selection from a revision ("" for what is there first) until
  /// `batch` returns false, or nothing came for `patience` (then Timeout).
  /// Fails with Expired when the revision is too old.
  caf::error
  watch(const selection& what, const std::string& version,
        const std::function<bool(const changes&)>& batch,
        std::chrono::milliseconds patience = std::chrono::hours(24 * 365));

  /// Opens a log or a command of a pod and gives its output to `output` until
  /// the end, or until that returns false. `input` is a file descriptor to
  /// read standard input from; -1 for none.
  expected<container::StreamEnd>
  stream(call::OpenStream msg,
         const std::function<bool(const container::StreamData&)>& output,
         int input = -1);

  expected<system::ActorList> actors();
  expected<system::Killed> kill(const std::string& path);
  expected<system::Explanation> explain(const std::string& kind,
                                        const std::string& key);

  const std::string& user() const { return user_; }

private:
  command_client();

  /// Proves who the user is, unless there is a session.
  caf::error open_session();
  std::string ask_nonce(caf::error& failed);
  void prove(const std::string& nonce, caf::error& failed);

  /// Asks the session and waits for the answer or its end. 0 waits for ever.
  template <class... Out, class... Ts>
  expected<std::tuple<Out...>> call(std::chrono::seconds patience,
                                    const Ts&... xs);
  template <class Out, class In>
  expected<Out> ask_system(In msg);

  crypto::credential mine_;
  std::unique_ptr<crypto::memory_file> credential_;
  std::unique_ptr<crypto::memory_file> authority_;
  std::unique_ptr<actor_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<caf::scoped_actor> self_;
  front_door_actor door_;
  session_actor session_; ///< none when the last one went down
  std::string secret_;
  std::string user_;
  uint64_t streams_ = 0;
};

} // namespace troupe

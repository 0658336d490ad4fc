#include "cli/join_asking.hpp"

#include "runtime/crypto/signing_request.hpp"
#include "runtime/net/address.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/join_call.hpp"

#include <algorithm>
#include <random>
#include <thread>

namespace troupe::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long one server may take.
constexpr seconds answer_patience{20};

/// And all of them, as often as it takes.
constexpr milliseconds join_patience{30'000};

/// Between two rounds; doubles.
constexpr milliseconds first_pause{200};
constexpr milliseconds longest_pause{3'000};

ec code_of(join::Refusal why) {
  switch (why) {
    case join::NAME_TAKEN:
      return ec::conflict;
    case join::BAD_NAME:
    case join::MALFORMED:
      return ec::bad_request;
    case join::TOO_MANY:
      return ec::too_many_requests;
    case join::UNAVAILABLE:
      return ec::service_unavailable;
    default:
      return ec::unauthorized;
  }
}

/// One server's answer. A refusal is an error.
expected<join::JoinAnswer> ask_server(const std::string& server,
                                      const rules::join_token& token,
                                      const std::string& request,
                                      const join_transport& carry,
                                      seconds patience) {
  auto at = net::parse_endpoint(server);
  if (!at)
    return make_error(ec::bad_request, server + " is no ADDRESS:PORT");
  auto bytes = carry(
      to_string(at->address), at->port,
      [&](const std::string& chain) -> caf::error {
        auto found = crypto::check_server_chain(chain, token.authority_hash,
                                                real_world()->now());
        return found ? caf::error{} : std::move(found.error());
      },
      request, patience);
  if (!bytes)
    return bytes.error();
  join::JoinAnswer result;
  if (!result.ParseFromString(*bytes))
    return make_error(ec::not_found, "its answer cannot be read");
  if (result.refusal() != join::NONE)
    return make_error(code_of(result.refusal()), result.reason());
  return result;
}

bool may_pass(const caf::error& err) {
  return is(err, ec::service_unavailable) || is(err, ec::too_many_requests);
}

/// What a round over all servers led to.
struct round_result {
  std::optional<expected<join::JoinAnswer>> decision;
  bool may_pass = false;
  std::string problems;
};

round_result ask_each(const join_way& way, const std::string& request,
                      const join_transport& carry, seconds patience) {
  round_result result;
  for (auto& server : way.servers) {
    auto answer = ask_server(server, way.token, request, carry, patience);
    if (answer) {
      result.decision = std::move(answer);
      return result;
    }
    auto& err = answer.error();
    // Who is no server of a cluster decides nothing for those who are.
    if (!may_pass(err) && !is(err, ec::not_found)) {
      result.decision = make_error(static_cast<ec>(err.code()),
                                   server + ": " + message_of(err));
      return result;
    }
    result.may_pass = result.may_pass || may_pass(err);
    result.problems += "\n  " + server + ": " + message_of(err);
  }
  return result;
}

} // namespace

join_means means_of_joining() {
  join_means result;
  result.carry = join_call;
  result.now = std::chrono::steady_clock::now;
  result.wait = [](milliseconds pause) { std::this_thread::sleep_for(pause); };
  result.random = [chance = std::make_shared<std::random_device>()] {
    return uint64_t{(*chance)()};
  };
  return result;
}

expected<join::JoinAnswer>
ask_to_join(const join_way& way, const std::string& request,
            const join_means& means,
            const std::function<void(const std::string&)>& tell) {
  auto deadline = means.now() + join_patience;
  auto pause = first_pause;
  for (bool first = true;; first = false) {
    auto left = std::chrono::ceil<seconds>(deadline - means.now());
    auto round = ask_each(way, request, means.carry,
                          std::clamp(left, seconds{1}, answer_patience));
    if (round.decision)
      return std::move(*round.decision);
    if (!round.may_pass || means.now() + pause > deadline)
      return make_error(ec::service_unavailable,
                        "no server could be asked:" + round.problems);
    if (first)
      tell("Waiting for a server, "
           + std::to_string(
               std::chrono::duration_cast<seconds>(join_patience).count())
           + " s at most:" + round.problems);
    // Those who were turned away together do not come back together.
    auto jitter = means.random() % static_cast<uint64_t>(pause.count());
    means.wait(pause / 2 + milliseconds{jitter});
    pause = std::min(2 * pause, longest_pause);
  }
}

} // namespace troupe::cli

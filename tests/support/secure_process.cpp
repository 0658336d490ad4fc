#include "tests/support/secure_process.hpp"

#include "runtime/crypto/openssl_handles.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cctype>
#include <poll.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

} // namespace

describe_actor::behavior_type answers() {
  return {[](const pb<system::Describe>&) {
    system::Description result;
    result.add_facts("here");
    return pb<system::Description>{std::move(result)};
  }};
}

std::string serial_of(const std::string& pem) {
  auto certificate = crypto::read_certificate(pem);
  if (!certificate)
    return {};
  crypto::handle<BIGNUM, BN_free> number{
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->get()), nullptr)};
  auto* text = BN_bn2hex(number.get());
  std::string result = text;
  OPENSSL_free(text);
  std::transform(result.begin(), result.end(), result.begin(), ::tolower);
  return result;
}

secure_process::settings::settings(std::chrono::milliseconds silence)
    : actor_config(1, reach::other_processes) {
  set("middleman.heartbeat-interval", caf::timespan{silence / 5});
  set("middleman.connection-timeout", caf::timespan{silence});
}

secure_process::secure_process(const secure_files& files,
                               const transport_limits& limits,
                               std::chrono::milliseconds silence)
    : config(silence), system(config), network(system, files, limits) {
  // nop
}

void SecureProcesses::SetUp() {
  std::string name = std::filesystem::temp_directory_path() / "secure-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
  auto keys = crypto::open_cluster_keys(folder_ / "ours",
                                        {{"localhost"}, {"127.0.0.1"}},
                                        std::chrono::system_clock::now());
  ASSERT_TRUE(keys) << message_of(keys.error());
  keys_ = std::move(*keys);
  files_ = {keys_.server_file.string(), keys_.authority_file.string()};
}

void SecureProcesses::TearDown() {
  if (actor_)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  actor_ = nullptr;
  server_.reset();
  std::filesystem::remove_all(folder_);
}

void SecureProcesses::serve(const transport_limits& limits,
                            milliseconds silence) {
  server_ = std::make_unique<secure_process>(files_, limits, silence);
  actor_ = server_->system.spawn(answers);
  auto bound = server_->network.publish(actor_, "127.0.0.1", 0);
  ASSERT_TRUE(bound) << message_of(bound.error());
  port_ = *bound;
}

secure_files SecureProcesses::make_keys(const std::string& name) {
  auto keys =
      crypto::open_cluster_keys(folder_ / name, {{"localhost"}, {"127.0.0.1"}},
                                std::chrono::system_clock::now());
  EXPECT_TRUE(keys) << message_of(keys.error());
  return {keys->server_file.string(), keys->authority_file.string()};
}

secure_files SecureProcesses::issue(const std::string& user,
                                    const std::vector<std::string>& groups) {
  auto made = crypto::issue(keys_.authority, {user, groups},
                            {{"localhost"}, {"127.0.0.1"}},
                            std::chrono::system_clock::now());
  EXPECT_TRUE(made) << message_of(made.error());
  auto path = folder_ / (user + ".pem");
  EXPECT_TRUE(crypto::write_secret_file(path, made->pem()));
  return {path.string(), files_.authority};
}

expected<describe_actor> SecureProcesses::dial(secure_process& from) {
  return from.network.dial<describe_actor>("127.0.0.1", port_, 10s);
}

bool SecureProcesses::answered(secure_process& from, const describe_actor& by) {
  bool result = false;
  caf::scoped_actor self{from.system};
  self->request(by, 10s, pb<system::Describe>{system::Describe{}})
      .receive([&](const pb<system::Description>&) { result = true; },
               [](const caf::error&) {});
  return result;
}

bool SecureProcesses::serves() {
  secure_process client{issue("kubernetes-admin", {"system:masters"})};
  auto found = dial(client);
  return found && answered(client, *found);
}

bool SecureProcesses::wait_until(const std::function<bool()>& done) {
  auto end = std::chrono::steady_clock::now() + 10s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

} // namespace troupe::test

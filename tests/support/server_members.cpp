#include "tests/support/server_members.hpp"

#include "actors/store/usher.hpp"
#include "cli/server_settings.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/context.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <sstream>
#include <stdexcept>

namespace troupe::test {

namespace {

constexpr auto patience = std::chrono::seconds(1);

} // namespace

std::optional<std::string> leader_of(real_cluster& cluster) {
  if (!cluster.run("store status"))
    return std::nullopt;
  std::istringstream lines{cluster.output()};
  for (std::string line; std::getline(lines, line);)
    for (auto& server : server_names)
      if (line.find(server) != std::string::npos
          && line.find(" leader ") != std::string::npos)
        return server;
  return std::nullopt;
}

server_members::server_members(std::filesystem::path data_dir)
    : data_dir_(std::move(data_dir)) {
  auto keys =
      crypto::open_cluster_keys(data_dir_ / "pki", {}, real_world()->now());
  if (!keys)
    throw std::runtime_error(message_of(keys.error()));
  keys_ = std::move(*keys);
  config_ = std::make_unique<actor_config>(2, reach::other_processes);
  system_ = std::make_unique<caf::actor_system>(*config_);
  network_ = std::make_unique<secure_network>(
      *system_,
      secure_files{keys_.server_file.string(), keys_.authority_file.string()});
}

store_actor server_members::find(const std::string& server) {
  auto settings = cli::read_server_settings(data_dir_);
  if (!settings)
    return {};
  auto* place = settings->find(server);
  if (place == nullptr)
    return {};
  auto usher = network_->dial<usher_actor>(place->host, place->port, patience);
  if (!usher)
    return {};
  caf::scoped_actor self{*system_};
  raft_api::FindMember question;
  question.set_address(server + "/store");
  auto failed = [](const caf::error&) {};
  self->request(*usher, patience, pb<raft_api::AskNonce>{raft_api::AskNonce{}})
      .receive(
          [&](const pb<raft_api::Nonce>& x) { question.set_nonce(x->value()); },
          failed);
  auto proof = crypto::make_proof(keys_.server, question.nonce());
  if (!proof)
    return {};
  question.set_certificate(proof->certificate);
  question.set_signature(proof->signature);
  store_actor result;
  self->request(*usher, patience, pb<raft_api::FindMember>{question})
      .receive(
          [&](const caf::actor& found) {
            result = caf::actor_cast<store_actor>(found);
          },
          failed);
  return result;
}

} // namespace troupe::test

#include "cli/server_register.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/net/address.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// Where a member of another data directory is; nothing for one that does not
/// say.
std::optional<server_place> place_of(const member_address& member) {
  auto at = net::parse_endpoint(member_place(member.address));
  if (!at)
    return std::nullopt;
  server_place result;
  result.name = member_server(member.address);
  result.host = to_string(at->address);
  result.port = at->port;
  result.member = member.id;
  result.founder = false;
  result.elsewhere = true;
  return result;
}

bool is_same(const server_place& a, const server_place& b) {
  return a.member == b.member && a.address() == b.address();
}

bool has(const std::vector<member_address>& members, uint64_t id) {
  return std::any_of(members.begin(), members.end(),
                     [id](auto& each) { return each.id == id; });
}

} // namespace

bool take_members(server_settings& settings,
                  const std::vector<member_address>& members) {
  auto& places = settings.places;
  auto* own = settings.own.empty() ? places.empty() ? nullptr : &places.front()
                                   : settings.find(settings.own);
  if (own == nullptr || !has(members, own->member))
    return false;
  auto gone = std::remove_if(places.begin() + 1, places.end(), [&](auto& x) {
    return x.elsewhere && !has(members, x.member);
  });
  auto changed = gone != places.end();
  places.erase(gone, places.end());
  for (auto& member : members) {
    auto now = place_of(member);
    if (!now)
      continue;
    auto known = std::find_if(places.begin(), places.end(),
                              [&](auto& x) { return x.name == now->name; });
    if (known == places.end())
      places.push_back(*now);
    else if (known->elsewhere && !is_same(*known, *now))
      *known = *now;
    else
      continue;
    changed = true;
  }
  return changed;
}

bool is_taken(const std::string& name,
              const std::vector<member_address>& members) {
  return std::any_of(members.begin(), members.end(), [&](auto& each) {
    return member_server(each.address) == name;
  });
}

std::string free_server_name(const server_settings& settings,
                             const std::vector<member_address>& members) {
  for (size_t i = 2;; ++i) {
    auto name = "server-" + std::to_string(i);
    if (settings.find(name) == nullptr && !is_taken(name, members))
      return name;
  }
}

expected<void> keep_server_settings(const fs::path& data_dir,
                                    const server_settings& settings) {
  if (auto kept = write_server_settings(data_dir, settings); !kept)
    return kept;
  auto file = data_dir / "kubeconfig";
  auto config = crypto::read_kubeconfig(file);
  if (!config)
    return config.error();
  for (auto& cluster : config->clusters)
    cluster.actors = settings.addresses();
  return crypto::write_secret_file(file, crypto::to_yaml(*config));
}

namespace {

caf::error keep_members(const fs::path& data_dir,
                        const std::vector<member_address>& members) {
  settings_lock lock;
  if (auto err = lock.take(data_dir))
    return err;
  auto settings = read_server_settings(data_dir);
  if (!settings)
    return settings.error();
  if (!take_members(*settings, members))
    return caf::none;
  auto kept = keep_server_settings(data_dir, *settings);
  return kept ? caf::none : kept.error();
}

} // namespace

server_register::server_register(fs::path data_dir)
    : data_dir_(std::move(data_dir)), thread_([this] { work(); }) {
  // nop
}

server_register::~server_register() {
  {
    std::lock_guard guard{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void server_register::keep(std::vector<member_address> members) {
  {
    std::lock_guard guard{mutex_};
    newest_ = std::move(members);
  }
  wake_.notify_one();
}

void server_register::work() {
  std::unique_lock guard{mutex_};
  for (;;) {
    wake_.wait(guard, [this] { return ending_ || newest_; });
    if (ending_)
      return;
    auto members = std::move(*newest_);
    newest_.reset();
    guard.unlock();
    if (auto err = keep_members(data_dir_, members))
      spdlog::warn("cannot keep where the servers are reason={}",
                   message_of(err));
    guard.lock();
  }
}

} // namespace troupe::cli

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

namespace {

/// Says where the servers are, unless the file does so already.
expected<void> tell_kubeconfig(const fs::path& data_dir,
                               const server_settings& settings) {
  auto file = data_dir / "kubeconfig";
  auto config = crypto::read_kubeconfig(file);
  if (!config)
    return config.error();
  auto addresses = settings.addresses();
  auto known = true;
  for (auto& cluster : config->clusters) {
    known = known && cluster.actors == addresses;
    cluster.actors = addresses;
  }
  return known ? expected<void>{}
               : crypto::write_secret_file(file, crypto::to_yaml(*config));
}

caf::error keep_members(const fs::path& data_dir,
                        const std::vector<member_address>& members,
                        std::chrono::milliseconds patience) {
  settings_lock lock;
  if (auto err = lock.take(data_dir, patience))
    return err;
  auto settings = read_server_settings(data_dir);
  if (!settings)
    return settings.error();
  if (take_members(*settings, members))
    if (auto kept = write_server_settings(data_dir, *settings); !kept)
      return kept.error();
  auto told = tell_kubeconfig(data_dir, *settings);
  return told || is(told.error(), ec::not_found) ? caf::none : told.error();
}

} // namespace

expected<void> keep_server_settings(const fs::path& data_dir,
                                    const server_settings& settings) {
  if (auto kept = write_server_settings(data_dir, settings); !kept)
    return kept;
  return tell_kubeconfig(data_dir, settings);
}

server_register::server_register(fs::path data_dir,
                                 std::chrono::milliseconds patience)
    : data_dir_(std::move(data_dir)),
      patience_(patience),
      thread_([this] { work(); }) {
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
    auto err = keep_members(data_dir_, members, patience_);
    if (err)
      spdlog::warn("cannot keep where the servers are reason={}",
                   message_of(err));
    guard.lock();
    // Another command is at it: once more, unless there is newer.
    if (is(err, ec::conflict) && !newest_)
      newest_ = std::move(members);
  }
}

} // namespace troupe::cli

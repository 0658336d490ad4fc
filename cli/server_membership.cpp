#include "cli/server_membership.hpp"

#include "cli/cluster_shape.hpp"
#include "cli/directory_lock.hpp"
#include "cli/process_end.hpp"
#include "messages/store_desk.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using namespace store_api;
using call::StoreAnswer;
using call::StoreQuestion;

/// How long a new server may take until it has all of the state.
constexpr auto vote_patience = std::chrono::seconds(60);
constexpr auto look_again = std::chrono::milliseconds(50);

/// The settings of a data directory, for one command at a time.
class settings_change {
public:
  caf::error begin(const fs::path& data_dir) {
    data_dir_ = data_dir;
    auto read = read_server_settings(data_dir);
    if (!read)
      return is(read.error(), ec::not_found) ? make_error(
                 ec::conflict, "the servers of " + data_dir.string()
                                   + " cannot be changed: they are in one "
                                     "process, or have never run")
                                             : read.error();
    if (lock_.take(data_dir / "servers"))
      return make_error(ec::conflict, "another command changes the servers of "
                                          + data_dir.string());
    // Again: it may have just been changed by who had the lock.
    read = read_server_settings(data_dir);
    if (!read)
      return read.error();
    settings = std::move(*read);
    return caf::none;
  }

  /// Keeps the settings, and what else tells of the servers.
  expected<void> keep() {
    if (auto kept = write_server_settings(data_dir_, settings); !kept)
      return kept;
    auto shape = read_shape(data_dir_);
    if (!shape)
      return shape.error();
    shape->servers = static_cast<uint32_t>(settings.places.size());
    shape->processes = shape->servers > 1;
    if (auto kept = write_shape(data_dir_, *shape); !kept)
      return kept;
    auto file = data_dir_ / "kubeconfig";
    auto config = crypto::read_kubeconfig(file);
    if (!config)
      return config.error();
    for (auto& cluster : config->clusters) {
      cluster.actors.clear();
      for (auto& place : settings.places)
        cluster.actors += (cluster.actors.empty() ? "" : ",") + place.address();
    }
    return crypto::write_secret_file(file, crypto::to_yaml(*config));
  }

  server_place* find(const std::string& name) {
    auto& all = settings.places;
    auto i = std::find_if(all.begin(), all.end(),
                          [&](auto& x) { return x.name == name; });
    return i == all.end() ? nullptr : &*i;
  }

  server_settings settings;

private:
  fs::path data_dir_;
  directory_lock lock_;
};

std::string unused_name(settings_change& change) {
  for (size_t i = 2;; ++i)
    if (auto name = "server-" + std::to_string(i); !change.find(name))
      return name;
}

/// "server-7", the only form that there is: it is a folder's name, too.
bool is_server_name(const std::string& name) {
  const std::string prefix = "server-";
  return name.size() > prefix.size() && name.size() < 16
         && name.rfind(prefix, 0) == 0
         && name.find_first_not_of("0123456789", prefix.size())
                == std::string::npos
         && name[prefix.size()] != '0';
}

/// A port that nobody has, not even one of the cluster's who is down.
expected<uint16_t> unused_port(const server_settings& settings,
                               uint16_t other) {
  for (;;) {
    auto port = free_port();
    auto taken = [&](auto& x) {
      return x.port == *port || x.api_port == *port;
    };
    if (!port
        || (*port != other
            && std::none_of(settings.places.begin(), settings.places.end(),
                            taken)))
      return port;
  }
}

/// What a server of that name, which is no more, has left.
caf::error clear_folder(const fs::path& data_dir, const std::string& name) {
  auto folder = server_folder(data_dir, name);
  if (auto pid = holder_of(folder).pid; pid != 0 && !end_process_of(pid))
    return make_error(ec::conflict, "process " + std::to_string(pid) + " of "
                                        + name + " does not end");
  std::error_code failed;
  fs::remove_all(folder, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot remove " + folder.string() + ": "
                                         + failed.message());
  return caf::none;
}

expected<uint64_t> add_member(command_client& client,
                              const server_place& place) {
  StoreQuestion question;
  question.mutable_add()->set_address(place.name + "/store@" + place.address());
  auto answer = client.ask_store(std::move(question));
  if (!answer)
    return answer.error();
  return answer->members().id();
}

bool has_vote(command_client& client, uint64_t id) {
  auto members = members_of(client);
  return members && std::any_of(members->begin(), members->end(), [&](auto& x) {
           return x.id() == id && x.voter();
         });
}

} // namespace

std::string server_of(const Member& member) {
  return member.address().substr(0, member.address().find('/'));
}

expected<std::vector<Member>> members_of(command_client& client) {
  StoreQuestion question;
  question.mutable_status();
  auto answer = client.ask_store(std::move(question));
  if (!answer)
    return answer.error();
  auto& members = answer->status().members();
  return std::vector<Member>{members.begin(), members.end()};
}

expected<server_place> add_server(command_client& client,
                                  const fs::path& data_dir, std::string name) {
  settings_change change;
  if (auto err = change.begin(data_dir))
    return err;
  if (name.empty())
    name = unused_name(change);
  if (!is_server_name(name))
    return make_error(ec::bad_request, "\"" + name
                                           + "\" is no name of a server: "
                                             "server-2, server-3, ...");
  if (change.find(name) != nullptr)
    return make_error(ec::already_exists, name + " exists already");
  if (auto err = clear_folder(data_dir, name))
    return err;
  server_place place;
  place.name = name;
  for (auto [which, other] : {std::pair{&place.port, &place.api_port},
                              std::pair{&place.api_port, &place.port}}) {
    auto port = unused_port(change.settings, *other);
    if (!port)
      return port.error();
    *which = *port;
  }
  auto id = add_member(client, place);
  if (!id)
    return id.error();
  place.member = *id;
  change.settings.places.push_back(place);
  if (auto kept = change.keep(); !kept)
    return kept.error();
  auto deadline = std::chrono::steady_clock::now() + vote_patience;
  while (!has_vote(client, place.member)) {
    if (std::chrono::steady_clock::now() > deadline)
      return make_error(
          ec::conflict,
          name + " is member " + std::to_string(place.member)
              + " of the store and has no vote yet: `troupe "
                "store status` shows how far it is, "
              + (server_folder(data_dir, name) / "troupe.log").string()
              + " what it says");
    std::this_thread::sleep_for(look_again);
  }
  change.find(name)->started = true;
  if (auto kept = change.keep(); !kept)
    return kept.error();
  return *change.find(name);
}

caf::error remove_member(command_client& client, uint64_t id) {
  StoreQuestion question;
  question.mutable_remove()->set_id(id);
  auto answer = client.ask_store(std::move(question));
  if (!answer)
    return answer.error();
  return caf::none;
}

caf::error remove_server(command_client& client, const fs::path& data_dir,
                         const Member& member) {
  auto name = server_of(member);
  settings_change change;
  if (auto err = change.begin(data_dir))
    return err;
  if (!change.settings.places.empty()
      && change.settings.places.front().name == name)
    return make_error(ec::conflict, name
                                        + " is in the process of `troupe up`, "
                                          "which goes on with it only");
  // One that has gone from the group already leaves the rest to be done.
  if (auto err = remove_member(client, member.id());
      err && !is(err, ec::not_found))
    return err;
  auto place = change.find(name);
  if (place == nullptr || place->member != member.id())
    return caf::none;
  change.settings.places.erase(change.settings.places.begin()
                               + (place - change.settings.places.data()));
  // Nobody starts it again from here on.
  if (auto kept = change.keep(); !kept)
    return kept.error();
  return clear_folder(data_dir, name);
}

caf::error settle_servers(command_client& client, const fs::path& data_dir,
                          size_t wished,
                          const std::function<void(const std::string&)>& tell) {
  for (;;) {
    auto settings = read_server_settings(data_dir);
    if (!settings)
      return settings.error();
    auto& places = settings->places;
    if (places.size() == wished)
      return caf::none;
    if (places.size() < wished) {
      auto added = add_server(client, data_dir, "");
      if (!added)
        return added.error();
      tell("Added: " + added->name);
      continue;
    }
    Member last;
    last.set_id(places.back().member);
    last.set_address(places.back().name + "/store");
    if (auto err = remove_server(client, data_dir, last))
      return err;
    tell("Removed: " + places.back().name);
  }
}

expected<void> note_founded(const fs::path& data_dir) {
  settings_change change;
  if (auto err = change.begin(data_dir))
    return err;
  uint64_t founder = 0;
  bool news = false;
  for (auto& place : change.settings.places) {
    ++founder;
    if (place.member != 0)
      continue;
    place.member = founder;
    place.started = true;
    news = true;
  }
  return news ? write_server_settings(data_dir, change.settings)
              : expected<void>{};
}

} // namespace troupe::cli

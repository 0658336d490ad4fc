#include "cli/server_membership.hpp"

#include "cli/directory_lock.hpp"
#include "cli/process_end.hpp"
#include "cli/server_register.hpp"
#include "cli/store_choice.hpp"
#include "messages/store_desk.pb.h"
#include "runtime/system/member_address.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using namespace store_api;
using call::StoreQuestion;

/// How long a new server may take until it has all of the state.
constexpr auto vote_patience = std::chrono::seconds(60);
constexpr auto look_again = std::chrono::milliseconds(50);
/// How long a member may take to start.
constexpr auto member_patience = std::chrono::seconds(5);

bool has_vote(command_client& client, uint64_t id) {
  auto members = members_of(client);
  return members && std::any_of(members->begin(), members->end(), [&](auto& x) {
           return x.id() == id && x.voter();
         });
}

/// The settings of a data directory, for one command at a time.
class settings_change {
public:
  caf::error begin(const fs::path& data_dir) {
    data_dir_ = data_dir;
    store_choice none;
    if (auto etcd = settle_store(data_dir, none);
        etcd && !etcd->servers.empty())
      return make_error(ec::bad_request, "this cluster keeps its state in an "
                                         "etcd: do it there, with etcdctl");
    if (!fs::exists(server_settings_file(data_dir)))
      return make_error(ec::conflict,
                        "the servers of " + data_dir.string()
                            + " cannot be changed: they are in one process. "
                              "Start them with `troupe up --processes`");
    if (auto err = lock_.take(data_dir))
      return err;
    auto read = read_server_settings(data_dir);
    if (!read)
      return read.error();
    settings = std::move(*read);
    if (settings.places.front().store_port != 0)
      return make_error(ec::bad_request,
                        "the components of this cluster's server have "
                        "processes of their own (`up --apart`): it has no "
                        "other servers");
    return caf::none;
  }

  expected<void> keep() { return keep_server_settings(data_dir_, settings); }

  server_place* find(const std::string& name) {
    return const_cast<server_place*>(std::as_const(settings).find(name));
  }

  server_settings settings;

private:
  fs::path data_dir_;
  settings_lock lock_;
};

/// What a server that is no member any more has left: its process, its folder.
/// The first one's process is that of `up`, and has ended.
caf::error clear_server(const fs::path& data_dir, const std::string& name,
                        bool first) {
  auto folder = server_folder(data_dir, name);
  if (auto pid = holder_of(folder).pid; pid != 0 && !end_process_of(pid))
    return make_error(ec::conflict, "process " + std::to_string(pid) + " of "
                                        + name + " does not end");
  auto store = first ? data_dir / "store" : folder;
  std::error_code failed;
  fs::remove_all(store, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot remove " + store.string() + ": "
                                         + failed.message());
  return caf::none;
}

/// The name that is free in the settings and in the group, or why the one that
/// is wished is not.
expected<std::string> choose_name(settings_change& change,
                                  const std::vector<Member>& members,
                                  const std::string& wished) {
  auto member_at = [&](const std::string& name) {
    return std::find_if(members.begin(), members.end(),
                        [&](auto& x) { return server_of(x) == name; });
  };
  if (wished.empty())
    for (size_t i = 2;; ++i)
      if (auto name = "server-" + std::to_string(i);
          !change.find(name) && member_at(name) == members.end())
        return name;
  if (!is_server_name(wished))
    return make_error(ec::bad_request, "\"" + wished
                                           + "\" is no name of a server: "
                                             "server-2, server-3, ...");
  if (auto is = member_at(wished); is != members.end())
    return make_error(ec::already_exists, wished + " is member "
                                              + std::to_string(is->id())
                                              + " of the store already");
  if (auto* known = change.find(wished);
      known != nullptr && known != &change.settings.places.front())
    return make_error(ec::already_exists,
                      wished + " is a server already: remove it first");
  return wished;
}

expected<server_place> choose_place(settings_change& change,
                                    const std::string& name) {
  server_place place;
  place.name = name;
  place.founder = false;
  // It runs on the machine of the process that keeps it.
  place.host = change.settings.places.front().host;
  auto all = change.settings.places;
  for (auto* which : {&place.port, &place.api_port}) {
    auto port = free_port(all);
    if (!port)
      return port.error();
    *which = *port;
    all.push_back(place);
  }
  return place;
}

/// Makes a server a member, and keeps that. While the process of `up` runs,
/// any but the one in it; otherwise that one only, for nobody would start
/// another.
expected<server_place> enlist(command_client& client, const fs::path& data_dir,
                              const std::string& wished) {
  settings_change change;
  if (auto err = change.begin(data_dir))
    return err;
  if (!change.settings.own.empty())
    return make_error(ec::bad_request,
                      data_dir.string() + " is of " + change.settings.own
                          + ", which joined: run `troupe server --join` where "
                            "another server shall be");
  auto members = members_of(client);
  if (!members)
    return members.error();
  auto name = choose_name(change, *members, wished);
  if (!name)
    return name.error();
  auto* known = change.find(*name);
  auto runs = holder_of(data_dir).pid != 0;
  if (known != nullptr && runs)
    return make_error(ec::conflict, *name
                                        + " is in the process of `troupe up`: "
                                          "end that first");
  if (known == nullptr && !runs)
    return make_error(ec::conflict, "`troupe up` does not run, which would "
                                    "start "
                                        + *name);
  if (auto err = clear_server(data_dir, *name, known != nullptr))
    return err;
  auto place = known != nullptr ? expected<server_place>{*known}
                                : choose_place(change, *name);
  if (!place)
    return place.error();
  auto id = add_member(client, *place);
  if (!id)
    return id.error();
  place->member = *id;
  place->founder = false;
  if (known != nullptr)
    *known = *place;
  else
    change.settings.places.push_back(*place);
  if (auto kept = change.keep(); !kept)
    return kept.error();
  return place;
}

} // namespace

bool is_server_name(const std::string& name) {
  const std::string prefix = "server-";
  return name.size() > prefix.size() && name.size() < 16
         && name.rfind(prefix, 0) == 0
         && name.find_first_not_of("0123456789", prefix.size())
                == std::string::npos
         && name[prefix.size()] != '0';
}

std::string address_in_group(const server_place& place) {
  return member_address_of(place.name, place.address());
}

expected<uint64_t> add_member(command_client& client,
                              const server_place& place) {
  StoreQuestion question;
  question.mutable_add()->set_address(address_in_group(place));
  auto answer = client.ask_store(std::move(question));
  if (!answer)
    return answer.error();
  return answer->members().id();
}

caf::error wait_for_vote(command_client& client, uint64_t member) {
  auto deadline = std::chrono::steady_clock::now() + vote_patience;
  while (!has_vote(client, member)) {
    if (std::chrono::steady_clock::now() > deadline)
      return make_error(ec::conflict,
                        "member " + std::to_string(member)
                            + " of the store has no vote yet: `troupe store "
                              "status` shows how far it is");
    std::this_thread::sleep_for(look_again);
  }
  return caf::none;
}

std::vector<std::string> wait_for_members(command_client& client) {
  auto deadline = std::chrono::steady_clock::now() + member_patience;
  for (;;) {
    std::vector<std::string> ill;
    if (auto members = members_of(client)) {
      for (auto& each : *members)
        if (each.errors_size() > 0)
          ill.push_back(server_of(each) + ": " + each.errors(0));
    } else {
      ill.push_back("the store: " + message_of(members.error()));
    }
    if (ill.empty() || std::chrono::steady_clock::now() > deadline)
      return ill;
    std::this_thread::sleep_for(look_again);
  }
}

std::string server_of(const Member& member) {
  auto& address = member.address();
  // An etcd's: http://HOST:PORT.
  if (auto scheme = address.find("://"); scheme != std::string::npos)
    return address.substr(scheme + 3);
  return member_server(address);
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
                                  const fs::path& data_dir,
                                  const std::string& name) {
  auto place = enlist(client, data_dir, name);
  auto deadline = std::chrono::steady_clock::now() + vote_patience;
  while (place && !has_vote(client, place->member)) {
    // The one in the process of `up` starts with that, later.
    if (holder_of(data_dir).pid == 0)
      return place;
    if (std::chrono::steady_clock::now() > deadline)
      return make_error(
          ec::conflict,
          place->name + " is member " + std::to_string(place->member)
              + " of the store and has no vote yet: `troupe store status` "
                "shows how far it is, "
              + (server_folder(data_dir, place->name) / "troupe.log").string()
              + " what it says");
    std::this_thread::sleep_for(look_again);
  }
  return place;
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
  auto* place = change.find(name);
  // What runs from elsewhere ends there, and so does who joined from here.
  auto here =
      place != nullptr && !place->elsewhere && name != change.settings.own;
  auto first = here && place == &change.settings.places.front();
  if (first && holder_of(data_dir).pid != 0)
    return make_error(ec::conflict, name
                                        + " is in the process of `troupe up`, "
                                          "which goes on with it only: end "
                                          "that first");
  // One that has gone from the group already leaves the rest to be done.
  if (auto err = remove_member(client, member.id());
      err && !is(err, ec::not_found))
    return err;
  if (!here || place->member != member.id())
    return caf::none;
  // The first one stays where it is, to be added anew.
  if (!first) {
    change.settings.places.erase(change.settings.places.begin()
                                 + (place - change.settings.places.data()));
    // Nobody starts it again from here on.
    if (auto kept = change.keep(); !kept)
      return kept.error();
  }
  auto err = clear_server(data_dir, name, first);
  // Nobody will have its number again; but the first one is taken for that
  // member until it is added anew, and must not found a group.
  std::error_code ignored;
  if (!err && !first)
    fs::remove(data_dir / "members" / std::to_string(member.id()), ignored);
  return err;
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

} // namespace troupe::cli

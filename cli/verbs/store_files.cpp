#include "actors/store/store.hpp"
#include "actors/system/view.hpp"
#include "cli/directory_lock.hpp"
#include "cli/server_settings.hpp"
#include "cli/verbs/store.hpp"
#include "messages/api/core_service.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/random.hpp"
#include "runtime/net/joined_node.hpp"
#include "runtime/net/range_lease.hpp"
#include "runtime/store/snapshot_file.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

caf::error cannot_write(const fs::path& file) {
  return make_error(ec::forbidden, "cannot write " + file.string() + ": "
                                       + std::strerror(errno));
}

/// Saves into a new file, which only its owner can read: it holds every
/// Secret. There is no half of one.
expected<uint64_t> save(command_client& client, const fs::path& file) {
  auto part = file;
  part += ".part-" + crypto::random_word(8);
  auto fd = open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return cannot_write(part);
  auto saved = client.save_store([&](const std::string& data) {
    return crypto::write_all(fd, data) ? caf::error{} : cannot_write(part);
  });
  if (saved && fsync(fd) != 0)
    saved = cannot_write(part);
  close(fd);
  std::error_code problem;
  if (saved)
    fs::rename(part, file, problem);
  if (saved && problem)
    saved = make_error(ec::forbidden, "cannot write " + file.string() + ": "
                                          + problem.message());
  if (!saved)
    fs::remove(part, problem);
  return saved;
}

void add_snapshot(CLI::App& store, environment& env) {
  auto file = std::make_shared<std::string>();
  auto* sub = store.add_subcommand("snapshot",
                                   "Save all that the store holds into a file");
  sub->add_option("FILE", *file, "Must not be there yet")->required();
  sub->callback([&env, file] {
    std::error_code unknown;
    if (fs::exists(*file, unknown)) {
      env.fail_here(make_error(ec::already_exists, *file + " exists already"));
      return;
    }
    auto* client = env.client();
    if (client == nullptr)
      return;
    auto saved = save(*client, *file);
    if (saved)
      env.out() << "Saved revision " << *saved << " in " << *file << "\n";
    else
      env.fail_here(saved.error());
  });
}

/// Where a store's databases are in a folder: that of a store, of a server or
/// of a cluster.
fs::path store_in(const fs::path& folder) {
  return fs::exists(folder / "log") ? folder : folder / "store";
}

/// Whether a process has the database open.
bool is_in_use(const fs::path& database) {
  auto fd = open((database / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return false;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  auto known = fcntl(fd, F_GETLK, &whole) == 0;
  close(fd);
  return known && whole.l_type != F_UNLCK;
}

/// Makes a snapshot of a store's folder. Works on a copy: should that store be
/// started again, it is as it was.
caf::error salvage(const fs::path& folder, const fs::path& copy,
                   const fs::path& into) {
  auto from = store_in(folder);
  if (!fs::exists(from / "log" / "CURRENT"))
    return make_error(ec::not_found, "there is no store in " + folder.string());
  if (is_in_use(from / "log"))
    return make_error(ec::conflict, "the store in " + folder.string()
                                        + " is in use: end its server first");
  std::error_code problem;
  fs::copy(from, copy, fs::copy_options::recursive, problem);
  if (problem)
    return make_error(ec::forbidden, "cannot copy " + from.string() + ": "
                                         + problem.message());
  store_options options;
  options.path = copy.string();
  std::ofstream out{into, std::ios::binary};
  auto saved = salvage_store(options, out);
  if (!saved)
    return saved.error();
  out.close();
  return out ? caf::none : cannot_write(into);
}

/// A folder that is removed in the end.
struct passing_folder {
  ~passing_folder() {
    std::error_code ignored;
    if (!path.empty())
      fs::remove_all(path, ignored);
  }

  fs::path path{};
};

/// Services keep their addresses: the next `up` shall have that range, if
/// nobody else does. Where the store tells no address, any will do.
void wish_for_addresses(const fs::path& data_dir) {
  using core::v1::Service;
  store_options options;
  options.path = (data_dir / "store").string();
  auto& kind = kind_of<Service>();
  auto bytes =
      value_in_store(options, storage_key(kind, "default", "kubernetes"));
  auto service = bytes ? object::parse(kind, std::move(*bytes), 0)
                       : expected<object>{bytes.error()};
  auto address =
      service ? net::parse_ipv4(service->as<Service>().spec().cluster_ip())
              : expected<net::ipv4>{service.error()};
  if (!address)
    return;
  auto mode = address->value >> 24 == 127 ? net::network_mode::loopback
                                          : net::network_mode::bridge;
  [[maybe_unused]] auto kept = net::wish_for_layout(
      data_dir, net::layout{mode, net::whole_range_of({*address, 32})});
}

/// Makes the store of a cluster that is not there yet.
expected<store::restored_store> restore(fs::path file,
                                        const fs::path& data_dir) {
  if (!std::ifstream{file})
    return make_error(ec::not_found, "cannot read " + file.string() + ": "
                                         + std::strerror(errno));
  std::error_code problem;
  fs::create_directories(data_dir, problem);
  if (problem)
    return make_error(ec::forbidden, "cannot make " + data_dir.string() + ": "
                                         + problem.message());
  fs::permissions(data_dir, fs::perms::owner_all, problem);
  directory_lock lock;
  if (auto err = lock.take(data_dir))
    return err;
  // A cluster that has lost its store gets another one so.
  auto settings = read_server_settings(data_dir);
  if (fs::exists(data_dir / "store")
      || (settings && settings->places.size() > 1))
    return make_error(ec::already_exists,
                      "there is a cluster in " + data_dir.string()
                          + ": name another folder with --data-dir");
  // One that was broken off has left a part.
  auto part = data_dir / "store.part";
  fs::remove_all(part, problem);
  passing_folder salvaged;
  if (fs::is_directory(file)) {
    salvaged.path = data_dir / "salvage.part";
    fs::remove_all(salvaged.path, problem);
    fs::create_directories(salvaged.path, problem);
    auto snapshot = salvaged.path / "snapshot";
    if (auto err = salvage(file, salvaged.path / "store", snapshot))
      return err;
    file = snapshot;
  }
  std::ifstream in{file, std::ios::binary};
  store_options options;
  options.path = part.string();
  auto made = restore_store(options, in, "server-1/store");
  if (made)
    fs::rename(part, data_dir / "store", problem);
  if (made && problem)
    made =
        make_error(ec::forbidden, "cannot make " + (data_dir / "store").string()
                                      + ": " + problem.message());
  if (!made)
    fs::remove_all(part, problem);
  else
    wish_for_addresses(data_dir);
  return made;
}

void add_restore(CLI::App& store, environment& env) {
  auto file = std::make_shared<std::string>();
  auto* sub = store.add_subcommand(
      "restore", "Make a new cluster's store of a snapshot; `up` starts it");
  sub->add_option("FILE", *file,
                  "What `store snapshot` saved, or the folder of a store that "
                  "nobody uses any more, such as DATA_DIR/servers/server-2: "
                  "for a group whose majority is lost for good")
      ->required();
  sub->callback([&env, file] {
    auto data_dir = fs::absolute(env.data_directory());
    auto made = restore(*file, data_dir);
    if (!made) {
      env.fail_here(made.error());
      return;
    }
    env.out() << "Restored revision " << made->revision << " in "
              << data_dir.string() << "\n";
  });
}

} // namespace

void add_store_files(CLI::App& store, environment& env) {
  add_snapshot(store, env);
  add_restore(store, env);
}

} // namespace troupe::cli

#include "cli/commands.hpp"
#include "cli/image_tables.hpp"
#include "cli/output_form.hpp"
#include "runtime/images/file_tools.hpp"
#include "runtime/images/image_archive.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/images/puller.hpp"
#include "runtime/system/context.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

using images::image_record;
using images::image_store;
using shared_store = std::shared_ptr<image_store>;

constexpr size_t largest_auth_file = 10 << 20;

time_point now() {
  return real_world()->now();
}

// The store is shared by locks, so that commands work in it themselves, whether
// nodes run or not.
fs::path store_folder(const environment& env) {
  return fs::absolute(env.data_directory()) / "image-store";
}

expected<shared_store> open_store(environment& env) {
  fs::path data_dir = fs::absolute(env.data_directory());
  std::error_code problem;
  if (fs::create_directories(data_dir, problem))
    fs::permissions(data_dir, fs::perms::owner_all, problem);
  images::store_options options;
  options.folder = store_folder(env);
  return image_store::open(std::move(options), now());
}

/// The same where there is one: looking makes nothing.
expected<shared_store> find_store(environment& env) {
  std::error_code ignored;
  if (!fs::exists(store_folder(env) / "format", ignored))
    return shared_store{};
  return open_store(env);
}

caf::error missing(const std::string& name) {
  return make_error(ec::not_found, "image \"" + name + "\" not found");
}

// -- list ---------------------------------------------------------------------

struct list_command {
  std::vector<std::string> names;
  std::string output;
  bool no_headers = false;
  bool quiet = false;
};

expected<std::vector<image_record>> choose(const shared_store& store,
                                           const list_command& cmd) {
  if (cmd.names.empty())
    return store ? store->list() : std::vector<image_record>{};
  if (!store)
    return missing(cmd.names.front());
  std::vector<image_record> result;
  for (auto& name : cmd.names) {
    auto found = store->find(name);
    if (!found)
      return found.error();
    result.push_back(std::move(*found));
  }
  return result;
}

void run_list(const list_command& cmd, environment& env) {
  auto form = output_form::parse(cmd.output);
  if (!form)
    return env.misuse(message_of(form.error()));
  auto store = find_store(env);
  if (!store)
    return env.fail_here(store.error());
  auto all = choose(*store, cmd);
  if (!all)
    return env.fail_here(all.error());
  if (cmd.quiet) {
    for (auto& each : *all)
      env.out() << each.id << "\n";
    return;
  }
  if (form->what() == output_form::kind::name) {
    for (auto& each : *all)
      for (auto& tag : each.tags)
        env.out() << tag << "\n";
    return;
  }
  if (!form->is_table()) {
    if (auto err =
            form->print(images_document(*all), cmd.no_headers, env.out()))
      env.fail_here(err);
    return;
  }
  if (all->empty()) {
    env.err() << "No images found in " << store_folder(env).string() << "\n";
    return;
  }
  env.out() << print_images(*all, form->what() == output_form::kind::wide,
                            cmd.no_headers, now());
}

void add_list(CLI::App& image, environment& env) {
  auto cmd = std::make_shared<list_command>();
  auto* sub = image.add_subcommand("list", "The images of this machine");
  sub->add_option("NAME", cmd->names, "Only these: names, digests or ids");
  sub->add_option("-o,--output", cmd->output,
                  "wide, json, yaml, name, jsonpath=..., custom-columns=...");
  sub->add_flag("--no-headers", cmd->no_headers, "Only rows");
  sub->add_flag("-q,--quiet", cmd->quiet, "Only ids");
  sub->callback([&env, cmd] { run_list(*cmd, env); });
}

// -- load ---------------------------------------------------------------------

struct load_command {
  std::vector<std::string> files;
  images::load_options options;
  std::string platform;
};

/// Takes --platform; tells the user where it is none.
bool take_platform(const std::string& text, images::platform& out,
                   environment& env) {
  if (text.empty())
    return true;
  auto on = images::parse_platform(text);
  if (on)
    out = *on;
  else
    env.misuse(message_of(on.error()));
  return static_cast<bool>(on);
}

expected<std::vector<image_record>>
load(const std::string& file, const load_command& cmd, environment& env) {
  images::unique_fd fd;
  if (file == "-") {
    fd = images::unique_fd{dup(STDIN_FILENO)};
  } else if (std::error_code ignored; !fs::is_directory(file, ignored)) {
    auto opened = images::open_file(file, O_RDONLY);
    if (!opened)
      return opened.error();
    fd = std::move(*opened);
  }
  auto store = open_store(env);
  if (!store)
    return store.error();
  return fd ? images::load_archive(*store, fd.get(), cmd.options, now())
            : images::load_layout(*store, file, cmd.options, now());
}

void run_load(load_command& cmd, environment& env) {
  if (!take_platform(cmd.platform, cmd.options.on, env))
    return;
  for (auto& file : cmd.files) {
    auto loaded = load(file, cmd, env);
    if (!loaded) {
      env.fail_here(make_error(ec::bad_request,
                               file + ": " + message_of(loaded.error())));
      return;
    }
    for (auto& each : *loaded)
      env.out() << "Loaded " << (each.tags.empty() ? each.id : each.tags.back())
                << " (" << size_text(each.size) << ")\n";
  }
}

void add_load(CLI::App& image, environment& env) {
  auto cmd = std::make_shared<load_command>();
  auto* sub = image.add_subcommand(
      "load", "Take images from archives: of `docker save`, or OCI layouts");
  sub->add_option("FILE", cmd->files,
                  "An archive (tar, also gzip, zstd, bzip2, xz), a folder that "
                  "is an OCI layout, or - for the input")
      ->required();
  sub->add_option("--name", cmd->options.name,
                  "What to call an image that the archive gives no name");
  sub->add_option("--platform", cmd->platform,
                  "Of several in an archive; this machine's unless set");
  sub->callback([&env, cmd] { run_load(*cmd, env); });
}

// -- pull ---------------------------------------------------------------------

struct pull_command {
  std::vector<std::string> names;
  std::string auth_file;
  std::string platform;
  bool quiet = false;
};

/// The user's own, where there is one.
std::string usual_auth_file() {
  if (auto folder = std::getenv("DOCKER_CONFIG"))
    return std::string{folder} + "/config.json";
  auto home = std::getenv("HOME");
  return home == nullptr ? "" : std::string{home} + "/.docker/config.json";
}

expected<images::keyring> read_keyring(const std::string& given) {
  images::keyring result;
  auto path = given.empty() ? usual_auth_file() : given;
  std::error_code ignored;
  if (given.empty() && (path.empty() || !fs::exists(path, ignored)))
    return result;
  auto text = images::read_small(path, largest_auth_file);
  if (!text)
    return text.error();
  if (result.add_config(*text))
    return make_error(ec::invalid, path + " cannot be understood");
  return result;
}

void show(const images::pull_progress& x, environment& env) {
  env.err() << "\r\033[K" << x.layers_done << " of " << x.layers << " layers, "
            << size_text(x.bytes_done) << " of " << size_text(x.bytes)
            << std::flush;
}

expected<image_record> pull(const std::string& name, const pull_command& cmd,
                            images::pull_options options, environment& env) {
  auto ref = images::parse_reference(name);
  if (!ref)
    return make_error(ec::invalid, "couldn't parse image reference \"" + name
                                       + "\": " + message_of(ref.error()));
  auto ring = read_keyring(cmd.auth_file);
  if (!ring)
    return ring.error();
  options.as = ring->find(ref->name());
  auto store = open_store(env);
  if (!store)
    return store.error();
  auto terminal = !cmd.quiet && isatty(STDERR_FILENO) != 0;
  if (terminal)
    options.progress = [&env](auto& x) { show(x, env); };
  auto got = images::pull(*store, name, options, now());
  if (terminal)
    env.err() << "\r\033[K" << std::flush;
  return got;
}

void run_pull(const pull_command& cmd, environment& env) {
  images::pull_options options;
  if (!take_platform(cmd.platform, options.on, env))
    return;
  options.host_folders = images::usual_host_folders(
      fs::absolute(env.data_directory()) / "certs.d");
  for (auto& name : cmd.names) {
    auto got = pull(name, cmd, options, env);
    if (!got)
      return env.fail_here(got.error());
    env.out() << "Pulled "
              << (got->digests.empty() ? got->id : got->digests.back()) << " ("
              << size_text(got->size) << ")\n";
  }
}

void add_pull(CLI::App& image, environment& env) {
  auto cmd = std::make_shared<pull_command>();
  auto* sub = image.add_subcommand("pull", "Get images from their registries");
  sub->add_option("NAME", cmd->names, "Such as nginx:1.25")->required();
  sub->add_option("--auth-file", cmd->auth_file,
                  "Who to be: docker's config.json; ~/.docker/config.json "
                  "unless set");
  sub->add_option("--platform", cmd->platform, "This machine's unless set");
  sub->add_flag("-q,--quiet", cmd->quiet, "Show no progress");
  sub->callback([&env, cmd] { run_pull(*cmd, env); });
}

// -- remove -------------------------------------------------------------------

void add_remove(CLI::App& image, environment& env) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto* sub = image.add_subcommand(
      "remove", "Remove names of images, and images without one; what "
                "containers run of stays until they end");
  sub->add_option("NAME", *names, "Names, digests or ids")->required();
  sub->callback([&env, names] {
    auto store = find_store(env);
    if (!store)
      return env.fail_here(store.error());
    for (auto& name : *names) {
      auto err = *store ? (*store)->remove(name, now()) : missing(name);
      if (err)
        return env.fail_here(err);
      env.out() << "image \"" << name << "\" removed\n";
    }
  });
}

} // namespace

void add_image(CLI::App& app, environment& env) {
  auto* image = app.add_subcommand(
      "image", "Look after the images of this machine, which its nodes share");
  image->require_subcommand(1);
  add_list(*image, env);
  add_load(*image, env);
  add_pull(*image, env);
  add_remove(*image, env);
}

} // namespace troupe::cli

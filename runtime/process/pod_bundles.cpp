#include "runtime/oci/accounts.hpp"
#include "runtime/oci/cgroup_files.hpp"
#include "runtime/oci/propagation.hpp"
#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"
#include "runtime/process/program_output.hpp"

#include <chrono>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

using container::Container;

/// A process that was killed may take a while to be gone.
constexpr int most_attempts = 60;
constexpr size_t largest_profile = 1 << 20;

std::string node_name() {
  char name[256] = {0};
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string hostname_of(const container::SandboxConfig& pod) {
  return pod.hostname().empty() ? node_name() : pod.hostname();
}

caf::error write_open_file(const std::string& path, const std::string& bytes,
                           mode_t mode) {
  if (auto err = write_file(path, bytes))
    return err;
  if (chmod(path.c_str(), mode) != 0)
    return make_error(ec::internal_error, "chmod " + path);
  return {};
}

/// As the kubelet names it in what it refuses.
std::string name_of(const container::SandboxConfig& pod,
                    const std::string& container) {
  return "(pod: \"" + pod.name() + "_" + pod.namespace_() + "(" + pod.uid()
         + ")\", container: " + container + ")";
}

caf::error check_volumes(const container::ContainerConfig& config) {
  std::string mounts;
  for (auto& volume : config.mounts()) {
    struct stat info {};
    if (stat(volume.host_path().c_str(), &info) != 0)
      return make_error(ec::invalid, "volume " + volume.name() + ": "
                                         + volume.host_path()
                                         + " does not exist");
    if (volume.propagation() == container::PRIVATE)
      continue;
    if (mounts.empty())
      mounts = read_file("/proc/self/mountinfo").value_or("");
    if (auto err = oci::check_propagation(mounts, volume))
      return err;
  }
  return {};
}

expected<std::string> seccomp_of(const container::Security& security,
                                 const std::string& profiles) {
  if (security.seccomp() != container::LOCALHOST)
    return std::string{};
  // Where a name leads out of the folder is for validation to see.
  auto text = read_file(fs::path{profiles} / security.seccomp_file());
  if (!text || text->size() > largest_profile)
    return make_error(ec::invalid, "cannot load seccomp profile \""
                                       + security.seccomp_file() + "\"");
  return *text;
}

/// Of "crun version 1.8.1" and more lines.
std::string version_in(const std::string& text) {
  auto line = text.substr(0, text.find('\n'));
  auto blank = line.rfind(' ');
  return blank == line.npos ? line : line.substr(blank + 1);
}

/// A container that does nothing, of an image that is the shim alone.
container::ContainerConfig trial() {
  container::ContainerConfig config;
  config.set_name("try");
  config.set_image("try");
  config.add_command("/troupe-shim");
  config.add_command("--nothing");
  config.mutable_security()->set_seccomp(container::RUNTIME_DEFAULT);
  config.mutable_resources()->set_cpu_shares(1024);
  config.mutable_resources()->set_memory_limit(256 << 20);
  config.mutable_resources()->set_pids_limit(64);
  return config;
}

} // namespace

// -- the runtime --------------------------------------------------------------

/// Runs a container by it; returns what it complains of.
std::string pod_runtime::engine::try_runtime(const std::string& program) {
  auto folder = options_.pods + ".try";
  remove_folder(folder);
  std::error_code code;
  fs::create_directories(folder + "/layer", code);
  fs::copy_file(options_.shim, folder + "/layer/troupe-shim", code);
  if (code)
    return folder + ": " + code.message();
  facts_.program = program;
  bundle_place place;
  place.container_id = facts_.prefix + "-try";
  place.folder = folder;
  auto& around = place.around;
  around.pod_folder = folder;
  around.bundle = folder + "/bundle";
  around.layout = facts_.layout;
  around.cgroup = "/" + facts_.prefix + "/try";
  around.possible_capabilities = facts_.capabilities;
  for (auto name : {"/hosts", "/hostname", "/resolv.conf"})
    write_file(folder + name, {});
  auto fields =
      bundle_fields(trial(), {{}, {folder + "/layer"}}, place, facts_);
  if (!fields)
    return message_of(fields.error());
  std::string input;
  uint32_t flags = use_runtime | (facts_.layout.hybrid ? hide_unified : 0u);
  wire_writer<std::string>{input}.u32(flags);
  auto said = output_of(options_.shim, "--try", input + *fields);
  remove_folder(folder);
  oci::remove_group(facts_.layout, around.cgroup, true);
  // Unless there are pods of before.
  oci::drop_group(facts_.layout, "/" + facts_.prefix);
  while (!said.empty() && said.back() == '\n')
    said.pop_back();
  if (said.empty())
    return "cannot run " + options_.shim;
  return said == "ok" ? std::string{} : said;
}

void pod_runtime::engine::probe_runtime() {
  if (geteuid() != 0) {
    unable_ = "containers of images need root";
    return;
  }
  facts_ = facts_of_machine(options_.pods);
  if (facts_.layout.hierarchies.empty()) {
    unable_ = "the machine has no control groups";
    return;
  }
  auto candidates = options_.oci_runtimes.empty() ? installed_runtimes()
                                                  : options_.oci_runtimes;
  std::string complaints;
  for (auto& program : candidates) {
    auto name = fs::path{program}.filename().string();
    if (auto why = try_runtime(program); !why.empty()) {
      complaints += (complaints.empty() ? "" : "; ") + name + ": " + why;
      continue;
    }
    facts_.version = version_in(output_of(program, "--version"));
    reason_ = "by " + name + " " + facts_.version + ", control groups version "
              + (facts_.layout.unified  ? "2"
                 : facts_.layout.hybrid ? "1 (hybrid)"
                                        : "1");
    if (!complaints.empty())
      reason_ += ", because " + complaints;
    return;
  }
  unable_ = complaints.empty() ? "neither crun nor runc is installed"
                               : "no OCI runtime works here: " + complaints;
}

// -- control groups -----------------------------------------------------------

std::string pod_runtime::engine::group_of(const pod& p,
                                          const Container& c) const {
  return oci::pod_path(facts_.prefix, p.config) + "/" + c.id();
}

caf::error pod_runtime::engine::make_pod_group(const pod& p) {
  auto path = oci::pod_path(facts_.prefix, p.config);
  if (auto err = oci::make_group(facts_.layout, path))
    return err;
  // Kubernetes: all pods together weigh as much as the processors that they
  // may have.
  container::Resources all;
  all.set_cpu_shares(1024 * sysconf(_SC_NPROCESSORS_ONLN));
  oci::apply(
      oci::settings_of(facts_.layout, "/" + facts_.prefix + "/kubepods", all));
  return oci::apply(
      oci::settings_of(facts_.layout, path, p.config.resources()));
}

void pod_runtime::engine::let_go(const std::string& container) {
  if (by_runtime())
    options_.rootfs->release(container);
}

void pod_runtime::engine::release_strange_images() {
  std::set<std::string> known;
  for (auto& [sandbox, p] : pods_)
    for (auto& [id, c] : p->containers)
      known.insert(id);
  options_.rootfs->keep_only(known);
}

void pod_runtime::engine::balance() {
  int64_t sum = 0;
  container::SandboxConfig some;
  some.set_qos(container::BURSTABLE);
  for (auto& [id, p] : pods_)
    if (p->config.qos() == container::BURSTABLE
        && p->info.state() != container::NOT_READY)
      sum += p->config.resources().cpu_shares();
  container::Resources shares;
  shares.set_cpu_shares(sum);
  // A class that has no pod has no group.
  oci::apply(oci::settings_of(facts_.layout,
                              oci::class_path(facts_.prefix, some), shares));
  some.set_qos(container::BEST_EFFORT);
  shares.set_cpu_shares(2);
  oci::apply(oci::settings_of(facts_.layout,
                              oci::class_path(facts_.prefix, some), shares));
}

void pod_runtime::engine::clear_group(const std::string& path,
                                      event_loop::task then, int attempt) {
  if (oci::remove_group(facts_.layout, path, true) || attempt == most_attempts)
    return then();
  auto pause = std::min(std::chrono::milliseconds{1 << std::min(attempt, 10)},
                        std::chrono::milliseconds{100});
  loop_.after(pause, [this, path, then = std::move(then), attempt]() mutable {
    clear_group(path, std::move(then), attempt + 1);
  });
}

/// Only what is this sandbox's: the next one of the pod may be there already.
void pod_runtime::engine::clear_pod_group(const pod& p, event_loop::task then) {
  auto path = oci::pod_path(facts_.prefix, p.config);
  std::set<std::string> own;
  std::error_code code;
  for (auto& folder : oci::folders_of(facts_.layout, path))
    for (auto& entry : fs::directory_iterator(folder, code))
      if (auto name = entry.path().filename().string();
          name.compare(0, p.info.id().size() + 1, p.info.id() + "_") == 0)
        own.insert(path + "/" + name);
  auto left = std::make_shared<size_t>(own.size() + 1);
  auto of_class = oci::class_path(facts_.prefix, p.config);
  auto arrived = [this, left, path, of_class, then = std::move(then)] {
    if (--*left > 0)
      return;
    // The last one takes what is above along.
    auto root = "/" + facts_.prefix;
    for (auto& each : {path, of_class, root + "/kubepods", root})
      oci::drop_group(facts_.layout, each);
    balance();
    then();
  };
  for (auto& each : own)
    clear_group(each, arrived);
  arrived();
}

void pod_runtime::engine::clear_strange_groups() {
  std::set<std::string> known;
  for (auto& [id, p] : pods_)
    known.insert(oci::pod_path(facts_.prefix, p->config));
  std::set<std::string> strange;
  for (auto qos :
       {container::GUARANTEED, container::BURSTABLE, container::BEST_EFFORT}) {
    container::SandboxConfig some;
    some.set_qos(qos);
    auto path = oci::class_path(facts_.prefix, some);
    std::error_code code;
    for (auto& folder : oci::folders_of(facts_.layout, path))
      for (auto& entry : fs::directory_iterator(folder, code))
        if (auto name = entry.path().filename().string();
            name.compare(0, 3, "pod") == 0
            && known.count(path + "/" + name) == 0)
          strange.insert(path + "/" + name);
  }
  for (auto& path : strange)
    clear_group(path, [] {});
}

expected<oci::usage> pod_runtime::engine::usage(const std::string& id) {
  if (!by_runtime())
    return make_error(ec::invalid, "processes are not counted here");
  if (auto p = find_pod(id))
    return oci::read_usage(facts_.layout,
                           oci::pod_path(facts_.prefix, p->config));
  auto [p, c] = find(id);
  if (p == nullptr)
    return make_error(ec::not_found, "no container " + id);
  return oci::read_usage(facts_.layout, group_of(*p, *c));
}

expected<container::Done>
pod_runtime::engine::update(const std::string& id,
                            const container::Resources& resources) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return make_error(ec::not_found, "no container " + id);
  if (!by_runtime() || c->state() != container::RUNNING)
    return make_error(ec::conflict, "container " + id + " is not running");
  if (auto err = oci::apply(
          oci::settings_of(facts_.layout, group_of(*p, *c), resources, true)))
    return err;
  return container::Done{};
}

// -- pods ---------------------------------------------------------------------

caf::error pod_runtime::engine::write_pod_files(const pod& p) {
  auto name = hostname_of(p.config);
  auto own = read_file("/etc/hosts").value_or("");
  if (auto err = write_open_file(p.folder + "/hosts",
                                 oci::hosts_file(p.config, name, own), 0644))
    return err;
  // Who is told of no name servers has those of the node.
  if (!p.config.has_dns())
    if (auto err =
            write_open_file(p.folder + "/resolv.conf",
                            read_file("/etc/resolv.conf").value_or(""), 0644))
      return err;
  return write_open_file(p.folder + "/hostname", name + "\n", 0644);
}

expected<std::string>
pod_runtime::engine::set_up_bundle(const pod& p, const Container& c,
                                   const container::ContainerConfig& config,
                                   const oci::unpacked_image& image) {
  auto& security = config.security();
  auto who = oci::find_identity(security, image.config.user,
                                oci::accounts_of_image(image.layers),
                                name_of(p.config, config.name()));
  if (!who)
    return who.error();
  if (auto err = check_volumes(config))
    return err;
  auto devices = oci::find_devices(config);
  if (!devices)
    return devices.error();
  auto profile = seccomp_of(security, options_.profiles);
  if (!profile)
    return profile.error();
  bundle_place place;
  place.container_id = c.id();
  place.folder = p.folder + "/" + container_folder_of(c);
  auto& around = place.around;
  around.pod = p.config;
  around.pod_folder = p.folder;
  around.bundle = place.folder + "/bundle";
  around.hostname = hostname_of(p.config);
  around.cgroup = group_of(p, c);
  around.layout = facts_.layout;
  around.who = std::move(*who);
  around.devices =
      security.privileged() ? oci::all_devices() : std::move(*devices);
  around.possible_capabilities = facts_.capabilities;
  around.lowest_oom_score = facts_.lowest_oom_score;
  around.seccomp = std::move(*profile);
  if (!config.process_target().empty()) {
    auto [owner, target] = find(config.process_target());
    if (owner != &p || target->state() != container::RUNNING)
      return make_error(ec::invalid, "container " + config.process_target()
                                         + " of the pod is not running");
    around.target = target->pid();
  }
  if (!config.message_path().empty()) {
    around.message_file = place.folder + "/" + message_file;
    // Whoever the container runs as may write it.
    if (auto err = write_open_file(around.message_file, {}, 0666))
      return err;
  }
  return bundle_fields(config, image, place, facts_);
}

} // namespace troupe::process

#include "runtime/process/container_setup.hpp"
#include "runtime/process/image_folder.hpp"
#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"

#include <cerrno>
#include <chrono>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

using container::Container;

constexpr auto usual_deadline = 10s;
constexpr int64_t longest_grace_ms = int64_t{1000} * 60 * 60 * 24 * 365;

caf::error unknown(const std::string& id) {
  return make_error(ec::not_found, "no container " + id);
}

std::string id_fields(const std::string& id) {
  std::string fields;
  wire_writer<std::string>{fields}.text(id);
  return fields;
}

caf::error check_name(const container::ContainerConfig& config) {
  auto& name = config.name();
  auto good = !name.empty() && name.size() <= 63 && name.front() != '-';
  for (auto c : name)
    good = good && (isalnum(static_cast<unsigned char>(c)) || c == '-');
  if (good)
    return {};
  return make_error(ec::invalid,
                    "config.name: \"" + name + "\" must be a DNS label");
}

/// What is known of a container from its creation on.
Container record_of(const pod_record& p, const std::string& id,
                    const container::ContainerConfig& config,
                    const image_config& image) {
  Container c;
  c.set_id(id);
  c.set_sandbox_id(p.info.id());
  c.set_name(config.name());
  c.set_attempt(config.attempt());
  c.set_image(config.image());
  c.set_image_ref(!image.id.empty() ? image.id
                                    : parse_reference(config.image())->whole());
  c.set_state(container::CREATED);
  c.set_created_at(now_ns());
  if (auto& logs = p.config.log_directory();
      !config.log_path().empty() && !logs.empty())
    c.set_log_path(logs + "/" + config.log_path());
  c.set_message_from_log(config.message_from_log());
  *c.mutable_labels() = config.labels();
  *c.mutable_annotations() = config.annotations();
  return c;
}

std::string host_name() {
  char name[256] = {0};
  gethostname(name, sizeof(name) - 1);
  return name;
}

container::Image told(const image_config& image) {
  container::Image result;
  result.set_reference(image.reference);
  result.set_id(image.id);
  result.set_size(image.size);
  return result;
}

setup_place place_of(const pod_record& p, const Container& c,
                     uint32_t isolation) {
  setup_place place;
  place.container_id = c.id();
  place.folder = p.folder + "/" + container_folder_of(c);
  place.log_directory = p.config.log_directory();
  place.hostname =
      p.config.hostname().empty() ? host_name() : p.config.hostname();
  place.resolv_conf = p.config.has_dns() ? p.folder + "/resolv.conf" : "";
  place.processes = p.config.processes();
  place.isolation = isolation;
  return place;
}

} // namespace

std::pair<pod_runtime::engine::pod*, Container*>
pod_runtime::engine::find(const std::string& id) {
  for (auto& [sandbox, p] : pods_)
    if (id.compare(0, sandbox.size(), sandbox) == 0)
      if (auto at = p->containers.find(id); at != p->containers.end())
        return {p.get(), &at->second};
  return {nullptr, nullptr};
}

expected<container::Image>
pod_runtime::engine::image(const std::string& reference,
                           bool own_command) const {
  if (by_runtime()) {
    auto found = options_.rootfs->find(reference);
    return found ? expected<container::Image>{told(found->config)}
                 : found.error();
  }
  container::Image result;
  auto found = find_image(options_.images, reference);
  if (found)
    return told(*found);
  // The command runs on the machine's own file system: nothing is missing.
  if (!own_command || !is(found.error(), ec::not_found))
    return found.error();
  result.set_reference(parse_reference(reference)->whole());
  result.set_id(result.reference());
  return result;
}

void pod_runtime::engine::pull(const container::PullImage& what,
                               reply<container::Image> done) {
  if (!by_runtime())
    return done(image(what.image(), what.own_command()));
  std::vector<images::credentials> as;
  for (auto& x : what.as())
    as.push_back(
        {x.user(), x.password(), x.identity_token(), x.registry_token()});
  auto tell = [this, door = door_, done](expected<oci::unpacked_image> result) {
    std::lock_guard guard{door->mutex};
    if (door->open)
      loop_.post([done, result = std::move(result)] {
        done(result ? expected<container::Image>{told(result->config)}
                    : result.error());
      });
  };
  options_.rootfs->pull(what.image(), std::move(as), std::move(tell));
}

/// Where containers run on the machine's own file system an image need not be
/// there.
expected<oci::unpacked_image>
pod_runtime::engine::image_for(const container::ContainerConfig& config) const {
  if (by_runtime())
    return options_.rootfs->find(config.image());
  auto found = find_image(options_.images, config.image());
  if (found)
    return oci::unpacked_image{std::move(*found), {}};
  if (is(found.error(), ec::not_found) && config.command_size() > 0)
    return oci::unpacked_image{};
  return found.error();
}

void pod_runtime::engine::create(const std::string& sandbox,
                                 const container::ContainerConfig& config,
                                 reply<Container> done) {
  auto p = find_pod(sandbox);
  if (p == nullptr)
    return done(make_error(ec::not_found, "no sandbox " + sandbox));
  if (p->info.state() != container::READY || !p->link || p->stopping
      || !p->starting.empty())
    return done(
        make_error(ec::conflict, "sandbox " + sandbox + " is not ready"));
  if (auto err = check_name(config))
    return done(err);
  // What is told of before would be taken for all there is.
  if (p->listing)
    return when_known(sandbox, [=, this] { create(sandbox, config, done); });
  auto id = container_id_of(sandbox, config);
  if (auto at = p->creating.find(id); at != p->creating.end())
    return at->second.push_back(std::move(done));
  if (auto at = p->containers.find(id); at != p->containers.end())
    return done(at->second);
  auto image = image_for(config);
  if (!image)
    return done(image.error());
  auto c = record_of(*p, id, config, image->config);
  auto fields = prepare(*p, c, config, *image);
  if (!fields) {
    let_go(id);
    remove_folder(p->folder + "/" + container_folder_of(c));
    return done(fields.error());
  }
  p->containers[id] = c;
  p->creating[id].push_back(std::move(done));
  send_create(*p, c, *fields);
}

/// Puts on disk what the container needs there; returns what the shim is told.
expected<std::string>
pod_runtime::engine::prepare(const pod& p, const Container& c,
                             const container::ContainerConfig& config,
                             const oci::unpacked_image& image) {
  if (auto err = store_container(p.folder, c))
    return err;
  if (!by_runtime())
    return set_up(config, image.config, place_of(p, c, isolation_));
  if (auto err = options_.rootfs->hold(c.id(), image.config.id))
    return err;
  return set_up_bundle(p, c, config, image);
}

void pod_runtime::engine::send_create(pod& p, const Container& c,
                                      const std::string& fields) {
  auto found = [this, id = c.id()](const caf::error& otherwise) {
    auto [owner, known] = find(id);
    return owner != nullptr && owner->link ? expected<Container>{*known}
                                           : otherwise;
  };
  p.link->request(
      frame_kind::create, fields, usual_deadline,
      [this, found, sandbox = c.sandbox_id(), c](const shim_answer& result) {
        auto err = result.code == 0 ? caf::error{} : error_of(result);
        if (result.code == EPIPE)
          when_known(sandbox,
                     [=, this] { finish_create(sandbox, c.id(), found(err)); });
        else if (err)
          finish_create(sandbox, c.id(), err);
        else
          finish_create(sandbox, c.id(), c);
      });
}

/// Answers whoever waits for the container, and forgets one that is not there.
void pod_runtime::engine::finish_create(const std::string& sandbox,
                                        const std::string& id,
                                        expected<Container> result) {
  auto p = find_pod(sandbox);
  if (p == nullptr)
    return;
  auto waiting = std::move(p->creating[id]);
  p->creating.erase(id);
  if (auto at = p->containers.find(id); !result && at != p->containers.end()) {
    let_go(id);
    remove_folder(p->folder + "/" + container_folder_of(at->second));
    p->containers.erase(at);
  }
  for (auto& done : waiting)
    done(result);
}

void pod_runtime::engine::start(const std::string& id, reply<Container> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(unknown(id));
  if (c->state() == container::RUNNING)
    return done(*c);
  if (c->state() != container::CREATED || !p->link)
    return done(make_error(ec::conflict, "container " + id + " has ended"));
  p->link->request(frame_kind::start, id_fields(id), options_.start_patience,
                   [this, id, done = std::move(done)](const auto& result) {
                     finish_container_start(id, result, done);
                   });
}

/// Whatever is answered, it is so: a start called failed has left no process.
void pod_runtime::engine::finish_container_start(const std::string& id,
                                                 const shim_answer& result,
                                                 reply<Container> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(unknown(id));
  if (result.code == ETIMEDOUT)
    return undo_start(id, std::move(done));
  if (result.code == EPIPE)
    return when_known(p->info.id(), [this, id, done = std::move(done)] {
      auto [owner, now] = find(id);
      if (owner == nullptr || now->started_at() == 0)
        start(id, done);
      else
        done(*now);
    });
  if (result.code != 0)
    return done(make_error(ec::invalid, result.message));
  // Another who asked for the same may have been answered first, and it may
  // have ended since.
  if (c->state() != container::CREATED)
    return done(*c);
  auto rest = result.rest;
  c->set_pid(rest.i64());
  c->set_started_at(rest.i64());
  c->set_state(container::RUNNING);
  done(*c);
  emit(container::CONTAINER_STARTED, *c);
}

void pod_runtime::engine::undo_start(const std::string& id,
                                     reply<Container> done) {
  auto waited = std::to_string(options_.start_patience.count());
  auto err = make_error(ec::timeout, "container " + id + " did not start in "
                                         + waited + " ms and was ended");
  stop(id, 0, [this, id, err, done = std::move(done)](auto ended) {
    if (auto [p, c] = find(id); !ended && p != nullptr)
      lose(*p);
    done(err);
  });
}

void pod_runtime::engine::stop(const std::string& id, int64_t grace_ms,
                               reply<Container> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(unknown(id));
  if (c->state() == container::EXITED || !p->link)
    return done(*c);
  grace_ms = std::min(std::max<int64_t>(grace_ms, 0), longest_grace_ms);
  std::chrono::milliseconds grace{grace_ms};
  auto due = event_loop::clock::now() + grace;
  auto fields = id_fields(id);
  wire_writer<std::string>{fields}.i64(grace_ms);
  p->link->request(
      frame_kind::stop, fields, grace + options_.stop_patience,
      [this, id, due, done = std::move(done)](const shim_answer& result) {
        auto [owner, status] = find(id);
        if (owner == nullptr)
          return done(unknown(id));
        if (result.code == 0)
          return done(*status);
        if (result.code != EPIPE)
          return done(error_of(result));
        when_known(owner->info.id(), [this, id, due, done] {
          auto left = due - event_loop::clock::now();
          stop(id, std::chrono::ceil<std::chrono::milliseconds>(left).count(),
               done);
        });
      });
}

void pod_runtime::engine::remove(const std::string& id,
                                 reply<container::Done> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(container::Done{});
  auto folder = p->folder + "/" + container_folder_of(*c);
  auto group = group_of(*p, *c);
  auto forget = [this, id, folder, group, done](const shim_answer& result) {
    if (result.code != 0 && result.code != EPIPE)
      return done(error_of(result));
    if (auto [owner, known] = find(id); owner)
      owner->containers.erase(id);
    auto finish = [this, id, folder, done] {
      let_go(id);
      remove_folder(folder);
      done(container::Done{});
    };
    by_runtime() ? clear_group(group, finish) : finish();
  };
  if (!p->link)
    return forget({});
  stop(id, 0, [this, id, forget, done](expected<Container> ended) {
    if (!ended)
      return done(ended.error());
    auto [owner, known] = find(id);
    if (owner == nullptr || !owner->link)
      return forget({});
    owner->link->request(frame_kind::remove, id_fields(id), usual_deadline,
                         forget);
  });
}

void pod_runtime::engine::simple(const std::string& id, frame_kind kind,
                                 std::string fields,
                                 reply<container::Done> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(unknown(id));
  if (c->state() != container::RUNNING || !p->link)
    return done(
        make_error(ec::conflict, "container " + id + " is not running"));
  p->link->request(kind, fields, usual_deadline,
                   [done = std::move(done)](const shim_answer& result) {
                     if (result.code != 0)
                       return done(error_of(result));
                     done(container::Done{});
                   });
}

void pod_runtime::engine::signal(const std::string& id, int32_t number,
                                 reply<container::Done> done) {
  auto fields = id_fields(id);
  wire_writer<std::string>{fields}.i64(number);
  simple(id, frame_kind::signal, std::move(fields), std::move(done));
}

void pod_runtime::engine::reopen_log(const std::string& id,
                                     reply<container::Done> done) {
  simple(id, frame_kind::reopen, id_fields(id), std::move(done));
}

} // namespace troupe::process

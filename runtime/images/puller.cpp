#include "runtime/images/puller.hpp"

#include "runtime/images/installation.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace troupe::images {

namespace {

constexpr int deepest_index = 4;

/// Fetches layers by several threads while others are unpacked.
class layer_fetch {
public:
  using bring = std::function<caf::error(const descriptor&,
                                         std::function<void(uint64_t)>)>;

  layer_fetch(std::vector<descriptor> what, size_t at_once, bring one,
              std::function<void(const pull_progress&)> tell)
      : what_(std::move(what)),
        one_(std::move(one)),
        tell_(std::move(tell)),
        bytes_(what_.size()) {
    progress_.layers = what_.size();
    for (auto& each : what_)
      progress_.bytes += each.size;
    for (size_t i = 0; i < std::min(at_once, what_.size()); ++i)
      threads_.emplace_back([this] { work(); });
  }

  /// Those that are being fetched end as soon as they see it.
  ~layer_fetch() {
    stop();
    for (auto& each : threads_)
      each.join();
  }

  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  /// Waits until a layer is there, or any has failed.
  caf::error wait_for(const std::string& digest) {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [&] { return error_ || is_there(digest); });
    return is_there(digest) ? caf::error{} : error_;
  }

private:
  bool is_there(const std::string& digest) const {
    return std::find(there_.begin(), there_.end(), digest) != there_.end();
  }

  void work() {
    for (;;) {
      auto i = next_++;
      if (i >= what_.size() || stopped_)
        return;
      auto err = one_(what_[i], [this, i](uint64_t n) { note(i, n, false); });
      if (!err)
        note(i, what_[i].size, true);
      std::lock_guard guard{mutex_};
      if (err && !error_)
        error_ = err;
      if (!err)
        there_.push_back(what_[i].digest);
      if (err)
        stop();
      news_.notify_all();
      if (err)
        return;
    }
  }

  void note(size_t i, uint64_t n, bool done) {
    std::lock_guard guard{telling_};
    bytes_[i] = n;
    progress_.bytes_done = 0;
    for (auto each : bytes_)
      progress_.bytes_done += each;
    if (done)
      ++progress_.layers_done;
    if (tell_)
      tell_(progress_);
  }

  std::vector<descriptor> what_;
  bring one_;
  std::function<void(const pull_progress&)> tell_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> there_; ///< guarded by mutex_
  caf::error error_;               ///< guarded by mutex_
  std::mutex telling_;
  std::vector<uint64_t> bytes_; ///< guarded by telling_
  pull_progress progress_;      ///< guarded by telling_
  std::vector<std::thread> threads_;
};

/// One attempt to pull an image, as somebody.
class pulling {
public:
  pulling(store_work& work, const reference& ref, const pull_options& options,
          const std::vector<registry_host>& hosts, const credentials& who,
          time_point now)
      : work_(work), ref_(ref), options_(options), now_(now) {
    for (auto& host : hosts)
      clients_.push_back(std::make_unique<registry_client>(
          host, ref.repository, host.upstream ? who : credentials{},
          client_options_with_stop()));
  }

  expected<image_record> run() {
    auto top = first_of<fetched_document>(
        !ref_.digest.empty(),
        [&](registry_client& from) { return from.document(ref_.target()); });
    if (!top)
      return top.error();
    auto manifest = resolve(*top, 0);
    if (!manifest)
      return manifest.error();
    auto documents = read_image(work_.store(), *manifest);
    if (!documents)
      return documents.error();
    auto steps =
        plan_layers(documents->manifest, documents->config, options_.on);
    if (!steps)
      return steps.error();
    for (auto& step : *steps)
      if (auto err = work_.need(step.chain))
        return err;
    return install_with(*steps, *manifest, top->digest);
  }

private:
  client_options client_options_with_stop() {
    auto result = options_.client;
    result.documents = work_.store().options().documents;
    result.cancelled = [this] { return cancelled(); };
    return result;
  }

  bool cancelled() const {
    auto fetch = fetch_.load();
    return (fetch != nullptr && fetch->stopped())
           || (options_.client.cancelled && options_.client.cancelled());
  }

  /// Asks the hosts in their order until one has it; the last refusal counts,
  /// which is the registry's own.
  template <class T, class F>
  expected<T> first_of(bool has_digest, F ask) {
    caf::error last = make_error(ec::not_found, ref_.whole() + ": not found");
    for (auto& each : clients_) {
      if (has_digest ? !each->host().pull : !each->host().resolve)
        continue;
      expected<T> got = ask(*each);
      if (got || is(got.error(), ec::timeout))
        return got;
      last = got.error();
    }
    return last;
  }

  /// Brings documents into the store; of an index goes on to the image for this
  /// machine. Returns the manifest's digest.
  expected<std::string> resolve(const fetched_document& x, int depth) {
    auto read = parse_document(x.bytes, x.media_type,
                               work_.store().options().documents);
    if (!read)
      return read.error();
    if (read->manifest) {
      if (auto err = work_.put(x.digest, x.bytes))
        return err;
      if (auto err = bring_config(read->manifest->config))
        return err;
      return x.digest;
    }
    auto one = choose(*read->index, options_.on);
    if (!one || depth == deepest_index)
      return make_error(ec::not_found, "no match for platform "
                                           + options_.on.text()
                                           + " in manifest: not found");
    auto next = first_of<fetched_document>(true, [&](registry_client& from) {
      return from.document(one->digest);
    });
    if (!next)
      return next.error();
    return resolve(*next, depth + 1);
  }

  caf::error bring_config(const descriptor& config) {
    if (auto err = work_.need(config.digest))
      return err;
    if (work_.has_blob(config.digest))
      return {};
    auto bytes = first_of<std::string>(
        true, [&](registry_client& from) { return from.small_blob(config); });
    return bytes ? work_.put(config.digest, *bytes) : bytes.error();
  }

  caf::error bring_layer(const descriptor& layer,
                         const std::function<void(uint64_t)>& progress) {
    auto to = work_.write_blob(layer.digest, layer.size,
                               [this] { return cancelled(); });
    if (!to)
      return to.error();
    if (!*to)
      return {};
    auto done = first_of<bool>(true, [&](registry_client& from) {
      auto err = from.blob(layer, **to, progress);
      return err ? expected<bool>{err} : expected<bool>{true};
    });
    return done ? caf::error{} : done.error();
  }

  expected<image_record> install_with(const std::vector<layer_step>& steps,
                                      const std::string& manifest,
                                      const std::string& target) {
    std::vector<descriptor> missing;
    for (auto& step : steps)
      if (!work_.has_layer(step.chain)
          && std::none_of(missing.begin(), missing.end(), [&](auto& x) {
               return x.digest == step.blob.digest;
             }))
        missing.push_back(step.blob);
    layer_fetch fetch{
        std::move(missing), options_.at_once,
        [this](auto& layer, auto tell) { return bring_layer(layer, tell); },
        options_.progress};
    fetch_ = &fetch;
    installation what;
    what.manifest = manifest;
    if (ref_.digest.empty())
      what.tags.push_back(ref_.name() + ":" + ref_.tag);
    what.digests.push_back(ref_.name() + "@" + target);
    what.on = options_.on;
    what.pinned = options_.pinned;
    what.fetch = [&](const layer_step& step) {
      return fetch.wait_for(step.blob.digest);
    };
    what.cancelled = options_.client.cancelled;
    auto result = install(work_, what, now_);
    fetch.stop();
    return result;
  }

  store_work& work_;
  const reference& ref_;
  const pull_options& options_;
  time_point now_;
  std::vector<std::unique_ptr<registry_client>> clients_;
  std::atomic<layer_fetch*> fetch_{nullptr};
};

/// Several errors as one, as Kubernetes lists them.
caf::error together(const std::vector<caf::error>& all) {
  std::vector<std::string> texts;
  for (auto& each : all)
    if (auto text = message_of(each);
        std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(text);
  if (texts.size() == 1)
    return all.back();
  std::string list;
  for (auto& each : texts)
    list += (list.empty() ? "[" : ", ") + each;
  for (auto code : {ec::unauthorized, ec::forbidden, ec::not_found})
    if (is(all.back(), code))
      return make_error(code, list + "]");
  return make_error(ec::service_unavailable, list + "]");
}

ec code_of(const caf::error& err) {
  for (auto code : {ec::not_found, ec::unauthorized, ec::forbidden, ec::invalid,
                    ec::timeout, ec::too_many_requests, ec::internal_error})
    if (is(err, code))
      return code;
  return ec::service_unavailable;
}

} // namespace

expected<image_record> pull(const std::shared_ptr<image_store>& store,
                            const std::string& image,
                            const pull_options& options, time_point now) {
  auto ref = parse_reference(image);
  if (!ref)
    return ref.error();
  auto failed = [&](const caf::error& err) {
    return make_error(code_of(err), "failed to pull and unpack image \""
                                        + ref->whole()
                                        + "\": " + message_of(err));
  };
  auto hosts = hosts_of(ref->registry, options.host_folders);
  if (!hosts)
    return failed(hosts.error());
  auto work = store_work::begin(store, now);
  if (!work)
    return work.error();
  auto as = options.as;
  if (as.empty())
    as.emplace_back();
  std::vector<caf::error> errors;
  for (auto& who : as) {
    auto got = pulling{**work, *ref, options, *hosts, who, now}.run();
    if (got)
      return got;
    errors.push_back(failed(got.error()));
    if (is(got.error(), ec::timeout))
      break;
  }
  return together(errors);
}

} // namespace troupe::images

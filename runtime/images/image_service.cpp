#include "runtime/images/image_service.hpp"

#include "runtime/images/late_libraries.hpp"

namespace troupe::images {

namespace {

/// No image is an expected answer.
expected<std::optional<image_record>> status_of(const image_store& store,
                                                const std::string& image) {
  auto found = store.find(image);
  if (found)
    return std::optional{std::move(*found)};
  if (is(found.error(), ec::not_found))
    return std::optional<image_record>{};
  return found.error();
}

expected<image_content> hold_in(image_store& store, const std::string& holder,
                                const std::string& id, time_point now) {
  if (auto err = store.hold(holder, id, now))
    return err;
  image_content result;
  auto found = store.find(id);
  auto config =
      found ? store.config_of(*found) : expected<image_config>{found.error()};
  if (!config) {
    [[maybe_unused]] auto gone = store.release(holder, now);
    return config.error();
  }
  result.image = std::move(*found);
  result.config = std::move(*config);
  result.folders = store.folders_of(result.image);
  result.marks = store.marks();
  return result;
}

/// Where the machine lacks a library, that is told as any other failure.
expected<image_record> try_pull(const std::shared_ptr<image_store>& store,
                                const std::string& image,
                                const pull_options& how, time_point now) {
  try {
    load_libraries();
    return images::pull(store, image, how, now);
  } catch (const std::exception& problem) {
    return make_error(ec::service_unavailable, problem.what());
  }
}

expected<void> as_answer(const caf::error& err) {
  if (err)
    return err;
  return caf::unit;
}

} // namespace

image_service::image_service(std::shared_ptr<image_store> store,
                             pull_options options,
                             std::function<time_point()> clock)
    : store_(std::move(store)),
      options_(std::move(options)),
      clock_(std::move(clock)) {
  // nop
}

image_service::~image_service() {
  std::map<uint64_t, running> left;
  {
    std::lock_guard guard{mutex_};
    for (auto& [id, each] : pulls_)
      *each.cancelled = true;
    left.swap(pulls_);
  }
  // Their last word goes to the worker.
  for (auto& [id, each] : left)
    each.thread.join();
  worker_.end();
}

void image_service::post(std::function<void()> task) {
  worker_.post([this, task = std::move(task)] {
    task();
    join_ended();
  });
}

void image_service::join_ended() {
  std::vector<std::thread> ended;
  {
    std::lock_guard guard{mutex_};
    for (auto at = pulls_.begin(); at != pulls_.end();) {
      if (at->second.ended)
        ended.push_back(std::move(at->second.thread));
      at = at->second.ended ? pulls_.erase(at) : std::next(at);
    }
  }
  for (auto& each : ended)
    each.join();
}

void image_service::list(done<std::vector<image_record>> tell) {
  post([this, tell = std::move(tell)] { tell(store_->list()); });
}

void image_service::status(std::string image,
                           done<std::optional<image_record>> tell) {
  post([this, image = std::move(image), tell = std::move(tell)] {
    tell(status_of(*store_, image));
  });
}

uint64_t image_service::pull(std::string image, std::vector<credentials> as,
                             done<image_record> tell) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  auto how = options_;
  how.as = std::move(as);
  how.client.cancelled = [stop] { return stop->load(); };
  std::lock_guard guard{mutex_};
  auto id = ++last_;
  auto& mine = pulls_[id];
  mine.cancelled = stop;
  mine.thread = std::thread{[this, id, image = std::move(image),
                             how = std::move(how), tell = std::move(tell)] {
    tell(try_pull(store_, image, how, clock_()));
    {
      std::lock_guard done_guard{mutex_};
      if (auto at = pulls_.find(id); at != pulls_.end())
        at->second.ended = true;
    }
    // The worker lets go of the thread.
    post([] {});
  }};
  return id;
}

void image_service::cancel(uint64_t pull) {
  std::lock_guard guard{mutex_};
  if (auto at = pulls_.find(pull); at != pulls_.end())
    *at->second.cancelled = true;
}

void image_service::remove(std::string image, done<void> tell) {
  post([this, image = std::move(image), tell = std::move(tell)] {
    auto err = store_->remove(image, clock_());
    tell(as_answer(is(err, ec::not_found) ? caf::error{} : err));
  });
}

void image_service::usage(done<store_usage> tell) {
  post([this, tell = std::move(tell)] { tell(store_->usage()); });
}

void image_service::hold(std::string container, std::string image_id,
                         done<image_content> tell) {
  post([this, container = std::move(container), image_id = std::move(image_id),
        tell = std::move(tell)] {
    tell(hold_in(*store_, container, image_id, clock_()));
  });
}

void image_service::release(std::string container, done<void> tell) {
  post([this, container = std::move(container), tell = std::move(tell)] {
    tell(as_answer(store_->release(container, clock_())));
  });
}

void image_service::collect(std::set<std::string> in_use, garbage_policy policy,
                            done<collected> tell) {
  post([this, in_use = std::move(in_use), policy, tell = std::move(tell)] {
    tell(collect_garbage(*store_, in_use, policy, clock_()));
  });
}

} // namespace troupe::images

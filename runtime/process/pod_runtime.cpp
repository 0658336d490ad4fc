#include "runtime/process/pod_runtime.hpp"

#include "runtime/process/pod_engine.hpp"

namespace troupe::process {

pod_runtime::pod_runtime(runtime_options options, event_handler events)
    : engine_(std::make_unique<engine>(std::move(options), std::move(events))) {
  // nop
}

pod_runtime::~pod_runtime() = default;

void pod_runtime::probe(reply<container::RuntimeStatus> done) {
  engine_->when_ready(
      [e = engine_.get(), done = std::move(done)] { done(e->status()); });
}

void pod_runtime::state(reply<container::State> done) {
  engine_->when_ready(
      [e = engine_.get(), done = std::move(done)] { e->state(done); });
}

void pod_runtime::run(container::SandboxConfig config,
                      reply<container::Sandbox> done) {
  engine_->when_ready([e = engine_.get(), config = std::move(config),
                       done = std::move(done)] { e->run(config, done); });
}

void pod_runtime::stop_sandbox(std::string id, reply<container::Done> done) {
  engine_->when_ready([e = engine_.get(), id = std::move(id),
                       done = std::move(done)] { e->stop_sandbox(id, done); });
}

void pod_runtime::remove_sandbox(std::string id, reply<container::Done> done) {
  engine_->when_ready(
      [e = engine_.get(), id = std::move(id), done = std::move(done)] {
        e->remove_sandbox(id, done);
      });
}

void pod_runtime::create(std::string sandbox, container::ContainerConfig config,
                         reply<container::Container> done) {
  engine_->when_ready([e = engine_.get(), sandbox = std::move(sandbox),
                       config = std::move(config), done = std::move(done)] {
    e->create(sandbox, config, done);
  });
}

void pod_runtime::start(std::string id, reply<container::Container> done) {
  engine_->when_ready([e = engine_.get(), id = std::move(id),
                       done = std::move(done)] { e->start(id, done); });
}

void pod_runtime::stop(std::string id, int64_t grace_ms,
                       reply<container::Container> done) {
  engine_->when_ready(
      [e = engine_.get(), id = std::move(id), grace_ms,
       done = std::move(done)] { e->stop(id, grace_ms, done); });
}

void pod_runtime::remove(std::string id, reply<container::Done> done) {
  engine_->when_ready([e = engine_.get(), id = std::move(id),
                       done = std::move(done)] { e->remove(id, done); });
}

void pod_runtime::signal(std::string id, int32_t number,
                         reply<container::Done> done) {
  engine_->when_ready(
      [e = engine_.get(), id = std::move(id), number, done = std::move(done)] {
        e->signal(id, number, done);
      });
}

void pod_runtime::reopen_log(std::string id, reply<container::Done> done) {
  engine_->when_ready([e = engine_.get(), id = std::move(id),
                       done = std::move(done)] { e->reopen_log(id, done); });
}

void pod_runtime::exec_sync(container::ExecSync what,
                            reply<container::ExecResult> done) {
  engine_->when_ready([e = engine_.get(), what = std::move(what),
                       done = std::move(done)] { e->exec_sync(what, done); });
}

void pod_runtime::exec(container::Exec what, stream_sink sink,
                       reply<container::StreamOpened> done) {
  engine_->when_ready([e = engine_.get(), what = std::move(what),
                       sink = std::move(sink),
                       done = std::move(done)] { e->exec(what, sink, done); });
}

void pod_runtime::attach(container::Attach what, stream_sink sink,
                         reply<container::StreamOpened> done) {
  engine_->when_ready(
      [e = engine_.get(), what = std::move(what), sink = std::move(sink),
       done = std::move(done)] { e->attach(what, sink, done); });
}

void pod_runtime::logs(container::Logs what, stream_sink sink,
                       reply<container::StreamOpened> done) {
  engine_->when_ready([e = engine_.get(), what = std::move(what),
                       sink = std::move(sink),
                       done = std::move(done)] { e->logs(what, sink, done); });
}

void pod_runtime::input(container::StreamData data) {
  engine_->when_ready(
      [e = engine_.get(), data = std::move(data)] { e->input(data); });
}

void pod_runtime::credit(container::StreamCredit credit) {
  engine_->when_ready([e = engine_.get(), credit] { e->credit(credit); });
}

void pod_runtime::resize(container::StreamResize size) {
  engine_->when_ready([e = engine_.get(), size] { e->resize(size); });
}

void pod_runtime::close(uint64_t stream) {
  engine_->when_ready([e = engine_.get(), stream] { e->close(stream); });
}

void pod_runtime::usage(std::string id, reply<oci::usage> done) {
  engine_->when_ready([e = engine_.get(), id = std::move(id),
                       done = std::move(done)] { done(e->usage(id)); });
}

void pod_runtime::update(std::string id, container::Resources resources,
                         reply<container::Done> done) {
  engine_->when_ready(
      [e = engine_.get(), id = std::move(id), resources = std::move(resources),
       done = std::move(done)] { done(e->update(id, resources)); });
}

void pod_runtime::image_status(container::ImageStatus what,
                               reply<container::ImageStatusResult> done) {
  engine_->when_ready(
      [e = engine_.get(), what = std::move(what), done = std::move(done)] {
        auto found = e->image(what.image(), what.own_command());
        container::ImageStatusResult result;
        if (found)
          *result.mutable_image() = *found;
        else if (!is(found.error(), ec::not_found))
          return done(found.error());
        done(result);
      });
}

void pod_runtime::pull(container::PullImage what,
                       reply<container::Image> done) {
  engine_->when_ready([e = engine_.get(), what = std::move(what),
                       done = std::move(done)] { e->pull(what, done); });
}

} // namespace troupe::process

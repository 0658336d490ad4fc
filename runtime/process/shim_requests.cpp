#include "runtime/process/shim.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/stat.h>

namespace troupe::process::shim {

namespace {

container* running(uint32_t tag, wire_reader& fields) {
  auto id = fields.text();
  auto c = find_container(id.data());
  if (c == nullptr)
    answer(tag, fail(ENOENT, "no container %s", id.data()));
  else if (c->init == 0 || c->state != container_state::running) {
    answer(tag, fail(ESRCH, "container %s is not running", id.data()));
    return nullptr;
  }
  return c;
}

/// It was created and nobody has asked for more.
bool is_fresh(const container& c) {
  return c.state == container_state::created && !c.starting;
}

void drop_container(container& c) {
  auto at = &state.containers;
  while (*at != &c)
    at = &(*at)->next;
  *at = c.next;
  free_config(c.config);
  free_groups(c.groups);
  free(c.id);
  free(c.folder);
  delete &c;
}

} // namespace

void on_list(uint32_t tag) {
  auto begin = begin_frame(frame_kind::answer, tag);
  wire_writer<buffer> out{state.out};
  uint32_t count = 0;
  for (auto c = state.containers; c != nullptr; c = c->next)
    ++count;
  out.u32(0).text("").u32(count);
  for (auto c = state.containers; c != nullptr; c = c->next) {
    out.u32(static_cast<uint32_t>(c->state));
    put_exit(state.out, *c);
  }
  end_frame(begin);
}

void on_create(uint32_t tag, const char* payload, size_t size) {
  auto c = new container;
  c->frame.append(payload, size);
  auto result =
      parse_config({c->frame.data(), c->frame.data() + size}, c->config);
  // Whoever asked before has not heard that it was done.
  if (auto old = result ? nullptr : find_container(c->config.id); old) {
    if (is_fresh(*old))
      drop_container(*old);
    else
      result = fail(EEXIST, "container %s exists", c->config.id);
  }
  if (!result && mkdir(c->config.folder, 0700) != 0 && errno != EEXIST)
    result = fail(errno, "mkdir %s: %s", c->config.folder, strerror(errno));
  if (result) {
    free_config(c->config);
    delete c;
    return answer(tag, result);
  }
  c->id = strdup(c->config.id);
  c->folder = strdup(c->config.folder);
  c->flags = c->config.flags;
  c->stop_signal = c->config.stop_signal;
  c->next = state.containers;
  state.containers = c;
  answer(tag);
}

void on_start(uint32_t tag, wire_reader fields) {
  auto id = fields.text();
  auto c = find_container(id.data());
  if (c == nullptr)
    return answer(tag, fail(ENOENT, "no container %s", id.data()));
  // Asked before: it is the same start.
  if (c->starting) {
    wire_writer<buffer>{c->start_tags}.u32(tag);
    return;
  }
  if (c->state != container_state::created)
    return answer_start(*c, tag);
  if (state.ending)
    return answer(tag, fail(ESHUTDOWN, "the pod of %s is ending", id.data()));
  c->starting = true;
  wire_writer<buffer>{c->start_tags}.u32(tag);
  auto result = launch_container(*c);
  // Its init has a copy; secrets stay nowhere else.
  free_config(c->config);
  c->frame.wipe();
  if (result) {
    c->main_ended = true;
    c->finished = now_ns();
    c->code = 128;
    c->reason = "StartError";
    snprintf(c->message, sizeof(c->message), "%s", result.text);
    finish_container(*c);
  }
}

void on_stop(uint32_t tag, wire_reader fields) {
  auto id = fields.text();
  auto grace = fields.i64();
  auto c = find_container(id.data());
  if (c == nullptr)
    return answer(tag, fail(ENOENT, "no container %s", id.data()));
  if (c->init == 0) {
    if (c->state == container_state::created) {
      c->finished = now_ns();
      c->code = 128 + SIGKILL;
      c->reason = "Error";
      snprintf(c->message, sizeof(c->message), "stopped before its start");
      free_config(c->config);
      c->frame.wipe();
      tell_exit(*c);
    }
    return answer(tag);
  }
  wire_writer<buffer>{c->stop_tags}.u32(tag);
  if (grace <= 0 || c->main_ended)
    return kill_container(*c);
  if (c->kill_at == 0 && c->force_at == 0) {
    init_message message;
    message.what = init_message::send;
    message.value = c->stop_signal;
    tell_init(*c, message);
  }
  auto at = now_ms() + grace;
  if (c->force_at == 0 && (c->kill_at == 0 || at < c->kill_at))
    c->kill_at = at;
}

void on_signal(uint32_t tag, wire_reader fields) {
  auto c = running(tag, fields);
  if (c == nullptr)
    return;
  init_message message;
  message.what = init_message::send;
  message.value = static_cast<int32_t>(fields.i64());
  if (message.value < 1 || message.value > 64)
    return answer(tag, fail(EINVAL, "there is no signal %d", message.value));
  tell_init(*c, message);
  answer(tag);
}

void on_remove(uint32_t tag, wire_reader fields) {
  auto id = fields.text();
  if (auto c = find_container(id.data())) {
    if (c->init != 0)
      return answer(tag, fail(EBUSY, "container %s is running", id.data()));
    drop_container(*c);
  }
  answer(tag);
}

void on_reopen(uint32_t tag, wire_reader fields) {
  if (auto c = running(tag, fields))
    answer(tag, reopen_log(c->log));
}

void on_shutdown(uint32_t tag) {
  state.ending = true;
  state.ending_tag = tag;
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (c->init != 0)
      kill_container(*c);
}

} // namespace troupe::process::shim

#include "runtime/process/log_stream.hpp"
#include "runtime/process/pod_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

constexpr auto exec_deadline = 10s;
constexpr uint32_t sync_credit = 8;
constexpr size_t longest_sync_output = 1 << 20;
/// Chunks of one log sent before others have their turn.
constexpr int log_burst = 16;

template <class Texts>
bool is_command(const Texts& texts) {
  if (texts.empty() || texts.Get(0).empty())
    return false;
  for (auto& text : texts)
    if (text.find('\0') != std::string::npos)
      return false;
  return true;
}

caf::error no_command() {
  return make_error(ec::invalid, "command: must be at least one word, none of "
                                 "them with a NUL");
}

void cut(std::string& text, const std::string& more) {
  auto room = longest_sync_output - std::min(longest_sync_output, text.size());
  text.append(more, 0, room);
}

/// What an exec_sync has gathered.
struct gathered {
  container::ExecResult result;
  reply<container::ExecResult> done;
  bool timed_out = false;
};

} // namespace

void pod_runtime::engine::open(frame_kind kind, const std::string& id,
                               std::string fields, stream what, uint32_t tag,
                               reply<container::StreamOpened> done) {
  auto [p, c] = find(id);
  if (p == nullptr)
    return done(make_error(ec::not_found, "no container " + id));
  if (c->state() != container::RUNNING || !p->link)
    return done(
        make_error(ec::conflict, "container " + id + " is not running"));
  what.pod = p->info.id();
  what.container = id;
  streams_[tag] = std::move(what);
  p->link->request(
      kind, tag, fields, exec_deadline,
      [this, tag, done = std::move(done)](const shim_answer& result) {
        if (result.code != 0) {
          streams_.erase(tag);
          return done(error_of(result));
        }
        container::StreamOpened opened;
        opened.set_stream(tag);
        done(opened);
        auto at = streams_.find(tag);
        if (at == streams_.end() || !at->second.sink.credit)
          return;
        container::StreamCredit credit;
        credit.set_stream(tag);
        credit.set_chunks(input_window);
        at->second.sink.credit(credit);
      });
}

void pod_runtime::engine::exec(const container::Exec& what, stream_sink sink,
                               reply<container::StreamOpened> done) {
  if (!is_command(what.command()))
    return done(no_command());
  std::string fields;
  uint32_t flags =
      (what.tty() ? with_tty : 0u) | (what.stdin() ? with_stdin : 0u);
  wire_writer<std::string>{fields}
      .text(what.container_id())
      .u32(flags)
      .u32(what.credit())
      .u32(what.width())
      .u32(what.height());
  wire_writer<std::string>{fields}.texts(what.command());
  if (!what.stdin())
    sink.credit = nullptr;
  stream s;
  s.sink = std::move(sink);
  open(frame_kind::exec, what.container_id(), std::move(fields), std::move(s),
       pod_link::next_tag(), std::move(done));
}

void pod_runtime::engine::attach(const container::Attach& what,
                                 stream_sink sink,
                                 reply<container::StreamOpened> done) {
  std::string fields;
  wire_writer<std::string>{fields}
      .text(what.container_id())
      .u32(what.stdin() ? with_stdin : 0u)
      .u32(what.credit());
  if (!what.stdin())
    sink.credit = nullptr;
  stream s;
  s.sink = std::move(sink);
  open(frame_kind::attach, what.container_id(), std::move(fields), std::move(s),
       pod_link::next_tag(), std::move(done));
}

void pod_runtime::engine::exec_sync(const container::ExecSync& what,
                                    reply<container::ExecResult> done) {
  if (!is_command(what.command()))
    return done(no_command());
  auto tag = pod_link::next_tag();
  auto all = std::make_shared<gathered>();
  all->done = std::move(done);
  stream s;
  s.ours = true;
  s.sink.data = [all](const container::StreamData& data) {
    cut(data.channel() == container::STDERR ? *all->result.mutable_stderr()
                                            : *all->result.mutable_stdout(),
        data.data());
  };
  s.sink.end = [all](const container::StreamEnd& end) {
    if (all->timed_out)
      return;
    if (!end.error().empty())
      return all->done(make_error(ec::conflict, end.error()));
    all->result.set_exit_code(end.exit_code());
    all->done(all->result);
  };
  std::string fields;
  wire_writer<std::string>{fields}
      .text(what.container_id())
      .u32(0)
      .u32(sync_credit)
      .u32(0)
      .u32(0);
  wire_writer<std::string>{fields}.texts(what.command());
  uint64_t timer = 0;
  if (what.timeout_ms() > 0)
    timer =
        loop_.after(std::chrono::milliseconds{what.timeout_ms()},
                    [this, all, tag, limit = what.timeout_ms()] {
                      if (streams_.count(tag) == 0)
                        return;
                      all->timed_out = true;
                      close(tag);
                      all->done(make_error(
                          ec::timeout, "command timed out after "
                                           + std::to_string(limit) + " ms"));
                    });
  open(frame_kind::exec, what.container_id(), std::move(fields), std::move(s),
       tag, [this, all, timer](expected<container::StreamOpened> opened) {
         if (opened || all->timed_out)
           return;
         loop_.cancel(timer);
         all->done(opened.error());
       });
}

void pod_runtime::engine::on_stream_frame(const frame_header& header,
                                          wire_reader fields) {
  auto at = streams_.find(header.tag);
  if (at == streams_.end())
    return;
  auto& s = at->second;
  if (header.kind == frame_kind::output) {
    container::StreamData data;
    data.set_stream(header.tag);
    data.set_channel(fields.u32() == 2 ? container::STDERR : container::STDOUT);
    data.set_data(std::string{fields.text()});
    s.sink.data(std::move(data));
    if (s.ours)
      if (auto p = find_pod(s.pod); p && p->link) {
        std::string one;
        wire_writer<std::string>{one}.u32(1);
        p->link->tell(frame_kind::credit, header.tag, one);
      }
  } else if (header.kind == frame_kind::input_credit) {
    container::StreamCredit credit;
    credit.set_stream(header.tag);
    credit.set_chunks(fields.u32());
    if (s.sink.credit)
      s.sink.credit(credit);
  } else if (header.kind == frame_kind::ended) {
    auto code = static_cast<int32_t>(fields.i64());
    finish_exec(header.tag, code, std::string{fields.text()});
  }
}

void pod_runtime::engine::finish_exec(uint64_t id, int32_t code,
                                      const std::string& error) {
  auto at = streams_.find(id);
  if (at == streams_.end())
    return;
  auto s = std::move(at->second);
  streams_.erase(at);
  container::StreamEnd end;
  end.set_stream(id);
  end.set_exit_code(code);
  end.set_error(error);
  s.sink.end(std::move(end));
}

void pod_runtime::engine::end_streams_of(const std::string& sandbox) {
  std::vector<uint64_t> ended;
  for (auto& [id, s] : streams_)
    if (s.pod == sandbox && !s.log)
      ended.push_back(id);
  for (auto id : ended)
    finish_exec(id, 137, "the connection to the pod broke");
}

void pod_runtime::engine::input(const container::StreamData& data) {
  auto at = streams_.find(data.stream());
  if (at == streams_.end() || at->second.log)
    return;
  auto p = find_pod(at->second.pod);
  if (p == nullptr || !p->link)
    return;
  std::string_view rest = data.data();
  do {
    auto part = rest.substr(0, max_chunk);
    rest.remove_prefix(part.size());
    std::string fields;
    wire_writer<std::string>{fields}.text(part).u32(
        data.end() && rest.empty() ? 1 : 0);
    p->link->tell(frame_kind::input, static_cast<uint32_t>(data.stream()),
                  fields);
  } while (!rest.empty());
}

void pod_runtime::engine::credit(const container::StreamCredit& credit) {
  auto at = streams_.find(credit.stream());
  if (at == streams_.end())
    return;
  if (at->second.log) {
    at->second.log_credit += credit.chunks();
    return pump_log(credit.stream());
  }
  auto p = find_pod(at->second.pod);
  if (p == nullptr || !p->link)
    return;
  std::string fields;
  wire_writer<std::string>{fields}.u32(credit.chunks());
  p->link->tell(frame_kind::credit, static_cast<uint32_t>(credit.stream()),
                fields);
}

void pod_runtime::engine::resize(const container::StreamResize& size) {
  auto at = streams_.find(size.stream());
  if (at == streams_.end())
    return;
  auto p = find_pod(at->second.pod);
  if (p == nullptr || !p->link)
    return;
  std::string fields;
  wire_writer<std::string>{fields}.u32(size.width()).u32(size.height());
  p->link->tell(frame_kind::resize, static_cast<uint32_t>(size.stream()),
                fields);
}

void pod_runtime::engine::close(uint64_t id) {
  auto at = streams_.find(id);
  if (at == streams_.end())
    return;
  auto p = at->second.log ? nullptr : find_pod(at->second.pod);
  unwatch_log(at->second);
  streams_.erase(at);
  if (p != nullptr && p->link)
    p->link->tell(frame_kind::close, static_cast<uint32_t>(id), {});
}

void pod_runtime::engine::logs(const container::Logs& what, stream_sink sink,
                               reply<container::StreamOpened> done) {
  auto [p, c] = find(what.container_id());
  if (p == nullptr)
    return done(
        make_error(ec::not_found, "no container " + what.container_id()));
  if (c->log_path().empty())
    return done(make_error(ec::not_found, "container " + what.container_id()
                                              + " keeps no log"));
  auto id = pod_link::next_tag();
  auto& s = streams_[id];
  s.container = what.container_id();
  s.sink = std::move(sink);
  s.log = std::make_shared<log_stream>(c->log_path(), what);
  s.log_credit = what.credit();
  s.follow = what.follow();
  if (s.follow)
    watch_log(s, c->log_path());
  container::StreamOpened opened;
  opened.set_stream(id);
  done(opened);
  pump_log(id);
}

/// Follows the folder: it tells of writes and of files set aside.
void pod_runtime::engine::watch_log(stream& s, const std::string& path) {
  if (inotify_ < 0) {
    inotify_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inotify_ < 0)
      return;
    loop_.watch(inotify_, EPOLLIN, [this](uint32_t) { on_log_events(); });
  }
  auto folder = std::filesystem::path{path}.parent_path();
  s.watch = inotify_add_watch(inotify_, folder.c_str(),
                              IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

void pod_runtime::engine::unwatch_log(const stream& s) {
  if (s.watch < 0)
    return;
  auto users =
      std::count_if(streams_.begin(), streams_.end(),
                    [&](auto& entry) { return entry.second.watch == s.watch; });
  if (users == 1)
    inotify_rm_watch(inotify_, s.watch);
}

void pod_runtime::engine::on_log_events() {
  alignas(inotify_event) char bytes[4096];
  std::vector<int> changed;
  for (ssize_t size; (size = ::read(inotify_, bytes, sizeof(bytes))) > 0;)
    for (ssize_t at = 0; at < size;) {
      auto event = reinterpret_cast<const inotify_event*>(bytes + at);
      changed.push_back(event->wd);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  std::vector<uint64_t> ready;
  for (auto& [id, s] : streams_)
    if (s.watch >= 0
        && std::find(changed.begin(), changed.end(), s.watch) != changed.end())
      ready.push_back(id);
  for (auto id : ready)
    pump_log(id);
}

void pod_runtime::engine::pump_log(uint64_t id) {
  for (int burst = 0;; ++burst) {
    auto at = streams_.find(id);
    if (at == streams_.end() || !at->second.log)
      return;
    auto& s = at->second;
    if (s.log_credit == 0)
      return;
    if (burst == log_burst)
      return loop_.post([this, id] { pump_log(id); });
    // Asked first: what is written until it has ended is read below.
    auto [p, c] = find(s.container);
    auto over = c == nullptr || c->state() != container::RUNNING || !s.follow;
    container::StreamData data;
    container::Channel channel = container::STDOUT;
    if (s.log->read(*data.mutable_data(), channel, max_chunk)) {
      --s.log_credit;
      data.set_stream(id);
      data.set_channel(channel);
      s.sink.data(std::move(data));
    } else if (over || s.log->exhausted()) {
      unwatch_log(s);
      return finish_exec(id, 0, {});
    } else {
      return;
    }
  }
}

} // namespace troupe::process

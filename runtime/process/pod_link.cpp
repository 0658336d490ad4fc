#include "runtime/process/pod_link.hpp"

#include "runtime/process/event_loop.hpp"

#include <atomic>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::process {

pod_link::pod_link(event_loop& loop, int fd) : loop_(loop), fd_(fd) {
  // nop
}

pod_link::~pod_link() {
  if (fd_ >= 0)
    ::close(fd_);
}

uint32_t pod_link::next_tag() {
  static std::atomic<uint32_t> last{0};
  auto tag = ++last;
  return tag == 0 ? ++last : tag;
}

void pod_link::start(frame_handler frames, std::function<void()> lost) {
  frames_ = std::move(frames);
  lost_ = std::move(lost);
  loop_.watch(fd_, EPOLLIN, [weak = weak_from_this()](uint32_t events) {
    if (auto self = weak.lock())
      self->on_events(events);
  });
}

void pod_link::close() {
  if (fd_ < 0)
    return;
  loop_.forget(fd_);
  ::close(fd_);
  fd_ = -1;
  frames_ = nullptr;
  lost_ = nullptr;
  auto open = std::move(pending_);
  pending_.clear();
  for (auto& [tag, entry] : open) {
    loop_.cancel(entry.timer);
    entry.done({EPIPE, "the pod's shim is gone", {}});
  }
}

void pod_link::lose() {
  auto lost = std::move(lost_);
  auto keep = shared_from_this();
  close();
  if (lost)
    lost();
}

void pod_link::request(frame_kind kind, const fields& payload,
                       std::chrono::milliseconds deadline,
                       answer_handler done) {
  request(kind, next_tag(), payload, deadline, std::move(done));
}

void pod_link::request(frame_kind kind, uint32_t tag, const fields& payload,
                       std::chrono::milliseconds deadline,
                       answer_handler done) {
  if (fd_ < 0)
    return done({EPIPE, "the pod's shim is gone", {}});
  auto& entry = pending_[tag];
  entry.done = std::move(done);
  entry.timer = loop_.after(deadline, [weak = weak_from_this(), tag] {
    if (auto self = weak.lock())
      self->finish(tag, {ETIMEDOUT, "the pod's shim does not answer", {}});
  });
  tell(kind, tag, payload);
}

void pod_link::tell(frame_kind kind, uint32_t tag, const fields& payload) {
  if (fd_ < 0)
    return;
  frame_header header;
  header.size = static_cast<uint32_t>(payload.size());
  header.kind = kind;
  header.tag = tag;
  wire_writer<std::string>{out_}.number(header);
  out_ += payload;
  flush();
}

void pod_link::finish(uint32_t tag, const shim_answer& result) {
  auto at = pending_.find(tag);
  if (at == pending_.end())
    return;
  auto entry = std::move(at->second);
  pending_.erase(at);
  loop_.cancel(entry.timer);
  entry.done(result);
}

void pod_link::on_events(uint32_t events) {
  auto keep = shared_from_this();
  if (events & EPOLLOUT)
    flush();
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    read_some();
}

void pod_link::flush() {
  while (fd_ >= 0 && !out_.empty()) {
    auto written =
        send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR)
      continue;
    // A broken connection is seen when it is read.
    if (written < 0)
      break;
    out_.erase(0, static_cast<size_t>(written));
  }
  auto waits = !out_.empty();
  if (fd_ >= 0 && waits != writing_) {
    writing_ = waits;
    loop_.change(fd_, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

void pod_link::read_some() {
  if (fd_ < 0)
    return;
  char bytes[64 * 1024];
  auto size = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (size <= 0)
    return lose();
  in_.append(bytes, static_cast<size_t>(size));
  size_t at = 0;
  while (fd_ >= 0 && in_.size() - at >= sizeof(frame_header)) {
    frame_header header;
    memcpy(&header, in_.data() + at, sizeof(header));
    if (header.size > max_frame)
      return lose();
    if (in_.size() - at < sizeof(header) + header.size)
      break;
    auto payload = in_.data() + at + sizeof(header);
    dispatch(header, {payload, payload + header.size});
    at += sizeof(header) + header.size;
  }
  in_.erase(0, at);
}

void pod_link::dispatch(const frame_header& header, wire_reader reader) {
  if (header.kind != frame_kind::answer) {
    if (frames_)
      frames_(header, reader);
    return;
  }
  shim_answer result;
  result.code = static_cast<int>(reader.u32());
  result.message = std::string{reader.text()};
  result.rest = reader;
  finish(header.tag, result);
}

} // namespace troupe::process

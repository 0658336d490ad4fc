#include "runtime/process/shim.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// What both kinds of init wait for, and how they are told.
namespace troupe::process::shim {

namespace {

void on_channel(const init_acts& acts) {
  init_message message;
  iovec part{&message, sizeof(message)};
  alignas(cmsghdr) char space[CMSG_SPACE(4 * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = space;
  header.msg_controllen = sizeof(space);
  auto size = recvmsg(channel_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (size != sizeof(message))
    acts.end_all();
  int fds[4] = {-1, -1, -1, -1};
  auto control = CMSG_FIRSTHDR(&header);
  if (control != nullptr && control->cmsg_type == SCM_RIGHTS)
    memcpy(fds, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
  if (message.what == init_message::exec)
    acts.on_exec(message, fds);
  else if (message.what == init_message::send)
    acts.on_signal(message);
  else if (message.what == init_message::kill_all)
    acts.end_all();
  for (auto& fd : fds)
    close_fd(fd);
}

} // namespace

void serve_init(const init_acts& acts) {
  for (;;) {
    pollfd fds[2] = {{channel_fd, POLLIN, 0}, {signal_fd, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0)
      continue;
    signalfd_siginfo info{};
    while (read(signal_fd, &info, sizeof(info)) > 0) {
    }
    acts.reap();
    if (acts.is_over())
      acts.end_all();
    if (fds[0].revents != 0)
      on_channel(acts);
  }
}

told_fields::told_fields(int fd) {
  struct stat info {};
  fstat(fd, &info);
  size_ = static_cast<size_t>(info.st_size);
  bytes_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (bytes_ == MAP_FAILED) {
    problem = fail(errno, "command: %s", strerror(errno));
    return;
  }
  fields.at = static_cast<const char*>(bytes_);
  fields.end = fields.at + size_;
}

told_fields::~told_fields() {
  if (bytes_ != MAP_FAILED)
    munmap(bytes_, size_);
}

} // namespace troupe::process::shim

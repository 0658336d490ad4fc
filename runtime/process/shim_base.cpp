#include "runtime/process/shim.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

// Without these the C++ library and its exceptions would be linked in.
void* operator new(size_t size) {
  auto result = malloc(size);
  if (result == nullptr)
    abort();
  return result;
}

void operator delete(void* place) noexcept {
  free(place);
}

void operator delete(void* place, size_t) noexcept {
  free(place);
}

namespace troupe::process::shim {

buffer::~buffer() {
  wipe();
}

char* buffer::room(size_t size) {
  if (size_ + size > capacity_) {
    auto wanted = capacity_ == 0 ? size_t{256} : capacity_;
    while (wanted < size_ + size)
      wanted *= 2;
    auto data = static_cast<char*>(realloc(data_, wanted));
    if (data == nullptr)
      abort();
    data_ = data;
    capacity_ = wanted;
  }
  return data_ + size_;
}

void buffer::append(const char* data, size_t size) {
  if (size == 0)
    return;
  memcpy(room(size), data, size);
  size_ += size;
}

void buffer::consume(size_t size) {
  size_ -= size;
  if (size_ > 0)
    memmove(data_, data_ + size, size_);
  else if (capacity_ > 64 * 1024)
    wipe();
}

void buffer::wipe() {
  if (data_ != nullptr) {
    explicit_bzero(data_, capacity_);
    free(data_);
  }
  data_ = nullptr;
  size_ = capacity_ = 0;
}

failure fail(int code, const char* format, ...) {
  failure result;
  result.code = code == 0 ? EIO : code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(result.text, sizeof(result.text), format, arguments);
  va_end(arguments);
  return result;
}

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void set_nonblocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void close_fd(int& fd) {
  if (fd >= 0)
    close(fd);
  fd = -1;
}

} // namespace troupe::process::shim

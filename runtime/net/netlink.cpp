#include "runtime/net/netlink.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sched.h>
#include <sys/socket.h>
#include <thread>

namespace troupe::net {

namespace {

constexpr size_t alignment = NLMSG_ALIGNTO;

caf::error kernel_error(int code) {
  return make_error(code == EPERM || code == EACCES ? ec::forbidden
                    : code == EEXIST                ? ec::already_exists
                    : code == ENODEV || code == ENOENT || code == ESRCH
                            || code == EADDRNOTAVAIL
                        ? ec::not_found
                        : ec::internal_error,
                    std::strerror(code));
}

size_t padded(size_t size) {
  return (size + alignment - 1) / alignment * alignment;
}

} // namespace

netlink_request::netlink_request(uint16_t type, uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof(header));
}

void netlink_request::append(const void* data, size_t size) {
  bytes_.append(static_cast<const char*>(data), size);
  bytes_.resize(padded(bytes_.size()));
}

void netlink_request::attribute(uint16_t type, std::string_view bytes) {
  auto at = open(type);
  append(bytes.data(), bytes.size());
  // The length of an attribute is without its padding.
  nlattr header{static_cast<uint16_t>(sizeof(nlattr) + bytes.size()), type};
  std::memcpy(bytes_.data() + at, &header, sizeof(header));
}

void netlink_request::attribute(uint16_t type, uint32_t value) {
  attribute(type, {reinterpret_cast<const char*>(&value), sizeof(value)});
}

void netlink_request::attribute(uint16_t type, ipv4 x) {
  attribute(type, htonl(x.value));
}

size_t netlink_request::open(uint16_t type) {
  auto at = bytes_.size();
  nlattr header{sizeof(nlattr), type};
  append(&header, sizeof(header));
  return at;
}

void netlink_request::close(size_t opened) {
  nlattr header{};
  std::memcpy(&header, bytes_.data() + opened, sizeof(header));
  header.nla_len = static_cast<uint16_t>(bytes_.size() - opened);
  std::memcpy(bytes_.data() + opened, &header, sizeof(header));
}

std::string netlink_request::finish(uint32_t sequence) const {
  auto out = bytes_;
  nlmsghdr header{};
  std::memcpy(&header, out.data(), sizeof(header));
  header.nlmsg_len = static_cast<uint32_t>(out.size());
  header.nlmsg_seq = sequence;
  std::memcpy(out.data(), &header, sizeof(header));
  return out;
}

std::string_view find_attribute(const nlmsghdr* message, size_t skip,
                                uint16_t type) {
  auto* at = reinterpret_cast<const char*>(NLMSG_DATA(message)) + padded(skip);
  auto* end = reinterpret_cast<const char*>(message) + message->nlmsg_len;
  while (at + sizeof(nlattr) <= end) {
    nlattr header{};
    std::memcpy(&header, at, sizeof(header));
    if (header.nla_len < sizeof(header) || at + header.nla_len > end)
      break;
    if ((header.nla_type & NLA_TYPE_MASK) == type)
      return {at + sizeof(header), header.nla_len - sizeof(header)};
    at += padded(header.nla_len);
  }
  return {};
}

expected<netlink> netlink::open() {
  unique_fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!fd)
    return kernel_error(errno);
  int on = 1;
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&self), sizeof(self)) != 0)
    return kernel_error(errno);
  return netlink{std::move(fd)};
}

// A socket belongs to the namespace it was made in. A thread of its own enters
// the namespace, so that nobody else is ever in the wrong one.
expected<netlink> netlink::open_in(int ns) {
  expected<netlink> out{caf::error{}};
  std::thread{[&] {
    if (::setns(ns, CLONE_NEWNET) == 0)
      out = open();
    else
      out = kernel_error(errno);
  }}.join();
  return out;
}

expected<void> netlink::run(const netlink_request& x) {
  return converse(x, [](const nlmsghdr*) {});
}

expected<void> netlink::list(const netlink_request& x,
                             const std::function<void(const nlmsghdr*)>& each) {
  return converse(x, each);
}

expected<void>
netlink::converse(const netlink_request& x,
                  const std::function<void(const nlmsghdr*)>& each) {
  auto bytes = x.finish(++sequence_);
  if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0)
    return kernel_error(errno);
  alignas(nlmsghdr) std::array<char, 65536> buffer;
  while (true) {
    auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return kernel_error(errno);
    auto left = static_cast<size_t>(got);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data());
         NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_seq != sequence_)
        continue; // of an earlier conversation that broke off
      if (at->nlmsg_type == NLMSG_DONE)
        return caf::unit;
      if (at->nlmsg_type == NLMSG_ERROR) {
        auto code = static_cast<const nlmsgerr*>(NLMSG_DATA(at))->error;
        if (code == 0)
          return caf::unit;
        return kernel_error(-code);
      }
      each(at);
    }
  }
}

} // namespace troupe::net

#include "runtime/dns/responder.hpp"
#include "runtime/net/dns_server.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <array>
#include <benchmark/benchmark.h>

namespace troupe::net {

namespace {

constexpr int services = 10'000;
constexpr size_t batch = 64;

dns::service_names service_number(int i) {
  dns::service_names out;
  out.space = "default";
  out.service = "service-" + std::to_string(i);
  rules::ip_address address;
  address.bytes = {10, 96, static_cast<uint8_t>(i >> 8),
                   static_cast<uint8_t>(i)};
  out.addresses = {address};
  out.ports = {{"http", "tcp", 80}};
  return out;
}

dns_change all_names() {
  dns_change out;
  out.spaces = {"default"};
  for (int i = 0; i < services; ++i)
    out.set.push_back(service_number(i));
  return out;
}

std::string question_number(int i) {
  dns::message out;
  out.id = static_cast<uint16_t>(i);
  out.recursion_desired = true;
  out.questions = {{*dns::name::parse("service-" + std::to_string(i % services)
                                      + ".default.svc.cluster.local"),
                    dns::type::a, dns::class_in}};
  return dns::encode(out);
}

/// Without any socket.
void considered(benchmark::State& state) {
  dns::zone zone;
  apply(all_names(), zone);
  std::vector<std::string> questions;
  for (int i = 0; i < services; ++i)
    questions.push_back(question_number(i));
  size_t next = 0;
  for (auto _ : state) {
    auto todo = dns::consider(questions[next++ % questions.size()], zone, 0);
    benchmark::DoNotOptimize(dns::pack(todo.reply, true));
  }
  state.SetItemsProcessed(state.iterations());
}

/// Many questions on their way at once, over one socket.
class client {
public:
  explicit client(const endpoint& to) {
    connect_to(socket_, to);
    for (size_t i = 0; i < batch; ++i) {
      questions_[i] = question_number(static_cast<int>(i * 157));
      out_parts_[i] = {questions_[i].data(), questions_[i].size()};
      out_[i].msg_hdr.msg_iov = &out_parts_[i];
      out_[i].msg_hdr.msg_iovlen = 1;
      in_parts_[i] = {answers_[i].data(), answers_[i].size()};
      in_[i].msg_hdr.msg_iov = &in_parts_[i];
      in_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  /// Returns how many were answered.
  size_t round() {
    ::sendmmsg(socket_.get(), out_.data(), batch, 0);
    size_t got = 0;
    while (got < batch) {
      auto more = ::recvmmsg(socket_.get(), in_.data(),
                             static_cast<unsigned>(batch - got), MSG_WAITFORONE,
                             nullptr);
      if (more <= 0)
        break;
      got += static_cast<size_t>(more);
    }
    return got;
  }

private:
  unique_fd socket_ = plain_socket(SOCK_DGRAM);
  std::array<std::string, batch> questions_;
  std::array<std::array<char, 512>, batch> answers_{};
  std::array<iovec, batch> out_parts_{};
  std::array<iovec, batch> in_parts_{};
  std::array<mmsghdr, batch> out_{};
  std::array<mmsghdr, batch> in_{};
};

/// A server that listens.
struct running {
  explicit running(endpoint at) {
    server.replace({}, all_names(), {});
    server.listen({{protocol::udp, at}});
    while (server.stats().listening == 0) {
    }
  }

  dns_server server;
};

void answered_over_udp(benchmark::State& state) {
  auto place = free_place(SOCK_DGRAM);
  running x{place};
  client asks{place};
  size_t all = 0;
  for (auto _ : state)
    all += asks.round();
  state.SetItemsProcessed(static_cast<int64_t>(all));
}

void one_at_a_time(benchmark::State& state) {
  auto place = free_place(SOCK_DGRAM);
  running x{place};
  auto socket = plain_socket(SOCK_DGRAM);
  connect_to(socket, place);
  auto question = question_number(7);
  char answer[512];
  for (auto _ : state) {
    ::send(socket.get(), question.data(), question.size(), 0);
    if (::recv(socket.get(), answer, sizeof(answer), 0) <= 0)
      state.SkipWithError("no answer");
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(considered);
BENCHMARK(answered_over_udp)->UseRealTime();
BENCHMARK(one_at_a_time)->UseRealTime();

} // namespace

} // namespace troupe::net

BENCHMARK_MAIN();

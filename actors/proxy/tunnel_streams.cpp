#include "actors/proxy/tunnel_streams.hpp"

#include "messages/container.pb.h"
#include "messages/tunnel.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>

#include <vector>

namespace troupe {

namespace {

tunnel::SocketNews::What what_of(net::socket_news::kind kind) {
  switch (kind) {
    case net::socket_news::kind::connected:
      return tunnel::SocketNews::CONNECTED;
    case net::socket_news::kind::data:
      return tunnel::SocketNews::DATA;
    case net::socket_news::kind::ended:
      return tunnel::SocketNews::ENDED;
    case net::socket_news::kind::written:
      return tunnel::SocketNews::WRITTEN;
    case net::socket_news::kind::over:
      break;
  }
  return tunnel::SocketNews::OVER;
}

} // namespace

net::stream_sockets::listener socket_listener(caf::scheduled_actor* self) {
  return [to = self->address()](net::socket_news news) {
    auto handle = caf::actor_cast<caf::actor>(to);
    if (!handle)
      return;
    tunnel::SocketNews msg;
    msg.set_socket(news.socket);
    msg.set_what(what_of(news.what));
    msg.set_text(std::move(news.text));
    caf::anon_send(handle, pb<tunnel::SocketNews>{std::move(msg)});
  };
}

tunnel_streams::tunnel_streams(caf::scheduled_actor* self, tunnel_side side,
                               std::shared_ptr<net::stream_sockets> sockets)
    : self_(self), side_(side), sockets_(std::move(sockets)) {
  // nop
}

tunnel_streams::~tunnel_streams() {
  for (auto& [socket, x] : open_)
    sockets_->abandon(socket);
}

template <class T>
void tunnel_streams::say(const joined& x, T msg) {
  msg.set_stream(x.number);
  x.peer->enqueue(caf::make_mailbox_element(self_->ctrl(),
                                            caf::make_message_id(), {},
                                            pb<T>{std::move(msg)}),
                  self_->context());
}

void tunnel_streams::add(uint64_t socket, uint64_t number,
                         caf::strong_actor_ptr peer) {
  self_->monitor(peer);
  sockets_by_stream_[{caf::actor_cast<caf::actor_addr>(peer), number}] = socket;
  auto& fresh = open_[socket] = {number, std::move(peer)};
  if (side_ == tunnel_side::far)
    return;
  sockets_->allow(socket, tunnel_window);
  container::StreamCredit credit;
  credit.set_chunks(tunnel_window);
  say(fresh, std::move(credit));
}

void tunnel_streams::on_news(const tunnel::SocketNews& news) {
  auto found = open_.find(news.socket());
  if (found == open_.end())
    return;
  auto& x = found->second;
  if (news.what() == tunnel::SocketNews::WRITTEN) {
    container::StreamCredit credit;
    credit.set_chunks(1);
    say(x, std::move(credit));
  } else if (news.what() == tunnel::SocketNews::OVER) {
    tell_over(x, news.text());
    remove(news.socket());
  } else {
    container::StreamData data;
    data.set_channel(side_ == tunnel_side::near ? container::STDIN
                                                : container::STDOUT);
    data.set_data(news.text());
    data.set_end(news.what() == tunnel::SocketNews::ENDED);
    say(x, std::move(data));
    ++passed_;
  }
}

void tunnel_streams::tell_over(const joined& x, const std::string& problem) {
  if (side_ == tunnel_side::near) {
    // After an orderly end the other end still has something to deliver.
    if (!problem.empty())
      say(x, container::StreamClose{});
    return;
  }
  container::StreamEnd end;
  end.set_error(problem);
  say(x, std::move(end));
}

/// 0 when the sender has no such stream. The end of one may have overtaken the
/// news that it is open: who goes on with it is told once more.
uint64_t tunnel_streams::socket_of_sender(uint64_t number) {
  auto sender = self_->current_sender();
  auto found = sockets_by_stream_.find(
      {caf::actor_cast<caf::actor_addr>(sender), number});
  if (found != sockets_by_stream_.end())
    return found->second;
  if (sender && side_ == tunnel_side::far)
    tell_over({number, sender}, "there is no such stream any more");
  return 0;
}

void tunnel_streams::on_data(const container::StreamData& msg) {
  auto socket = socket_of_sender(msg.stream());
  if (socket == 0)
    return;
  ++passed_;
  if (!msg.data().empty())
    sockets_->write(socket, msg.data());
  if (msg.end())
    sockets_->end(socket);
}

void tunnel_streams::on_credit(const container::StreamCredit& msg) {
  if (auto socket = socket_of_sender(msg.stream()); socket != 0)
    sockets_->allow(socket, msg.chunks());
}

void tunnel_streams::on_over(uint64_t number, bool orderly) {
  auto peer = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  auto found = sockets_by_stream_.find({peer, number});
  if (found == sockets_by_stream_.end())
    return;
  auto socket = found->second;
  if (orderly)
    sockets_->finish(socket);
  else
    sockets_->abandon(socket);
  remove(socket);
}

bool tunnel_streams::on_down(const caf::actor_addr& gone) {
  std::vector<uint64_t> theirs;
  for (auto i = sockets_by_stream_.lower_bound({gone, 0});
       i != sockets_by_stream_.end() && i->first.first == gone; ++i)
    theirs.push_back(i->second);
  for (auto socket : theirs) {
    sockets_->abandon(socket);
    remove(socket);
  }
  return !theirs.empty();
}

void tunnel_streams::remove(uint64_t socket) {
  auto gone = open_.extract(socket);
  if (gone.empty())
    return;
  auto& x = gone.mapped();
  auto peer = caf::actor_cast<caf::actor_addr>(x.peer);
  sockets_by_stream_.erase({peer, x.number});
  auto other = sockets_by_stream_.lower_bound({peer, 0});
  if (other == sockets_by_stream_.end() || other->first.first != peer)
    self_->demonitor(peer);
}

} // namespace troupe

#include "runtime/transport/connection_book.hpp"

#include "runtime/transport/stranger.hpp"
#include "runtime/transport/tls_scribe.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

/// How exactly deadlines are kept.
constexpr auto tick_interval = std::chrono::milliseconds(200);
/// Refusals are told of no more often.
constexpr auto say_interval = std::chrono::seconds(1);
/// Connections that two processes make to each other within this time may be
/// in use by neither.
constexpr auto crossing = std::chrono::seconds(1);

} // namespace

connection_book::connection_book(loop& where, secure_files files,
                                 const transport_limits& limits)
    : loop_(where),
      files_(std::make_shared<tls_files>(std::move(files))),
      limits_(limits),
      door_(std::make_shared<loop_door>(where)),
      timer_(std::make_shared<loop_timer>(where)) {
  // nop
}

connection_book::~connection_book() = default;

// -- from any thread ----------------------------------------------------------

transport_counts connection_book::counts() const {
  return {connections_, strangers_count_, refused_};
}

bool connection_book::is_revoked(const std::string& serial) const {
  auto list = std::atomic_load(&revoked_);
  return list && list->contains(serial);
}

void connection_book::revoke(std::set<std::string> serials) {
  std::atomic_store(&revoked_, std::make_shared<const std::set<std::string>>(
                                   std::move(serials)));
  door_->post([self = shared_from_this()] {
    for (auto& [id, scribe] : self->entered_)
      if (self->is_revoked(scribe->who().serial))
        scribe->break_off("its certificate is revoked");
  });
}

void connection_book::hear_joins(join_handler handler) {
  door_->post([self = shared_from_this(), handler = std::move(handler)] {
    self->on_join_ = handler;
    self->files_->hear_joins();
  });
}

void connection_book::open() {
  door_->post([self = shared_from_this()] {
    self->timer_->open([self] { self->tick(); });
  });
}

void connection_book::close() {
  door_->close([self = shared_from_this()] {
    self->closed_ = true;
    self->timer_->close();
    self->later_.clear();
    self->on_join_ = nullptr;
    while (self->give_way("the process ends"))
      ;
  });
}

// -- strangers ----------------------------------------------------------------

void connection_book::admit(caf::intrusive_ptr<stranger> who) {
  auto& address = who->address();
  if (of_address_[address] >= limits_.strangers_of_address) {
    auto oldest =
        std::find_if(strangers_.begin(), strangers_.end(),
                     [&](const auto& x) { return x->address() == address; });
    auto keep = *oldest;
    keep->send_away("others from its address came after it");
  }
  if (strangers_.size() >= limits_.strangers) {
    auto keep = strangers_.front();
    keep->send_away("others came after it");
  }
  ++of_address_[address];
  strangers_.push_back(std::move(who));
  strangers_count_ = strangers_.size();
  timer_->set(tick_interval);
}

void connection_book::forget(const stranger& who) {
  auto found = std::find_if(strangers_.begin(), strangers_.end(),
                            [&](const auto& x) { return x.get() == &who; });
  if (found == strangers_.end())
    return;
  auto count = of_address_.find(who.address());
  if (--count->second == 0)
    of_address_.erase(count);
  strangers_.erase(found);
  strangers_count_ = strangers_.size();
}

bool connection_book::give_way(const std::string& why) {
  if (strangers_.empty())
    return false;
  auto keep = strangers_.front();
  keep->send_away(why);
  return true;
}

// -- who has proved itself ----------------------------------------------------

caf::error connection_book::may_enter(const peer& who) const {
  if (is_revoked(who.serial))
    return make_error(ec::unauthorized, "its certificate is revoked");
  if (closed_ || entered_.size() >= limits_.connections)
    return make_error(ec::too_many_requests, "there are too many connections");
  auto same = of_user_.find(who.who.user);
  if (same != of_user_.end()
      && same->second >= limits_.of(who.role).connections)
    return make_error(ec::too_many_requests,
                      "it has too many connections already");
  return caf::none;
}

caf::error connection_book::enter(tls_scribe& who) {
  if (auto err = may_enter(who.who()))
    return err;
  entered_.emplace(who.hdl().id(), &who);
  ++of_user_[who.who().who.user];
  connections_ = entered_.size();
  timer_->set(tick_interval);
  return caf::none;
}

void connection_book::leave(const tls_scribe& who) {
  auto id = who.hdl().id();
  if (entered_.erase(id) == 0)
    return;
  auto count = of_user_.find(who.who().who.user);
  if (--count->second == 0)
    of_user_.erase(count);
  connections_ = entered_.size();
  for (auto it = nodes_.begin(); it != nodes_.end();) {
    it->second.connections.erase(id);
    it = it->second.connections.empty() ? nodes_.erase(it) : std::next(it);
  }
}

caf::error connection_book::claim(tls_scribe& who, const std::string& node) {
  auto& [identity, role, serial] = who.who();
  auto& entry = nodes_[node];
  if (!entry.connections.empty() && entry.user != identity.user) {
    if (role != peer_role::server)
      return make_error(ec::forbidden,
                        "it goes by the identity of another process");
    // A server's number is not to be had by coming first.
    auto others = entry.connections;
    for (auto id : others)
      if (auto other = entered_.find(id); other != entered_.end())
        other->second->break_off("it goes by the identity of a server");
    entry.connections.clear();
  }
  entry.user = identity.user;
  entry.role = role;
  entry.connections.insert(who.hdl().id());
  return caf::none;
}

caf::error connection_book::replace(int64_t id, const std::string& node,
                                    const std::string& own_node) {
  auto found = entered_.find(id);
  if (found == entered_.end())
    return caf::none;
  auto& other = *found->second;
  // The other side sees it alike, by what the two are called.
  if (own_node < node && other.dialled()
      && other.since() + crossing > clock::now())
    return make_error(ec::service_unavailable,
                      "it was dialled at the same moment");
  other.break_off("its process uses another");
  return caf::none;
}

// -- what they cost -----------------------------------------------------------

void connection_book::refuse(const std::string& who, const std::string& why) {
  ++refused_;
  auto now = clock::now();
  if (now - last_said_ < say_interval) {
    ++unsaid_;
    return;
  }
  last_said_ = now;
  spdlog::warn("closed a connection peer={} reason=\"{}\" unsaid={}", who, why,
               std::exchange(unsaid_, 0));
}

const join_handler* connection_book::hear_join() {
  auto now = clock::now();
  while (!joins_.empty() && now - joins_.front() >= std::chrono::seconds(1))
    joins_.pop_front();
  if (!on_join_ || joins_.size() >= limits_.joins_per_second)
    return nullptr;
  joins_.push_back(now);
  return &on_join_;
}

void connection_book::later(std::function<void()> what) {
  if (closed_)
    return;
  later_.push_back(std::move(what));
  timer_->set(tick_interval);
}

void connection_book::close_late(clock::time_point now) {
  std::vector<caf::intrusive_ptr<stranger>> late;
  for (auto& each : strangers_)
    if (each->deadline() <= now)
      late.push_back(each);
  for (auto& each : late)
    each->send_away("it did not prove itself in time");
  for (auto& [id, scribe] : entered_)
    if (!scribe->greeted() && scribe->since() + limits_.handshake <= now)
      scribe->break_off("it did not say who it is in time");
}

void connection_book::tick() {
  auto now = clock::now();
  close_late(now);
  for (auto& each : std::exchange(later_, {}))
    each();
  auto waits = [](const auto& each) { return !each.second->greeted(); };
  if (!strangers_.empty() || !later_.empty()
      || std::any_of(entered_.begin(), entered_.end(), waits))
    timer_->set(tick_interval);
}

} // namespace troupe

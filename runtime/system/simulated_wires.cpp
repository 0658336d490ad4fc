#include "runtime/system/simulated_wires.hpp"

#include "messages/container_interface.hpp"
#include "messages/interfaces.hpp"
#include "messages/kubelet_interface.hpp"
#include "runtime/system/chance.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_proxy.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace troupe {

namespace {

using caf::strong_actor_ptr;
using instant = caf::actor_clock::time_point;

/// The two ends of a connection.
enum side : size_t { near = 0, far = 1 };

side other(side of) {
  return of == near ? far : near;
}

bool is_below(const std::string& path, const std::string& top) {
  return top.empty() || path == top || path.rfind(top + "/", 0) == 0;
}

/// The part of the cluster that would share a process with the actor.
std::string process_of(const std::string& path) {
  auto first = path.find('/');
  if (first == std::string::npos || path.substr(0, first) != "kubelet")
    return path.substr(0, first);
  return path.substr(0, path.find('/', first + 1));
}

} // namespace

// -- the clock's way back -----------------------------------------------------

/// Hears from the clock when something is due.
class simulated_wires::carrier : public caf::monitorable_actor {
public:
  explicit carrier(caf::actor_config& cfg) : monitorable_actor(cfg) {
    // nop
  }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    auto number = what->content().get_as<uint64_t>(0);
    auto found = tasks.find(number);
    if (found == tasks.end())
      return;
    auto task = std::move(found->second);
    tasks.erase(found);
    task();
  }

  std::map<uint64_t, std::function<void()>> tasks;
  uint64_t last = 0;
};

// -- an actor as it is seen from the other end --------------------------------

class simulated_wires::far_actor : public caf::actor_proxy {
public:
  far_actor(caf::actor_config& cfg, std::weak_ptr<connection> line, side seen,
            strong_actor_ptr whom)
      : actor_proxy(cfg),
        line_(std::move(line)),
        seen_(seen),
        whom_(std::move(whom)) {
    // nop
  }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;

  void kill_proxy(caf::execution_unit* ctx, caf::error reason) override {
    whom_ = nullptr;
    cleanup(std::move(reason), ctx);
  }

  side seen() const { return seen_; }
  const strong_actor_ptr& whom() const { return whom_; }

private:
  std::weak_ptr<connection> line_;
  side seen_; ///< from this end
  strong_actor_ptr whom_;
};

// -- connections --------------------------------------------------------------

class simulated_wires::connection
    : public std::enable_shared_from_this<connection> {
public:
  connection(simulated_wires& net, std::string from, std::string to)
      : net_(&net), paths_{std::move(from), std::move(to)} {
    // nop
  }

  const std::string& path(side of) const { return paths_[of]; }
  bool is_over() const { return broken_[near] && broken_[far]; }

  /// Returns an actor of the one end as it is seen from the other.
  strong_actor_ptr seen_from(side here, const strong_actor_ptr& whom);

  /// Sends from an end to an actor of the other.
  void send(side from, const strong_actor_ptr& to,
            caf::mailbox_element_ptr what);

  /// Messages wait from now on; both ends begin to lose patience.
  void cut();
  void heal();

  /// The connection is dead for this end; the other learns of it when it can.
  void break_at(side here);

  /// Nothing of it is left.
  void drop();
  bool is_dropped() const { return net_ == nullptr; }

private:
  struct parcel {
    instant due;
    std::function<void()> deliver;
  };

  void put(side from, std::function<void()> deliver);
  void arrive(side to);
  void lose_patience(side here);
  caf::message translate(side from, caf::message content);
  template <class Handle>
  void translate_at(side from, caf::message& content, size_t index);
  strong_actor_ptr passed_on(side from, const strong_actor_ptr& handle);

  simulated_wires* net_;
  std::array<std::string, 2> paths_;
  std::array<bool, 2> broken_{};
  /// What is on its way to each end.
  std::array<std::deque<parcel>, 2> queues_;
  /// Actors as they are seen from each end, by their number.
  std::array<std::map<caf::actor_id, strong_actor_ptr>, 2> seen_;
  bool cut_ = false;
  uint64_t cuts_ = 0; ///< number of this cut
};

strong_actor_ptr
simulated_wires::connection::seen_from(side here,
                                       const strong_actor_ptr& whom) {
  auto& known = seen_[here][whom->id()];
  if (known)
    return known;
  caf::actor_config cfg;
  auto& system = net_->system_;
  known = caf::make_actor<far_actor, strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg, weak_from_this(),
      here, whom);
  auto result = known;
  if (broken_[here]) {
    static_cast<far_actor*>(result->get())
        ->kill_proxy(nullptr, caf::exit_reason::remote_link_unreachable);
    return result;
  }
  // Its end travels like everything else that it says.
  whom->get()->attach_functor(
      [line = weak_from_this(), here, id = whom->id()](const caf::error& why) {
        auto self = line.lock();
        if (!self || self->net_ == nullptr)
          return;
        self->put(other(here), [self, here, id, why] {
          auto found = self->seen_[here].find(id);
          if (found == self->seen_[here].end())
            return;
          auto gone = std::move(found->second);
          self->seen_[here].erase(found);
          static_cast<far_actor*>(gone->get())->kill_proxy(nullptr, why);
        });
      });
  return result;
}

strong_actor_ptr
simulated_wires::connection::passed_on(side from,
                                       const strong_actor_ptr& handle) {
  if (!handle)
    return handle;
  // Home again.
  if (auto* proxy = dynamic_cast<far_actor*>(handle->get());
      proxy != nullptr && proxy->seen() == from
      && seen_[from].count(proxy->whom() ? proxy->whom()->id() : 0) > 0)
    return proxy->whom();
  return seen_from(other(from), handle);
}

template <class Handle>
void simulated_wires::connection::translate_at(side from, caf::message& content,
                                               size_t index) {
  if (!content.match_element<Handle>(index))
    return;
  auto handle =
      caf::actor_cast<strong_actor_ptr>(content.get_as<Handle>(index));
  content.get_mutable_as<Handle>(index) =
      caf::actor_cast<Handle>(passed_on(from, handle));
}

caf::message simulated_wires::connection::translate(side from,
                                                    caf::message content) {
  for (size_t i = 0; i < content.size(); ++i) {
    translate_at<watcher_actor>(from, content, i);
    translate_at<api_actor>(from, content, i);
    translate_at<session_actor>(from, content, i);
    translate_at<container_stream_actor>(from, content, i);
    translate_at<stream_source_actor>(from, content, i);
  }
  return content;
}

void simulated_wires::connection::send(side from, const strong_actor_ptr& to,
                                       caf::mailbox_element_ptr what) {
  // Who loses a message loses the connection: what follows it would come out
  // of order.
  if (net_->random() % 1'000'000 < net_->how_.losses) {
    break_at(from);
    return;
  }
  auto sender = what->sender ? passed_on(from, what->sender) : nullptr;
  auto mid = what->mid;
  auto content = translate(from, what->move_content_to_message());
  put(from, [to, sender, mid, content = std::move(content)]() mutable {
    to->enqueue(sender, mid, std::move(content), nullptr);
  });
}

void simulated_wires::connection::put(side from,
                                      std::function<void()> deliver) {
  auto to = other(from);
  if (broken_[to] || broken_[from])
    return;
  auto& how = net_->how_;
  auto range = static_cast<uint64_t>((how.longest - how.shortest).count()) + 1;
  auto delay = how.shortest + duration{net_->random() % range};
  auto due = net_->now() + delay;
  auto& queue = queues_[to];
  if (!queue.empty())
    due = std::max(due, queue.back().due);
  queue.push_back({due, std::move(deliver)});
  if (!cut_ && due <= net_->now() && queue.size() == 1)
    arrive(to);
  else
    net_->at(due, [self = shared_from_this(), to] { self->arrive(to); });
}

void simulated_wires::connection::arrive(side to) {
  auto& queue = queues_[to];
  while (net_ != nullptr && !cut_ && !broken_[to] && !queue.empty()
         && queue.front().due <= net_->now()) {
    auto next = std::move(queue.front());
    queue.pop_front();
    next.deliver();
  }
}

void simulated_wires::connection::cut() {
  if (cut_)
    return;
  cut_ = true;
  ++cuts_;
  lose_patience(near);
  lose_patience(far);
}

void simulated_wires::connection::lose_patience(side here) {
  auto patience = net_->how_.patience;
  auto more = static_cast<uint64_t>(patience.count()) / 5 + 1;
  auto when = net_->now() + patience + duration{net_->random() % more};
  net_->at(when, [self = shared_from_this(), here, cut = cuts_] {
    if (self->net_ != nullptr && self->cut_ && self->cuts_ == cut)
      self->break_at(here);
  });
}

void simulated_wires::connection::heal() {
  if (!cut_)
    return;
  cut_ = false;
  for (auto here : {near, far}) {
    // Whoever gave up refuses what comes now.
    if (broken_[here] && !broken_[other(here)])
      return break_at(other(here));
    for (auto& each : queues_[here])
      each.due = std::max(each.due, net_->now() + net_->how_.shortest);
    if (!queues_[here].empty())
      net_->at(queues_[here].back().due,
               [self = shared_from_this(), here] { self->arrive(here); });
  }
}

void simulated_wires::connection::break_at(side here) {
  auto self = shared_from_this();
  if (broken_[here])
    return;
  broken_[here] = true;
  queues_[here].clear();
  auto seen = std::move(seen_[here]);
  seen_[here].clear();
  for (auto& [id, proxy] : seen)
    static_cast<far_actor*>(proxy->get())
        ->kill_proxy(nullptr, caf::exit_reason::remote_link_unreachable);
  if (net_ == nullptr)
    return;
  if (is_over())
    net_->forget(*this);
  else if (!cut_)
    net_->at(net_->now() + net_->how_.shortest, [self, there = other(here)] {
      if (self->net_ != nullptr)
        self->break_at(there);
    });
}

// What is still on its way knows the connection, and its ends know each other.
void simulated_wires::connection::drop() {
  net_ = nullptr;
  for (auto side : {near, far}) {
    std::exchange(queues_[side], {});
    for (auto& [id, proxy] : std::exchange(seen_[side], {}))
      static_cast<far_actor*>(proxy->get())
          ->kill_proxy(nullptr, caf::exit_reason::remote_link_unreachable);
  }
}

void simulated_wires::far_actor::enqueue(caf::mailbox_element_ptr what,
                                         caf::execution_unit*) {
  auto line = line_.lock();
  if (!line || line->is_dropped() || !whom_) {
    bounce(what, caf::sec::request_receiver_down);
    return;
  }
  line->send(seen_, whom_, std::move(what));
}

// -- all of them --------------------------------------------------------------

simulated_wires::simulated_wires(caf::actor_system& system, uint64_t seed)
    : system_(system), state_(seed) {
  caf::actor_config cfg;
  carrier_ = caf::make_actor<carrier, strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg);
}

simulated_wires::~simulated_wires() {
  static_cast<carrier*>(carrier_->get())->tasks.clear();
  for (auto& line : std::exchange(all_, {}))
    line->drop();
}

void simulated_wires::set(const conditions& how) {
  how_ = how;
}

bool simulated_wires::is_cut(const connection& what) const {
  auto matches = [&](const auto& cut) {
    auto fits = [&](const std::string& a, const std::string& b) {
      return is_below(what.path(near), a) && is_below(what.path(far), b);
    };
    return fits(cut.first, cut.second) || fits(cut.second, cut.first);
  };
  return std::any_of(cuts_.begin(), cuts_.end(), matches);
}

void simulated_wires::cut(const std::string& one, const std::string& other) {
  cuts_.emplace_back(one, other);
  for (auto& line : all_)
    if (is_cut(*line))
      line->cut();
}

void simulated_wires::heal() {
  cuts_.clear();
  auto all = all_;
  for (auto& line : all)
    line->heal();
}

void simulated_wires::reset(const std::string& one, const std::string& other) {
  auto kept = std::move(cuts_);
  cuts_ = {{one, other}};
  std::vector<std::shared_ptr<connection>> hit;
  for (auto& line : all_)
    if (is_cut(*line))
      hit.push_back(line);
  cuts_ = std::move(kept);
  for (auto& line : hit) {
    line->break_at(near);
    line->break_at(far);
  }
}

size_t simulated_wires::connections() const {
  return all_.size();
}

bool simulated_wires::apart(const std::string& one,
                            const std::string& other) const {
  return process_of(one) != process_of(other);
}

strong_actor_ptr simulated_wires::dial(const strong_actor_ptr& owner,
                                       const std::string& from,
                                       const std::string& to,
                                       const strong_actor_ptr& target) {
  auto line = std::make_shared<connection>(*this, from, to);
  all_.push_back(line);
  if (is_cut(*line))
    line->cut();
  owner->get()->attach_functor([weak = std::weak_ptr{line}](const caf::error&) {
    if (auto alive = weak.lock())
      alive->break_at(near);
  });
  return line->seen_from(near, target);
}

uint64_t simulated_wires::random() {
  return next_chance(state_);
}

instant simulated_wires::now() const {
  return system_.clock().now();
}

void simulated_wires::at(instant when, std::function<void()> what) {
  auto& to = *static_cast<carrier*>(carrier_->get());
  auto number = ++to.last;
  to.tasks.emplace(number, std::move(what));
  system_.clock().schedule_message(
      when, carrier_,
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, number));
}

void simulated_wires::forget(const connection& what) {
  auto is_it = [&](const auto& line) { return line.get() == &what; };
  all_.erase(std::remove_if(all_.begin(), all_.end(), is_it), all_.end());
}

} // namespace troupe

#include "actors/client/command_client.hpp"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"

#include <caf/after.hpp>

namespace troupe {

namespace {

constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds last_pause{1000};
/// Tries in a row without any news.
constexpr uint64_t most_tries = 20;

/// What the watcher was told, so that a new beginning can be told as what is
/// different from it.
class told_objects {
public:
  explicit told_objects(const std::vector<object>& present) {
    for (auto& x : present)
      known_[key_of(x)] = x;
  }

  void add(const changes& batch) {
    for (auto& c : batch.items)
      if (c.type == change_type::deleted)
        known_.erase(key_of(c.what));
      else
        known_[key_of(c.what)] = c.what;
  }

  /// Returns what changed, now that `all` is what there is.
  changes difference(const std::vector<object>& all, uint64_t revision) {
    changes out;
    out.revision = revision;
    out.complete = true;
    std::map<std::string, object> now;
    for (auto& x : all)
      now[key_of(x)] = x;
    for (auto& [key, x] : known_)
      if (auto i = now.find(key); i == now.end() || i->second.uid() != x.uid())
        out.items.push_back({change_type::deleted, x});
    for (auto& [key, x] : now) {
      auto i = known_.find(key);
      if (i == known_.end() || i->second.uid() != x.uid())
        out.items.push_back({change_type::added, x});
      else if (i->second.revision() != x.revision())
        out.items.push_back({change_type::modified, x});
    }
    return out;
  }

private:
  static std::string key_of(const object& x) { return x.ns() + "/" + x.name(); }

  std::map<std::string, object> known_;
};

} // namespace

caf::error command_client::watch_once(const selection& what,
                                      const std::string& version,
                                      const on_batch& batch,
                                      std::chrono::milliseconds patience) {
  if (!session_)
    return caf::sec::request_receiver_down;
  auto& self = *self_;
  call::Watch msg;
  msg.set_api_version(what.kind->api_version());
  msg.set_kind(std::string{what.kind->kind});
  msg.set_namespace_(what.ns);
  msg.set_label_selector(what.label_selector);
  msg.set_field_selector(what.field_selector);
  msg.set_resource_version(version);
  msg.set_stream(++watches_);
  msg.set_secret(secret_);
  auto me = caf::actor_cast<watcher_actor>(
      caf::actor_cast<caf::strong_actor_ptr>(self.ptr()));
  auto failed = begin_watch(msg, me);
  bool going = !failed;
  while (going) {
    self->receive(
        [&](const changes& x) {
          if (x.stream != msg.stream())
            return;
          if (!x.ended.empty()) {
            meta::v1::Status status;
            status.ParseFromString(x.ended);
            failed = from_status(status);
            going = false;
            return;
          }
          call::Ack ack;
          ack.set_stream(x.stream);
          ack.set_sequence(x.sequence);
          self->send(session_, pb<call::Ack>{std::move(ack)}, me);
          going = batch(x);
        },
        [&](const caf::down_msg& down) {
          if (down.source != session_.address())
            return;
          failed = caf::sec::request_receiver_down;
          going = false;
        },
        caf::after(patience) >>
            [&] {
              failed = make_error(ec::timeout, "nothing came in time");
              going = false;
            });
  }
  call::StopWatch stop;
  stop.set_stream(msg.stream());
  self->send(session_, pb<call::StopWatch>{std::move(stop)}, me);
  return failed;
}

caf::error command_client::watch(const selection& what,
                                 const std::string& version,
                                 const on_batch& batch,
                                 std::chrono::milliseconds patience,
                                 const std::vector<object>& present) {
  told_objects told{present};
  auto from = version;
  // A revision is worth something once everything up to it was told.
  bool complete = !version.empty();
  bool bridging = false;
  std::vector<object> fresh;
  auto take = [&](const changes& x) {
    if (bridging) {
      for (auto& c : x.items)
        fresh.push_back(c.what);
      if (!x.complete)
        return true;
      bridging = false;
      auto difference = told.difference(fresh, x.revision);
      fresh.clear();
      complete = true;
      from = std::to_string(x.revision);
      told.add(difference);
      return batch(difference);
    }
    told.add(x);
    complete = complete || x.complete;
    if (complete)
      from = std::to_string(
          std::max<uint64_t>(x.revision, from.empty() ? 0 : std::stoull(from)));
    return batch(x);
  };
  bool resumed = false;
  auto pause = first_pause;
  auto came = watches_; // the try that last brought anything
  while (true) {
    auto before = from;
    auto err = watch_once(what, complete && !bridging ? from : std::string{},
                          take, patience);
    if (!err)
      return caf::none;
    if (from != before)
      came = watches_;
    if (is(err, ec::expired) && resumed) {
      bridging = true;
      fresh.clear();
      continue;
    }
    // A server that hangs is given up by its connection, as one that went.
    auto lost = is_lost(err) || err == caf::sec::request_timeout;
    if (!lost || watches_ - came > most_tries)
      return err;
    resumed = true;
    // Half a beginning is told as what is different from the next one.
    bridging = bridging || !complete;
    fresh.clear();
    if (err == caf::sec::request_receiver_down) {
      if (auto nobody = reopen())
        return nobody;
    } else {
      // What stands behind the session is on its way back.
      (*self_)->receive(caf::after(pause) >> [] {});
      pause = watches_ == came ? first_pause : std::min(2 * pause, last_pause);
    }
  }
}

} // namespace troupe

#include "actors/client/command_client.hpp"
#include "messages/command_interface.hpp"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"

namespace troupe {

namespace {

/// Between two parts.
constexpr auto patience = std::chrono::seconds(60);
/// Parts on the way: 1 MB.
constexpr uint64_t window = 16;
constexpr uint64_t snapshot_id = 1;

} // namespace

expected<uint64_t> command_client::save_store(
    const std::function<caf::error(const std::string&)>& write) {
  if (!session_)
    if (auto err = reopen())
      return err;
  auto& self = *self_;
  auto me = caf::actor_cast<snapshot_receiver_actor>(self.ptr());
  auto say = [&](call::StoreSnapshot msg) {
    msg.set_secret(secret_);
    self->send(caf::actor_cast<command_session_actor>(session_),
               pb<call::StoreSnapshot>{std::move(msg)}, me);
  };
  call::StoreSnapshot begin;
  begin.mutable_begin()->set_id(snapshot_id);
  begin.mutable_begin()->set_credit(window);
  say(begin);
  caf::error failed;
  uint64_t next = 1;
  uint64_t revision = 0;
  bool going = true;
  auto fail = [&](caf::error err) {
    failed = std::move(err);
    going = false;
  };
  while (going) {
    self->receive(
        [&](const pb<store_api::SnapshotPart>& part) {
          if (!part->error().empty())
            return fail(make_error(ec::service_unavailable, part->error()));
          if (part->number() != next++)
            return fail(make_error(ec::internal_error,
                                   "a part of the snapshot is missing"));
          if (auto err = write(part->data()))
            return fail(std::move(err));
          revision = part->revision();
          going = !part->last();
          call::StoreSnapshot more;
          more.mutable_credit()->set_id(snapshot_id);
          more.mutable_credit()->set_credit(1);
          if (going)
            say(more);
        },
        [&](const caf::down_msg& down) {
          if (session_ && session_.address() == down.source) {
            session_ = nullptr;
            fail(make_error(ec::service_unavailable,
                            "the server went away in the middle"));
          }
        },
        caf::after(patience) >>
            [&] {
              fail(make_error(ec::timeout, "no part of the snapshot came in "
                                           "time"));
            });
  }
  if (!failed)
    return revision;
  if (session_) {
    call::StoreSnapshot enough;
    enough.mutable_cancel()->set_id(snapshot_id);
    say(enough);
  }
  return failed;
}

} // namespace troupe

#pragma once

#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "messages/system.pb.h"
#include "runtime/system/context.hpp"
#include "runtime/system/member_address.hpp"

#include <caf/actor_cast.hpp>

#include <chrono>
#include <functional>
#include <vector>

namespace troupe {

/// Goes on with who takes part in the store, as the one beside this actor
/// knows, or with why it does not say within `patience`.
template <class Pointer>
void ask_members(
    Pointer self, const context& ctx, std::chrono::milliseconds patience,
    std::function<void(expected<std::vector<member_address>>)> next) {
  auto failed = [next](const caf::error& err) { next(err); };
  system::Resolve where;
  where.set_path(ctx.beside("store/replica"));
  where.set_patience_ms(patience.count());
  self->request(ctx.directory(), patience, pb<system::Resolve>{where})
      .then(
          [self, patience, next, failed](const caf::actor& found) {
            store_api::StatusRequest question;
            self->request(caf::actor_cast<store_actor>(found), patience,
                          pb<store_api::StatusRequest>{question})
                .then(
                    [next](const pb<store_api::StatusResponse>& status) {
                      std::vector<member_address> result;
                      for (auto& x : status->members())
                        result.push_back({x.id(), x.address()});
                      next(std::move(result));
                    },
                    failed);
          },
          failed);
}

} // namespace troupe

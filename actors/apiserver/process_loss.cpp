#include "actors/apiserver/process_loss.hpp"

#include "actors/apiserver/store_members.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/rules/election.hpp"
#include "runtime/rules/lost_node.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using coordination::v1::Lease;
using pointer = processes_pointer;

/// A process that comes back so soon was only cut off.
constexpr auto return_patience = 100ms;
/// How long another server may take to say whether it has a process.
constexpr auto answer_patience = 1'000ms;
/// Until a write is tried again that found no store.
constexpr auto write_pause = 200ms;
constexpr int most_tries = 100;

void when_due(pointer self, std::chrono::milliseconds pause,
              std::function<void()> what) {
  auto& st = self->state;
  st.later[++st.last_tick] = std::move(what);
  system::Tick tick;
  tick.set_what("loss");
  tick.set_number(st.last_tick);
  self->delayed_send(self, pause, pb<system::Tick>{std::move(tick)});
}

/// A process in one of its lives: it may enroll again while we look.
struct loss {
  std::string process;
  uint64_t life = 0;
  std::vector<std::string> branches;

  bool stands(const processes_state& st) const {
    auto found = st.all.find(process);
    return found == st.all.end() || found->second.life == life;
  }
};

using loss_ptr = std::shared_ptr<const loss>;

// -- what is written ----------------------------------------------------------

void mark_node(pointer self, const loss_ptr& what, const std::string& node,
               int tries);

void mark_again(pointer self, const loss_ptr& what, const std::string& node,
                int tries) {
  if (tries < most_tries)
    when_due(self, write_pause, [self, what, node, tries] {
      if (what->stands(self->state))
        mark_node(self, what, node, tries + 1);
    });
}

void mark_node(pointer self, const loss_ptr& what, const std::string& node,
               int tries) {
  object_ref ref{&kind_of<Lease>(), "kube-node-lease", node};
  self->state.api.get(ref, [self, what, node, ref,
                            tries](expected<answer> found) {
    if (!found) {
      // One that never had a lease tells nothing by it.
      if (!is(found.error(), ec::not_found))
        mark_again(self, what, node, tries);
      return;
    }
    if (!what->stands(self->state))
      return;
    auto lease = found->one();
    self->state.api.patch(ref, patch_type::merge,
                          rules::lost_mark(lease.as<Lease>()),
                          [self, what, node, tries](expected<answer> result) {
                            // It was renewed: by a node that is there.
                            if (!result && !is(result.error(), ec::conflict)
                                && !is(result.error(), ec::not_found))
                              mark_again(self, what, node, tries);
                          });
  });
}

void open_elections(pointer self, const loss_ptr& what, int tries) {
  auto again = [self, what, tries] {
    if (tries < most_tries)
      when_due(self, write_pause, [self, what, tries] {
        if (what->stands(self->state))
          open_elections(self, what, tries + 1);
      });
  };
  auto& kind = kind_of<Lease>();
  self->state.api.list(
      {&kind, "kube-system", {}, {}},
      [self, what, again, &kind](expected<answer> found) {
        if (!found)
          return again();
        for (auto& each : found->objects) {
          if (!what->stands(self->state)
              || !rules::is_life_of(rules::holder_of(each), what->process))
            continue;
          auto open = rules::released(each, self->state.ctx->now());
          self->state.api.update(
              open.with_revision(each.revision()),
              [again](expected<answer> result) {
                if (!result && is(result.error(), ec::service_unavailable))
                  again();
              });
        }
      });
}

void bury(pointer self, const loss_ptr& what) {
  auto& st = self->state;
  if (!what->stands(st))
    return;
  ++st.lost;
  st.all.erase(what->process);
  const std::string kubelet = "kubelet/";
  for (auto& branch : what->branches)
    if (branch.rfind(kubelet, 0) == 0)
      mark_node(self, what, branch.substr(kubelet.size()), 0);
  open_elections(self, what, 0);
}

// -- whether another server has it --------------------------------------------

/// Asks that server, at one of the paths where its own book may be.
void ask_server(pointer self, const directory_actor& there,
                std::vector<std::string> paths, const std::string& process,
                std::function<void(bool)> next) {
  if (paths.empty())
    return next(false);
  system::Resolve where;
  where.set_path(paths.back());
  where.set_patience_ms(1);
  paths.pop_back();
  self->request(there, answer_patience, pb<system::Resolve>{std::move(where)})
      .then(
          [self, process, next](const caf::actor& book) {
            system::FindProcess question;
            question.set_process(process);
            self->request(caf::actor_cast<processes_actor>(book),
                          answer_patience,
                          pb<system::FindProcess>{std::move(question)})
                .then(
                    [next](const pb<system::ProcessFound>& found) {
                      next(found->here());
                    },
                    [next](const caf::error&) { next(false); });
          },
          [self, there, paths, process, next](const caf::error&) {
            ask_server(self, there, paths, process, next);
          });
}

void confirm(pointer self, const loss_ptr& what) {
  auto& st = self->state;
  if (!what->stands(st))
    return;
  auto found = st.all.find(what->process);
  if (found != st.all.end() && found->second.directory)
    return;
  auto open = std::make_shared<size_t>(1);
  auto seen = std::make_shared<bool>(false);
  auto one_less = [self, what, open, seen](bool here) {
    *seen = *seen || here;
    // Whoever has it will notice itself when it goes.
    if (--*open == 0 && !*seen)
      bury(self, what);
  };
  for (auto& [name, process] : st.all) {
    if (!process.directory || !rules::is_server_process(name))
      continue;
    ++*open;
    ask_server(self, process.directory,
               {"apiserver/processes", name + "/apiserver/processes"},
               what->process, one_less);
  }
  one_less(false);
}

} // namespace

void on_process_down(pointer self, const std::string& process) {
  auto& known = self->state.all[process];
  auto what =
      std::make_shared<const loss>(loss{process, known.life, known.branches});
  when_due(self, return_patience, [self, what] { confirm(self, what); });
}

void server_places(pointer self,
                   std::function<void(std::vector<std::string>)> next) {
  auto& st = self->state;
  auto& config = st.ctx->config();
  std::vector<std::string> places;
  auto own = config.bind_address + ":" + std::to_string(config.port);
  for (auto& server : config.servers) {
    auto place = server.place.empty() ? own : server.place;
    if (std::find(places.begin(), places.end(), place) == places.end())
      places.push_back(place);
  }
  ask_members(self, *st.ctx, answer_patience,
              [self, next, places,
               own](const expected<std::vector<member_address>>& members) {
                if (!members || members->empty())
                  return next(places);
                std::vector<std::string> all;
                for (auto& member : *members) {
                  auto place =
                      self->state.ctx->config().place_of(member.address);
                  all.push_back(place.empty() ? own : place);
                }
                std::sort(all.begin(), all.end());
                all.erase(std::unique(all.begin(), all.end()), all.end());
                next(all);
              });
}

} // namespace troupe

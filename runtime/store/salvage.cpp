#include "runtime/store/salvage.hpp"

#include "runtime/store/log.hpp"
#include "runtime/store/machine.hpp"
#include "runtime/store/snapshot_file.hpp"

#include <ostream>
#include <utility>

namespace troupe::store {

namespace {

/// Not found where there is none: opening one would make it.
expected<std::unique_ptr<log>> open_log(const database_options& at) {
  auto* env = at.env != nullptr ? at.env : leveldb::Env::Default();
  if (!env->FileExists(at.path + "/CURRENT"))
    return make_error(ec::not_found, "there is no store's log in " + at.path);
  auto entries = database::open(at);
  if (!entries)
    return std::move(entries.error());
  return log::open(std::move(*entries));
}

caf::error carry_out(const raft::restored& found, machine& to) {
  if (auto& stopped = to.stopped(); stopped && stopped->damaged)
    return make_damage(stopped->reason);
  auto start = found.start.at;
  auto last = found.entries.empty() ? start : found.entries.back().at;
  if (to.applied() == 0 && start == raft::position{1, 1})
    if (auto err = to.found(found.start))
      return err;
  if (auto err = check_fit(to.applied(), start.index, last.index))
    return err;
  for (auto& entry : found.entries)
    if (auto done = to.apply(entry); !done)
      return std::move(done.error());
  return caf::none;
}

} // namespace

expected<uint64_t> salvage(const database_options& state,
                           const database_options& log_at, std::ostream& to) {
  auto* env = log_at.env != nullptr ? log_at.env : leveldb::Env::Default();
  if (!env->FileExists(log_at.path + "/CURRENT"))
    return make_error(ec::not_found,
                      "there is no store's log in " + log_at.path);
  auto entries = database::open(log_at);
  if (!entries)
    return std::move(entries.error());
  auto log = log::open(std::move(*entries));
  if (!log)
    return std::move(log.error());
  state_places places{state};
  auto opened = places.at((*log)->state_number())->open([] {});
  if (!opened)
    return std::move(opened.error());
  auto machine = machine::open(*opened);
  if (!machine)
    return std::move(machine.error());
  if (auto err = carry_out((*log)->take_restored(), **machine))
    return err;
  auto from = snapshot_writer::open(*opened);
  if (!from)
    return std::move(from.error());
  while (!(*from)->done()) {
    auto part = (*from)->next();
    if (!part)
      return std::move(part.error());
    to << *part;
  }
  return (*from)->revision();
}

expected<uint64_t> group_of(const database_options& at) {
  auto log = open_log(at);
  if (log)
    return (*log)->group();
  if (is(log.error(), ec::not_found))
    return uint64_t{0};
  return std::move(log.error());
}

} // namespace troupe::store

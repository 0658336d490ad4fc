#include "tests/runtime/raft/script.hpp"

#include "runtime/raft/broken.hpp"
#include "tests/runtime/raft/trace.hpp"

#include <algorithm>
#include <functional>

namespace troupe::raft::sim {

namespace {

template <class T>
T next(std::istringstream& in, T otherwise) {
  T value;
  return in >> value ? value : otherwise;
}

/// `2` or `2+`, a learner.
member read_member(std::string word) {
  member x;
  x.voter = word.back() != '+';
  if (!x.voter)
    word.pop_back();
  x.id = std::stoull(word);
  return x;
}

} // namespace

std::string script::run(const std::string& command) {
  using handler = std::function<void(words&)>;
  auto on_one = [this](const char* what, void (core::*does)(uint64_t)) {
    return handler{[=, this](words& in) {
      auto& on = one(in);
      auto other = next<uint64_t>(in, 0);
      ((*on.raft).*does)(other);
      step(on, std::string{what} + " " + std::to_string(other));
    }};
  };
  const std::map<std::string, handler> commands = {
      {"group", [this](words& in) { group(in); }},
      {"limits", [this](words& in) { limits(in); }},
      {"tick", [this](words& in) { tick(in); }},
      {"timeout", [this](words& in) { timeout(in); }},
      {"pass", [this](words& in) { pass(in); }},
      {"lapse", [this](words& in) { lapse(in); }},
      {"elect", [this](words& in) { elect(in); }},
      {"deliver", [this](words& in) { deliver(in); }},
      {"drop", [this](words& in) { drop(in); }},
      {"again", [this](words& in) { again(in); }},
      {"cut", [this](words& in) { cut(in); }},
      {"heal", [this](words&) { cut_.clear(); }},
      {"propose", [this](words& in) { propose(in); }},
      {"change", [this](words& in) { change(in); }},
      {"slow", [this](words& in) { slow_.insert(one(in).id()); }},
      {"fast", [this](words& in) { quicken(in); }},
      {"sync", [this](words& in) { sync(in); }},
      {"crash", [this](words& in) { crash(in); }},
      {"forget",
       [this](words& in) {
         auto& on = *nodes_.at(next<member_id>(in, 0));
         on.log.forget(next<size_t>(in, 0));
       }},
      {"start", [this](words& in) { start(in); }},
      {"blank", [this](words& in) { add(in); }},
      {"fetch", [this](words& in) { fetch(in); }},
      {"show", [this](words& in) { show_members(in); }},
      {"campaign",
       [this](words& in) {
         auto& on = one(in);
         on.raft->campaign();
         step(on, "campaign");
       }},
      {"suspect", on_one("suspects", &core::suspect)},
      {"transfer",
       [this](words& in) {
         auto& on = one(in);
         auto to = next<member_id>(in, 0);
         auto why = on.raft->transfer(to);
         step(on, "transfer to " + std::to_string(to) + " " + sim::show(why));
       }},
      {"read",
       [this](words& in) {
         auto& on = one(in);
         on.raft->read(++reads_);
         step(on, "read " + std::to_string(reads_));
       }},
      {"checkpoint",
       [this](words& in) {
         auto& on = one(in);
         on.checkpoint();
         step(on, "checkpoint");
       }},
  };
  words in{command};
  auto name = next<std::string>(in, "");
  auto it = commands.find(name);
  if (it == commands.end())
    throw violation{"no such command: " + command};
  out_.clear();
  it->second(in);
  return out_;
}

void script::group(words& in) {
  std::vector<member> members;
  for (std::string word; in >> word;)
    members.push_back(read_member(word));
  machine_state founded;
  founded.at = {1, 1};
  founded.members = std::make_shared<configuration>(members);
  checks_ = std::make_unique<checks>(founded);
  quietly([&] {
    for (auto& x : members)
      make(x.id, founded);
  });
}

void script::limits(words& in) {
  const std::map<std::string, std::function<void(uint64_t)>> names = {
      {"election_ticks", [&](uint64_t x) { set_.election_ticks = x; }},
      {"append_entries", [&](uint64_t x) { set_.append_entries = x; }},
      {"append_bytes", [&](uint64_t x) { set_.append_bytes = x; }},
      {"window_appends", [&](uint64_t x) { set_.window_appends = x; }},
      {"window_bytes", [&](uint64_t x) { set_.window_bytes = x; }},
      {"uncommitted_bytes", [&](uint64_t x) { set_.uncommitted_bytes = x; }},
      {"checkpoint_entries", [&](uint64_t x) { set_.checkpoint_entries = x; }},
      {"checkpoint_bytes", [&](uint64_t x) { set_.checkpoint_bytes = x; }},
      {"trailing_bytes", [&](uint64_t x) { set_.trailing_bytes = x; }},
      {"log_bytes", [&](uint64_t x) { set_.log_bytes = x; }},
      {"promote_lag", [&](uint64_t x) { set_.promote_lag = x; }},
      {"read_rounds", [&](uint64_t x) { set_.read_rounds = x; }},
  };
  for (std::string name; in >> name;)
    names.at(name)(next<uint64_t>(in, 0));
}

void script::tick(words& in) {
  auto& on = one(in);
  for (auto count = next<uint64_t>(in, 1); count > 0; --count) {
    on.raft->tick();
    step(on, "tick");
  }
}

void script::timeout(words& in) {
  auto& on = one(in);
  for (uint64_t i = 0; i < set_.election_ticks; ++i)
    on.raft->tick();
  step(on, "timeout");
}

/// Time passes for all, and what they say arrives; without a trace.
void script::pass(words& in) {
  quietly([&] {
    for (auto count = next<uint64_t>(in, 1); count > 0; --count) {
      for (auto& [id, x] : nodes_) {
        if (!x->up())
          continue;
        x->raft->tick();
        step(*x, "tick");
      }
      words all;
      deliver(all);
    }
  });
}

/// Lets a member wait in vain for its leader; nobody hears what it says then.
void script::lapse(words& in) {
  for (member_id id; in >> id;) {
    auto& on = *nodes_.at(id);
    auto kept = std::exchange(queue_, {});
    for (uint64_t i = 0; i < set_.election_ticks; ++i)
      on.raft->tick();
    quietly([&] { step(on, "timeout"); });
    queue_ = std::move(kept);
  }
}

/// An election without its trace: by those named, who then have not heard from
/// the leader yet, or by all, who have.
void script::elect(words& in) {
  auto& on = one(in);
  std::set<member_id> among{on.id()};
  for (member_id id; in >> id;)
    among.insert(id);
  auto all = among.size() == 1;
  auto heard = [&](const message& x) {
    return all || (among.count(x.from) > 0 && among.count(x.to) > 0);
  };
  quietly([&] {
    for (auto id : among)
      if (id != on.id()) {
        words who{std::to_string(id)};
        lapse(who);
      }
    for (auto i = 0; i < 5 && !on.leads(); ++i) {
      words who{std::to_string(on.id())};
      timeout(who);
      while (!queue_.empty() && (all || !on.leads())) {
        auto x = std::move(queue_.front());
        queue_.pop_front();
        if (heard(x))
          deliver(x);
      }
    }
  });
  std::erase_if(queue_, [&](const message& x) {
    return x.from != on.id() || !std::holds_alternative<append_entries>(x.body);
  });
  say(std::to_string(on.id())
      + (on.leads() ? " leads in term " : " does not win in term ")
      + std::to_string(on.seen.term));
}

void script::quietly(const std::function<void()>& does) {
  auto before = out_;
  does();
  out_ = before;
}

void script::deliver(words& in) {
  auto from = next<member_id>(in, 0);
  auto to = next<member_id>(in, 0);
  auto most = next<size_t>(in, from == 0 ? 1000 : queue_.size());
  for (size_t i = 0; i < queue_.size() && most > 0;) {
    auto& x = queue_[i];
    if ((from != 0 && x.from != from) || (to != 0 && x.to != to)) {
      ++i;
      continue;
    }
    auto taken = std::move(x);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    deliver(taken);
    --most;
  }
}

void script::deliver(const message& x) {
  auto it = nodes_.find(x.to);
  if (it == nodes_.end() || !it->second->up())
    return;
  auto& on = *it->second;
  delivered_.push_back(x);
  auto what = std::to_string(x.from) + " says " + sim::show(x);
  try {
    on.raft->receive(x);
  } catch (const broken& err) {
    on.crash(0, false);
    say(std::to_string(on.id()) + " > " + what + " / stops: " + err.what());
    return;
  }
  step(on, what);
}

void script::drop(words& in) {
  auto from = next<member_id>(in, 0);
  auto to = next<member_id>(in, 0);
  auto lost = std::erase_if(queue_, [&](const message& x) {
    return (from == 0 || x.from == from) && (to == 0 || x.to == to);
  });
  say(std::to_string(lost) + (lost == 1 ? " message is" : " messages are")
      + " lost");
}

void script::again(words& in) {
  auto from = next<member_id>(in, 0);
  auto to = next<member_id>(in, 0);
  auto back = next<size_t>(in, 1);
  for (auto it = delivered_.rbegin(); it != delivered_.rend(); ++it) {
    if (it->from != from || it->to != to || --back > 0)
      continue;
    deliver(message{*it});
    return;
  }
}

void script::cut(words& in) {
  auto a = next<member_id>(in, 0);
  auto b = next<member_id>(in, 0);
  for (auto& [id, x] : nodes_) {
    if (b != 0 && id != b)
      continue;
    cut_.insert({a, id});
    if (b == 0)
      cut_.insert({id, a});
  }
}

void script::propose(words& in) {
  auto& on = one(in);
  for (std::string value; in >> value;) {
    auto taken = on.raft->propose(value);
    step(on,
         "propose " + value + " "
             + (taken ? "at " + sim::show(taken.at) : sim::show(taken.why)));
  }
}

void script::change(words& in) {
  using step_kind = membership_change::step;
  const std::map<std::string, step_kind> names = {
      {"add", step_kind::add},
      {"promote", step_kind::promote},
      {"demote", step_kind::demote},
      {"remove", step_kind::remove},
      {"readdress", step_kind::readdress},
  };
  auto& on = one(in);
  auto name = next<std::string>(in, "");
  auto id = next<member_id>(in, 0);
  auto taken = on.raft->change({names.at(name), id, ""});
  step(on, name + " " + std::to_string(id) + " " + sim::show(taken.why));
}

void script::quicken(words& in) {
  auto& on = one(in);
  slow_.erase(on.id());
  on.persist(on.log.queued());
  step(on, "disk");
}

void script::sync(words& in) {
  auto& on = one(in);
  on.persist(next<size_t>(in, on.log.queued()));
  step(on, "disk");
}

void script::crash(words& in) {
  auto& on = one(in);
  on.crash(next<size_t>(in, 0), false);
  slow_.erase(on.id());
  say(std::to_string(on.id()) + " > crashes");
}

void script::start(words& in) {
  auto& on = *nodes_.at(next<member_id>(in, 0));
  on.start();
  step(on, "start");
}

void script::add(words& in) {
  make(next<member_id>(in, 0), {});
}

void script::fetch(words& in) {
  auto& on = one(in);
  auto wanted = fetches_.at(on.id());
  auto from = next<member_id>(in, wanted.from);
  auto used = on.receive_state(nodes_.at(from)->state);
  step(on, "fetched " + sim::show(nodes_.at(from)->state.at)
               + (used ? "" : " in vain"));
}

void script::show_members(words& in) {
  for (auto only = next<member_id>(in, 0); auto& [id, x] : nodes_) {
    if (only != 0 && only != id)
      continue;
    if (!x->up()) {
      say(std::to_string(id) + ": down");
      continue;
    }
    auto& is = x->seen;
    say(std::to_string(id) + ": " + sim::show(is.now) + " in term "
        + std::to_string(is.term) + ", log " + std::to_string(is.start.index)
        + ".." + sim::show(is.last) + ", commit " + std::to_string(is.commit)
        + ", durable " + std::to_string(is.stable) + ", applied "
        + std::to_string(x->state.at.index) + ", members {"
        + sim::show(x->raft->members()) + "}");
  }
}

node& script::one(words& in) {
  auto id = next<member_id>(in, 0);
  auto it = nodes_.find(id);
  if (it == nodes_.end() || !it->second->up())
    throw violation{"no such member is up: " + std::to_string(id)};
  return *it->second;
}

void script::make(member_id id, machine_state from) {
  auto set = set_;
  set.self = id;
  // No chance here: every timeout is the shortest.
  auto made = std::make_unique<node>(
      set, std::move(from), [] { return uint64_t{0}; }, *checks_);
  auto& on = *(nodes_[id] = std::move(made));
  on.start();
  step(on, "start");
}

void script::step(node& on, const std::string& what) {
  auto before = on.seen;
  auto out = on.drive();
  auto effects = show_effects(out, out.to_write ? on.log.newest() : write{},
                              before, *on.raft);
  say(std::to_string(on.id()) + " > " + what
      + (effects.empty() ? "" : " / " + effects));
  for (auto& x : out.messages)
    if (cut_.count({x.from, x.to}) == 0)
      queue_.push_back(x);
  if (out.fetch)
    fetches_[on.id()] = *out.fetch;
  while (on.apply())
    continue;
  on.due_reads();
  if (on.log.busy() && slow_.count(on.id()) == 0) {
    on.persist(on.log.queued());
    step(on, "disk");
  }
}

} // namespace troupe::raft::sim

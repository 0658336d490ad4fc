#include "api_load.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "runtime/crypto/kubeconfig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace troupe::test {

namespace {

using core::v1::ConfigMap;
using kind = register_call::kind;
using namespace std::chrono_literals;

constexpr size_t objects_at_once = 4;
constexpr size_t watchers = 2;
/// Who has no answer by then goes on; what was asked stays open.
constexpr auto patience = 5s;
/// A watch that tells nothing for so long is taken up anew; somebody writes
/// more often than so many of these times, whatever happens.
constexpr auto watch_patience = 5s;
constexpr int most_quiet = 12;
/// The last object, by which watchers know the end.
constexpr auto last_name = "load-end";

uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
}

call::Request about(call::Verb verb, const std::string& name) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version("v1");
  msg.set_kind("ConfigMap");
  msg.set_namespace_("default");
  msg.set_name(name);
  return msg;
}

ConfigMap with_value(const std::string& name, const std::string& value) {
  ConfigMap result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  (*result.mutable_metadata()->mutable_labels())["by"] = "load";
  (*result.mutable_data())["value"] = value;
  return result;
}

std::string value_of(const object& what) {
  auto& data = what.as<ConfigMap>().data();
  auto at = data.find("value");
  return at == data.end() ? std::string{} : at->second;
}

} // namespace

/// One user, who has one call at a time.
struct api_load::client {
  std::unique_ptr<command_client> session;
  std::mt19937_64 chance;
  size_t number = 0;
  uint64_t count = 0;
  std::map<std::string, object> found; ///< last, by name

  std::string next_value() {
    return std::to_string(number) + "." + std::to_string(++count);
  }
};

/// Each begins with another server.
std::unique_ptr<command_client> api_load::connect(size_t number) const {
  auto config = crypto::read_kubeconfig(cluster_.data() / "kubeconfig");
  if (!config)
    throw std::runtime_error(message_of(config.error()));
  auto& all = config->clusters.front().actors;
  for (size_t i = 0; i < number; ++i)
    if (auto end = all.find(','); end != std::string::npos)
      all = all.substr(end + 1) + "," + all.substr(0, end);
  auto access = crypto::choose(*config, {});
  if (!access)
    throw std::runtime_error(message_of(access.error()));
  auto connected = command_client::connect(*access);
  if (!connected)
    throw std::runtime_error(message_of(connected.error()));
  return std::move(*connected);
}

api_load::api_load(const real_cluster& cluster, size_t clients, uint64_t seed)
    : cluster_(cluster), seed_(seed), last_(std::chrono::steady_clock::now()) {
  auto list = about(call::LIST, {});
  auto present = cluster_.connect()->ask(list);
  if (!present)
    throw std::runtime_error(message_of(present.error()));
  // Who watches hears of all that comes after that.
  begin_ = present->revision();
  for (size_t i = 0; i < clients; ++i)
    threads_.emplace_back([this, i] { use(i); });
  told_.resize(watchers);
  for (size_t i = 0; i < watchers; ++i)
    watching_.emplace_back([this, i] { follow(i); });
}

api_load::~api_load() {
  over_ = true;
  abandoned_ = true;
  for (auto* all : {&threads_, &watching_})
    for (auto& thread : *all)
      thread.join();
}

void api_load::next_objects() {
  open_ = 0;
  ++phase_;
}

std::chrono::milliseconds api_load::longest_gap() {
  std::lock_guard guard{mutex_};
  auto since = std::chrono::steady_clock::now() - last_;
  auto result = std::max(gap_, since);
  gap_ = {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(result);
}

/// Takes up what a call was answered. Without an answer it may have an effect,
/// and may have it later.
void api_load::keep(client& x, const std::string& name, register_call call,
                    const expected<answer>& answered) {
  call.end = now();
  auto refused = !answered && is(answered.error(), ec::conflict);
  auto exists = !answered && is(answered.error(), ec::already_exists);
  call.open = !answered && !refused && !exists;
  // One that is certain not to have happened.
  if (call.what == kind::write && !answered && !call.open)
    return;
  call.swapped = static_cast<bool>(answered);
  uint64_t revision = 0;
  if (answered) {
    x.found[name] = answered->one();
    revision = answered->one().revision();
  } else {
    x.found.erase(name);
  }
  if (call.open && ++open_ >= 2 * objects_at_once)
    next_objects();
  std::lock_guard guard{mutex_};
  if (call.open) {
    ++failed_;
    ++problems_[message_of(answered.error())];
  }
  histories_[name].push_back(call);
  if (revision == 0)
    return;
  ++acknowledged_;
  given_twice_ += revisions_.emplace(revision, call.value).second ? 0 : 1;
  auto at = std::chrono::steady_clock::now();
  gap_ = std::max(gap_, at - last_);
  last_ = at;
}

void api_load::read(client& x, const std::string& name) {
  register_call call;
  call.begin = now();
  auto found = x.session->ask(about(call::GET, name), {}, patience);
  call.end = now();
  auto none = !found && is(found.error(), ec::not_found);
  std::lock_guard guard{mutex_};
  if (!found && !none) {
    ++failed_;
    ++problems_[message_of(found.error())];
    return;
  }
  x.found.erase(name);
  if (found) {
    x.found[name] = found->one();
    call.value = value_of(found->one());
  }
  histories_[name].push_back(call);
}

/// Whatever is there.
void api_load::write(client& x, const std::string& name) {
  register_call call;
  call.what = kind::write;
  call.value = x.next_value();
  call.begin = now();
  auto msg = about(call::PATCH, name);
  msg.set_patch_type(call::MERGE);
  msg.set_patch("{\"data\":{\"value\":\"" + call.value + "\"}}");
  auto answered = x.session->ask(msg, {}, patience);
  if (!answered && is(answered.error(), ec::not_found))
    return x.found.erase(name), swap(x, name);
  keep(x, name, call, answered);
}

/// If it is as it was when we read it: not there, or of that revision.
void api_load::swap(client& x, const std::string& name) {
  register_call call;
  call.what = kind::swap;
  auto seen = x.found[name];
  call.expected = seen ? value_of(seen) : std::string{};
  call.value = x.next_value();
  auto what = with_value(name, call.value);
  if (seen)
    what.mutable_metadata()->set_resource_version(
        std::to_string(seen.revision()));
  call.begin = now();
  auto answered =
      x.session->ask(about(seen ? call::UPDATE : call::CREATE, name),
                     object::of(what), patience);
  keep(x, name, call, answered);
}

void api_load::act(client& x) {
  auto name = "load-" + std::to_string(phase_) + "-"
              + std::to_string(x.chance() % objects_at_once);
  auto dice = x.chance() % 10;
  if (dice < 5)
    read(x, name);
  else if (dice < 8)
    write(x, name);
  else
    swap(x, name);
}

void api_load::use(size_t number) {
  client x{nullptr, std::mt19937_64{seed_ * 1'000 + number}, number, 0, {}};
  while (!over_) {
    try {
      if (!x.session)
        x.session = connect(number);
      act(x);
    } catch (const std::exception& err) {
      std::lock_guard guard{mutex_};
      ++problems_[err.what()];
    }
  }
}

void api_load::follow(size_t number) {
  selection what{&kind_of<ConfigMap>(), "default", "by=load", {}};
  auto& told = told_[number];
  std::unique_ptr<command_client> session;
  auto ended = false;
  auto quiet = 0;
  auto take = [&](const changes& batch) {
    quiet = batch.items.empty() ? quiet : 0;
    for (auto& each : batch.items) {
      told.push_back(
          {each.what.revision(), each.what.name(), value_of(each.what)});
      ended = ended || each.what.name() == last_name;
    }
    return !ended;
  };
  while (!ended && !abandoned_) {
    try {
      if (!session)
        session = connect(number);
      auto from = told.empty() ? begin_ : told.back().revision;
      auto err =
          session->watch(what, std::to_string(from), take, watch_patience);
      if (!err || is(err, ec::service_unavailable)
          || (is(err, ec::timeout) && ++quiet < most_quiet))
        continue;
      ADD_FAILURE() << "a watch failed: " << message_of(err) << " of "
                    << session->address();
      return;
    } catch (const std::exception&) {
      session.reset();
    }
  }
}

void api_load::compare(const std::vector<heard>& told) const {
  std::map<uint64_t, std::string> there;
  uint64_t before = 0;
  for (auto& each : told) {
    EXPECT_GT(each.revision, before) << each.name << " was told out of order";
    before = each.revision;
    EXPECT_TRUE(there.emplace(each.revision, each.value).second)
        << each.name << " was told twice at " << each.revision;
  }
  for (auto& [revision, value] : revisions_) {
    auto at = there.find(revision);
    if (at == there.end())
      ADD_FAILURE() << "a watch has not heard of revision " << revision;
    else
      EXPECT_EQ(at->second, value) << "at revision " << revision;
  }
}

void api_load::settle() {
  over_ = true;
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
  ASSERT_FALSE(revisions_.empty());
  EXPECT_TRUE(wait_until([&] {
    try {
      auto made =
          cluster_.connect()->ask(about(call::CREATE, last_name),
                                  object::of(with_value(last_name, "")));
      return made || is(made.error(), ec::already_exists);
    } catch (const std::exception&) {
      return false;
    }
  }));
  for (auto& thread : watching_)
    thread.join();
  watching_.clear();
  size_t calls = 0;
  size_t open = 0;
  for (auto& [name, history] : histories_) {
    EXPECT_TRUE(is_linearizable(history))
        << name << ", " << history.size() << " calls";
    calls += history.size();
    for (auto& call : history)
      open += call.open ? 1 : 0;
  }
  std::printf("%zu calls on %zu objects, %zu changes without an answer, "
              "%zu events\n",
              calls, histories_.size(), open, told_.front().size());
  for (auto& [what, times] : problems_)
    std::printf("%zu times: %s\n", times, what.c_str());
  EXPECT_EQ(given_twice_, 0u) << "a revision was given twice";
  for (auto& told : told_)
    compare(told);
}

} // namespace troupe::test

#include "tests/chaos/writer.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"

#include <algorithm>
#include <iterator>

namespace troupe::test {

namespace {

const kind_info& kind_named(const std::string& kind) {
  return kind == "Deployment"   ? kind_of<apps::v1::Deployment>()
         : kind == "ReplicaSet" ? kind_of<apps::v1::ReplicaSet>()
                                : kind_of<core::v1::ReplicationController>();
}

object note_of(const std::string& name, const std::string& value) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name(name);
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["value"] = value;
  return object::of(map);
}

object pod_of(const std::string& name, const std::string& folder) {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_spec()->set_termination_grace_period_seconds(1);
  auto* c = pod.mutable_spec()->add_containers();
  c->set_name("main");
  c->set_image("none");
  for (std::string word : {"/bin/sleep", "9999"})
    c->add_command(word);
  auto set = [&](const char* name_of, const std::string& value) {
    auto* variable = c->add_env();
    variable->set_name(name_of);
    variable->set_value(value);
    return variable;
  };
  set("TEST_CLUSTER", folder);
  set("CONTAINER", "main");
  auto* uid = set("POD_UID", {});
  uid->clear_value();
  uid->mutable_value_from()->mutable_field_ref()->set_field_path(
      "metadata.uid");
  return object::of(pod);
}

} // namespace

writer::writer(real_cluster& cluster, uint64_t seed)
    : cluster_(cluster), dice_(seed) {
  applied();
}

writer::~writer() {
  end();
}

void writer::applied() {
  replicas_["Deployment/web"] = {"3", {}};
  replicas_["ReplicaSet/set"] = {"2", {}};
  replicas_["ReplicationController/rc"] = {"2", {}};
}

void writer::begin() {
  client_ = cluster_.connect();
  going_ = true;
  thread_ = std::thread{[this] {
    while (going_)
      write_one();
  }};
}

void writer::end() {
  going_ = false;
  if (thread_.joinable())
    thread_.join();
  client_.reset();
}

void writer::write_one() {
  auto roll_of = dice_() % 100;
  if (roll_of < 55)
    note();
  else if (roll_of < 70)
    change_note();
  else if (roll_of < 80)
    drop_note();
  else if (roll_of < 88)
    scale();
  else if (roll_of < 90)
    roll();
  else if (roll_of < 95)
    add_pod();
  else
    drop_pod();
}

void writer::outcome(fate& of, std::optional<std::string> value,
                     const expected<object>& result) {
  if (result) {
    // One that got no answer may still come after this one.
    of.sure = std::move(value);
    ++acknowledged_;
    return;
  }
  auto& err = result.error();
  if (is(err, ec::timeout) || is(err, ec::server_timeout)
      || to_status(err).code() == 504)
    overdue_.push_back(message_of(err));
  // Refused is as good as not asked; anything else may have been done.
  if (is(err, ec::not_found) || is(err, ec::conflict)
      || is(err, ec::already_exists))
    return;
  of.maybe.insert(std::move(value));
  ++unanswered_;
}

std::string writer::any_of(const std::map<std::string, fate>& things) {
  if (things.empty())
    return {};
  return std::next(things.begin(),
                   static_cast<ptrdiff_t>(dice_() % things.size()))
      ->first;
}

void writer::note() {
  auto name = "note-" + std::to_string(++made_);
  outcome(notes_[name], "0", create(*client_, note_of(name, "0")));
}

void writer::change_note() {
  auto name = any_of(notes_);
  if (name.empty() || !notes_[name].sure || !notes_[name].maybe.empty())
    return;
  auto value = std::to_string(++made_);
  outcome(notes_[name], value,
          patch(*client_, kind_of<core::v1::ConfigMap>(), name,
                R"({"data":{"value":")" + value + "\"}}"));
}

void writer::drop_note() {
  auto name = any_of(notes_);
  if (name.empty() || !notes_[name].sure || !notes_[name].maybe.empty())
    return;
  outcome(notes_[name], std::nullopt,
          remove(*client_, kind_of<core::v1::ConfigMap>(), name));
}

void writer::scale() {
  auto which = any_of(replicas_);
  auto slash = which.find('/');
  auto count = std::to_string(1 + dice_() % 4);
  outcome(replicas_[which], count,
          patch(*client_, kind_named(which.substr(0, slash)),
                which.substr(slash + 1),
                R"({"spec":{"replicas":)" + count + "}}"));
}

void writer::roll() {
  fate unimportant;
  outcome(unimportant, "rolled",
          patch(*client_, kind_of<apps::v1::Deployment>(), "web",
                R"({"spec":{"template":{"metadata":{"annotations":{"roll":")"
                    + std::to_string(++made_) + "\"}}}}}"));
}

void writer::add_pod() {
  if (pods_.size() > 3)
    return;
  auto name = "lone-" + std::to_string(++made_);
  outcome(pods_[name], "there",
          create(*client_, pod_of(name, cluster_.folder().string())));
}

void writer::drop_pod() {
  auto name = any_of(pods_);
  if (name.empty())
    return;
  auto gone = remove(*client_, kind_of<core::v1::Pod>(), name,
                     static_cast<int64_t>(dice_() % 2));
  outcome(pods_[name], std::nullopt, gone);
  if (gone)
    pods_.erase(name);
}

wished writer::wish() {
  auto number = [&](const std::string& key) {
    auto slash = key.find('/');
    auto found =
        cluster_.get(kind_named(key.substr(0, slash)), key.substr(slash + 1));
    if (!found)
      return -1;
    auto& spec = found->message();
    // The three have the field in common, not the type.
    if (found->kind().kind == "Deployment")
      return static_cast<const apps::v1::Deployment&>(spec).spec().replicas();
    if (found->kind().kind == "ReplicaSet")
      return static_cast<const apps::v1::ReplicaSet&>(spec).spec().replicas();
    return static_cast<const core::v1::ReplicationController&>(spec)
        .spec()
        .replicas();
  };
  return {number("Deployment/web"), number("ReplicaSet/set"),
          number("ReplicationController/rc"), extra_pods()};
}

std::set<std::string> writer::extra_pods() {
  std::set<std::string> result;
  auto found = cluster_.list(kind_of<core::v1::Pod>());
  for (auto& [name, known] : pods_) {
    auto there = known.sure.has_value();
    // A deletion without an answer may have been done, and so may a creation.
    if (!known.maybe.empty() && found)
      there = std::any_of(found->begin(), found->end(),
                          [&](auto& pod) { return pod.name() == name; });
    if (there)
      result.insert(name);
  }
  return result;
}

std::vector<std::string> writer::losses() {
  std::vector<std::string> result;
  auto compare = [&](const std::string& what, const fate& known,
                     const std::optional<std::string>& found) {
    if (!known.allows(found))
      result.push_back(what + " is " + found.value_or("not there")
                       + ", acknowledged was "
                       + known.sure.value_or("its end"));
  };
  auto maps = cluster_.list(kind_of<core::v1::ConfigMap>());
  if (!maps)
    return {message_of(maps.error())};
  std::map<std::string, std::string> values;
  for (auto& map : *maps) {
    auto& data = map.as<core::v1::ConfigMap>().data();
    if (auto at = data.find("value"); at != data.end())
      values[map.name()] = at->second;
  }
  for (auto& [name, known] : notes_) {
    auto at = values.find(name);
    compare(name, known,
            at == values.end() ? std::nullopt : std::optional{at->second});
  }
  auto now = wish();
  compare("web", replicas_["Deployment/web"], std::to_string(now.web));
  compare("set", replicas_["ReplicaSet/set"], std::to_string(now.set));
  compare("rc", replicas_["ReplicationController/rc"], std::to_string(now.rc));
  return result;
}

} // namespace troupe::test

#pragma once

#include "actors/apiserver/registry.hpp"
#include "tests/actors/system/view_fixture.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

struct slow_view_state {
  static inline const char* name = "slow_view";
};

/// What a view that lags has to show; none while it does not lag.
using past = std::shared_ptr<object>;

/// Answers who takes any revision with the past.
inline api_actor::behavior_type
slow_view(api_actor::stateful_pointer<slow_view_state> self, api_actor newest,
          past shown) {
  return {
      [=](const pb<call::Request>& msg, const object& body)
          -> caf::result<pb<call::Response>, std::vector<object>> {
        if (*shown && msg->resource_version() == "0")
          return {pb<call::Response>{call::Response{}},
                  std::vector<object>{*shown}};
        return self->delegate(newest, msg, body);
      },
      [=](const pb<call::Watch>& msg, const watcher_actor& to) {
        return self->delegate(newest, msg, to);
      },
      [](const pb<call::Ack>&, const watcher_actor&) {
        // nop
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {
        // nop
      },
  };
}

/// Tells the first who asks of the past, and nobody of what changes.
inline api_actor::behavior_type
behind(api_actor::stateful_pointer<slow_view_state> self, api_actor newest,
       past shown) {
  return {
      [=](const pb<call::Request>& msg, const object& body)
          -> caf::result<pb<call::Response>, std::vector<object>> {
        if (auto known = std::exchange(*shown, {}))
          return {pb<call::Response>{call::Response{}},
                  std::vector<object>{known}};
        return self->delegate(newest, msg, body);
      },
      [](const pb<call::Watch>&, const watcher_actor&) {
        return pb<call::WatchStarted>{call::WatchStarted{}};
      },
      [](const pb<call::Ack>&, const watcher_actor&) {
        // nop
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {
        // nop
      },
  };
}

/// A registry of ConfigMaps over a store, with views that may lag.
struct Registry : view_fixture {
  past shown = std::make_shared<object>();
  past space = std::make_shared<object>();
  api_actor slow;
  view_actor spaces;
  view_actor quotas;
  api_actor old_spaces;
  registry_actor registry_;

  void enter(const std::string& path, const caf::actor& actor) {
    system::Started msg;
    msg.set_path(path);
    self->send(directory_, pb<system::Started>{msg}, actor);
  }

  context at(const std::string& path) {
    return {simulated_world(1, [] { return std::chrono::nanoseconds{0}; }),
            std::make_shared<edges>(),
            std::make_shared<cluster_config>(),
            directory_,
            path,
            1};
  }

  uint64_t put_space(bool ending) {
    core::v1::Namespace made;
    made.mutable_metadata()->set_name("default");
    made.mutable_status()->set_phase(ending ? "Terminating" : "Active");
    return put(storage_key(kind_of<core::v1::Namespace>(), {}, "default"),
               object::of(made).bytes());
  }

  void SetUp() override {
    view_fixture::SetUp();
    auto& kind = kind_of<core::v1::ConfigMap>();
    auto& space_kind = kind_of<core::v1::Namespace>();
    slow = sys.spawn(slow_view, api_actor{view_}, shown);
    spaces =
        sys.spawn(view, at(resource_path("view", space_kind)), &space_kind);
    auto& quota_kind = kind_of<core::v1::ResourceQuota>();
    quotas =
        sys.spawn(view, at(resource_path("view", quota_kind)), &quota_kind);
    old_spaces = sys.spawn(behind, api_actor{spaces}, space);
    enter(resource_path("view", quota_kind),
          caf::actor_cast<caf::actor>(quotas));
    enter(resource_path("view", kind), caf::actor_cast<caf::actor>(slow));
    enter(resource_path("view", space_kind),
          caf::actor_cast<caf::actor>(old_spaces));
    registry_ = sys.spawn(registry, at(resource_path("registry", kind)), &kind);
    sched.run();
  }

  void TearDown() override {
    for (auto& actor : {caf::actor_cast<caf::actor>(slow),
                        caf::actor_cast<caf::actor>(spaces),
                        caf::actor_cast<caf::actor>(quotas),
                        caf::actor_cast<caf::actor>(old_spaces),
                        caf::actor_cast<caf::actor>(registry_)})
      self->send_exit(actor, caf::exit_reason::user_shutdown);
    slow = nullptr;
    spaces = nullptr;
    quotas = nullptr;
    old_spaces = nullptr;
    registry_ = nullptr;
    view_fixture::TearDown();
  }

  /// What the registry is told first, whatever comes then.
  void remember_space(uint64_t revision) {
    auto& kind = kind_of<core::v1::Namespace>();
    *space =
        *object::parse(kind, get(storage_key(kind, {}, "default")), revision);
  }

  /// A quota of the namespace that counts ConfigMaps.
  void put_quota(const std::string& used, const std::string& hard) {
    core::v1::ResourceQuota quota;
    quota.mutable_metadata()->set_name("q");
    quota.mutable_metadata()->set_namespace_("default");
    (*quota.mutable_spec()->mutable_hard())["configmaps"].set_string(hard);
    auto& status = *quota.mutable_status();
    (*status.mutable_hard())["configmaps"].set_string(hard);
    (*status.mutable_used())["configmaps"].set_string(used);
    put(quota_key(), object::of(quota).bytes());
    sched.run();
  }

  static std::string quota_key() {
    return storage_key(kind_of<core::v1::ResourceQuota>(), "default", "q");
  }

  std::string used_of_quota() {
    auto found =
        object::parse(kind_of<core::v1::ResourceQuota>(), get(quota_key()), 1);
    return found->as<core::v1::ResourceQuota>()
        .status()
        .used()
        .at("configmaps")
        .string();
  }

  expected<object> write(call::Request msg, const object& body = {}) {
    msg.set_namespace_("default");
    msg.set_name("one");
    expected<object> result{caf::sec::runtime_error};
    auto request =
        self->request(registry_, caf::infinite, pb<call::Request>{msg}, body);
    sched.run();
    request.receive(
        [&](const pb<call::Response>&, const std::vector<object>& written) {
          result = written.front();
        },
        [&](const caf::error& err) { result = err; });
    return result;
  }

  expected<object> patch(const std::string& document,
                         call::PatchType type = call::MERGE) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(type);
    msg.set_patch(document);
    return write(std::move(msg));
  }

  expected<object> patch_value(const std::string& value) {
    return patch(R"({"data": {"v": ")" + value + R"("}})");
  }

  expected<object> in_term(uint64_t term, const std::string& value) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(call::MERGE);
    msg.set_patch(R"({"data": {"v": ")" + value + R"("}})");
    msg.set_election("test");
    msg.set_term(term);
    return write(std::move(msg));
  }

  object now() {
    call::Request msg;
    msg.set_verb(call::GET);
    msg.set_namespace_("default");
    msg.set_name("one");
    auto found = read(std::move(msg));
    return found ? found->second.front() : object{};
  }

  static std::string value_of(const object& map) {
    return map ? map.as<core::v1::ConfigMap>().data().at("v") : "none";
  }
};

inline object a_map() {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("one");
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["v"] = "1";
  return object::of(map);
}

inline expected<object> create_map(Registry& r) {
  call::Request msg;
  msg.set_verb(call::CREATE);
  return r.write(std::move(msg), a_map());
}

} // namespace troupe

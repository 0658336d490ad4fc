#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/rules/access.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What is noted of requests, as audit.k8s.io/v1 has it.
namespace troupe::rules {

/// How much, in order.
enum class audit_level : uint8_t { none, metadata, request, request_response };

enum class audit_stage : uint8_t {
  request_received,
  response_started,
  response_complete,
  panic
};

/// What a policy says of one request.
struct audit_decision {
  audit_level level = audit_level::none;
  std::set<audit_stage> omitted;
  bool without_managed_fields = false;

  bool notes(audit_stage stage) const {
    return level != audit_level::none && omitted.count(stage) == 0;
  }
};

/// Which requests are noted, and how much of each. Never changes.
class audit_policy {
public:
  /// Reads a Policy, YAML or JSON. Fails with ec::invalid and the field.
  static expected<audit_policy> parse(std::string_view text);

  /// The first rule that fits decides; without any nothing is noted.
  audit_decision decide(const caller& who, const access& what) const;

private:
  struct group_resources {
    std::string group;
    std::vector<std::string> resources;
    std::vector<std::string> names;
  };
  struct rule {
    audit_level level = audit_level::none;
    std::vector<std::string> users, groups, verbs, namespaces, paths;
    std::vector<group_resources> resources;
    std::set<audit_stage> omitted;
    std::optional<bool> without_managed_fields;
  };
  struct parser;

  static bool fits(const rule& x, const caller& who, const access& what);
  static bool fits_resource(const rule& x, const access& what);
  static bool fits_path(const rule& x, const access& what);

  std::vector<rule> rules_;
  std::set<audit_stage> omitted_;
  bool without_managed_fields_ = false;
};

/// What is known of one request, more of it at each stage. Objects are JSON
/// texts, "" where there is none.
struct audit_event {
  audit_level level = audit_level::none;
  std::string id;
  std::string uri;
  access what;
  std::string api_version; ///< of the resource, without its group
  caller who;
  std::optional<caller> acts_as;
  std::vector<std::string> addresses;
  std::string agent;
  int status = 0; ///< 0: no answer yet
  std::string message;
  std::string reason;
  std::string request_object;
  std::string response_object;
  time_point received{};
  std::map<std::string, std::string> annotations;
};

/// Returns the event at a stage as one line of JSON, without its end.
std::string to_line(const audit_event& x, audit_stage stage, time_point now);

/// Returns a JSON text without the managed fields of the object, or objects,
/// in it.
std::string without_managed_fields(const std::string& json);

/// How a server notes what it is asked.
struct audit_settings {
  audit_policy policy;
  std::string file;
  uint64_t most_bytes = 100u << 20; ///< then another file is begun; 0: never
  uint32_t backups = 10;            ///< files that are kept beside; 0: all
};

} // namespace troupe::rules

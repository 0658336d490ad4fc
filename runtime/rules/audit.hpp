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
  std::string object_uid;     ///< of the object that was sent, if it has one
  std::string object_version; ///< its resourceVersion
  int status = 0;             ///< 0: no answer yet
  std::string outcome;        ///< "Failure", or "Success" where that is told
  std::string message;
  std::string reason;
  std::string details; ///< of the Status
  std::string request_object;
  std::string response_object;
  time_point received{};
  std::map<std::string, std::string> annotations;
};

/// Kubernetes: these may take long, so that it is noted when their answer
/// begins.
bool is_long_running(const access& what);

/// Takes what an object that was sent tells of what the request is about: a
/// new one has its name in itself only.
void note_object(audit_event& x, const std::string& object);

/// Takes what an answer tells of itself, where it is a Status.
void note_answer(audit_event& x, const std::string& answer);

/// Takes that whoever asked went away before there was any answer.
void note_no_answer(audit_event& x);

/// Returns the level as a policy has it.
std::string_view name_of(audit_level level);

/// Returns what is known of where a request comes from: what proxies say, in
/// their order, and the other end of the connection, "" where that is not
/// known.
std::vector<std::string> source_addresses(const std::string& forwarded_for,
                                          const std::string& real_ip,
                                          const std::string& peer);

/// Returns which means somebody tried who turned out to be nobody, as
/// Kubernetes words it.
std::string tried_text(const std::string& authorization, bool certificate);

/// Returns whether `name` is that of a full log file beside the one of `file`,
/// as `backup_name` makes them.
bool is_backup_name(const std::string& file, const std::string& name);

/// Returns the name of a file that is full: "audit-2026-01-02T03-04-05.678.log"
/// for "audit.log".
std::string backup_name(const std::string& file, time_point now);

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

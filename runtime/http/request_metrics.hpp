#pragma once

#include "messages/kinds.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

/// What a request was about: few values each, whatever clients send.
struct request_labels {
  std::string_view verb;           ///< of `metric_verb`
  const kind_info* kind = nullptr; ///< null for what is no resource
  std::string_view subresource;    ///< one that the kind has, or ""
  std::string_view scope;          ///< cluster, namespace, resource or ""
  bool dry_run = false;

  auto operator<=>(const request_labels&) const = default;
};

/// Returns the verb that Kubernetes' metrics have for one of a request: "GET",
/// "LIST", "WATCH", "POST", ...
std::string_view metric_verb(std::string_view verb, std::string_view method);

class metric_writer;

/// Counts what one HTTP edge served. Safe from any thread; each call takes a
/// lock for a few map steps.
class request_metrics {
public:
  /// A request that is answered soon began; ends with `done`.
  void began(const request_labels& what);

  /// A request that `began` was answered.
  void done(const request_labels& what, int code,
            std::chrono::duration<double> took, size_t bytes);

  /// A request that flows began, and ended: a watch or a log. Its answer's code
  /// counts when it begins, its duration not at all, as in Kubernetes.
  void flow_began(const request_labels& what);
  void flow_ended(const request_labels& what);
  /// So many events were sent to a watch of a kind.
  void events_sent(const kind_info& kind, uint64_t count);

  /// A request is noted at this level; an event of one was; so many were not,
  /// as there was no place for them or they could not be written.
  void audit_began(std::string_view level);
  void audit_noted();
  void audit_lost(uint64_t events);

  /// Appends everything in Prometheus' text form.
  void append(std::string& out) const;

private:
  static constexpr size_t most_bounds = 23;

  struct histogram {
    std::array<uint64_t, most_bounds + 1> counts{}; ///< the last for more
    double sum = 0;
  };

  struct entry {
    std::map<int, uint64_t> codes;
    histogram seconds;
    histogram bytes;
  };

  void append_audit(metric_writer& to) const;
  void count_in_flight(const request_labels& what, int change);

  mutable std::mutex mutex_;
  std::map<request_labels, entry> entries_;
  std::map<request_labels, int64_t> flows_;
  std::map<const kind_info*, uint64_t> events_;
  std::map<std::string, uint64_t, std::less<>> audit_levels_;
  uint64_t audit_noted_ = 0;
  uint64_t audit_lost_ = 0;
  std::array<int64_t, 2> in_flight_{}; ///< those that read, those that write
};

/// Writes one family of metrics in Prometheus' text form.
class metric_writer {
public:
  using labels = std::vector<std::pair<std::string_view, std::string>>;

  explicit metric_writer(std::string& out) : out_(out) {
    // nop
  }

  /// Begins a family; `type` is counter, gauge or histogram.
  void family(std::string_view name, std::string_view type,
              std::string_view help);

  /// One value of the family; `suffix` "_bucket", "_sum", "_count" or "".
  void value(const labels& of, double number, std::string_view suffix = {});

private:
  std::string& out_;
  std::string name_;
};

} // namespace troupe::http

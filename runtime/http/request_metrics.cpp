#include "runtime/http/request_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace troupe::http {

namespace {

using labels = metric_writer::labels;

// Kubernetes' bounds.
constexpr std::array duration_bounds{
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4,  0.6,  0.8,  1.0,  1.25, 1.5, 2.0,
    3.0,   4.0,   5.0,  6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0};
constexpr std::array size_bounds{1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

template <class Counts>
void observe(Counts& counts, std::span<const double> bounds, double value) {
  auto at = std::lower_bound(bounds.begin(), bounds.end(), value);
  ++counts.counts[static_cast<size_t>(at - bounds.begin())];
  counts.sum += value;
}

std::string number_text(double number) {
  if (std::isinf(number))
    return "+Inf";
  return number == std::floor(number) && std::abs(number) < 1e15
             ? fmt::format("{}", static_cast<int64_t>(number))
             : fmt::format("{}", number);
}

labels labels_of(const request_labels& what) {
  auto* kind = what.kind;
  auto text = [](std::string_view part) { return std::string{part}; };
  return {{"component", "apiserver"},
          {"group", kind != nullptr ? text(kind->group) : ""},
          {"resource", kind != nullptr ? text(kind->plural) : ""},
          {"scope", text(what.scope)},
          {"subresource", text(what.subresource)},
          {"verb", text(what.verb)},
          {"version", kind != nullptr ? text(kind->version) : ""}};
}

labels with(labels all, std::string_view name, std::string value) {
  all.emplace_back(name, std::move(value));
  return all;
}

template <class Counts>
void write_histogram(metric_writer& out, const labels& of,
                     std::span<const double> bounds, const Counts& counts) {
  uint64_t total = 0;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    total += counts.counts[i];
    auto bound = i < bounds.size() ? number_text(bounds[i]) : "+Inf";
    out.value(with(of, "le", bound), static_cast<double>(total), "_bucket");
  }
  out.value(of, counts.sum, "_sum");
  out.value(of, static_cast<double>(total), "_count");
}

labels of_kind(const kind_info& kind) {
  return {{"group", std::string{kind.group}},
          {"kind", std::string{kind.kind}},
          {"version", std::string{kind.version}}};
}

bool reads(const request_labels& what) {
  return what.verb == "GET" || what.verb == "LIST";
}

} // namespace

std::string_view metric_verb(std::string_view verb, std::string_view method) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names{
      {{"get", "GET"},
       {"list", "LIST"},
       {"watch", "WATCH"},
       {"create", "POST"},
       {"update", "PUT"},
       {"patch", "PATCH"},
       {"delete", "DELETE"},
       {"deletecollection", "DELETECOLLECTION"}}};
  for (auto& [mine, theirs] : names)
    if (mine == verb)
      return theirs;
  for (auto& [mine, theirs] : names)
    if (theirs == method)
      return theirs;
  return "other";
}

void request_metrics::count_in_flight(const request_labels& what, int change) {
  // Kubernetes: what flows is not in flight.
  constexpr std::array flowing{"log", "exec", "attach", "portforward", "proxy"};
  if (what.verb != "WATCH"
      && std::find(flowing.begin(), flowing.end(), what.subresource)
             == flowing.end())
    in_flight_[reads(what) ? 0 : 1] += change;
}

void request_metrics::began(const request_labels& what) {
  std::lock_guard guard{mutex_};
  count_in_flight(what, 1);
}

void request_metrics::done(const request_labels& what, int code,
                           std::chrono::duration<double> took, size_t bytes) {
  std::lock_guard guard{mutex_};
  count_in_flight(what, -1);
  // Nobody waited for an answer.
  if (code == 0)
    return;
  auto& known = entries_[what];
  ++known.codes[code];
  observe(known.seconds, duration_bounds, took.count());
  if (reads(what))
    observe(known.bytes, size_bounds, static_cast<double>(bytes));
}

void request_metrics::flow_began(const request_labels& what) {
  std::lock_guard guard{mutex_};
  ++flows_[what];
  ++entries_[what].codes[200];
}

void request_metrics::flow_ended(const request_labels& what) {
  std::lock_guard guard{mutex_};
  --flows_[what];
}

void request_metrics::events_sent(const kind_info& kind, uint64_t count) {
  std::lock_guard guard{mutex_};
  events_[&kind] += count;
}

void request_metrics::audit_began(std::string_view level) {
  std::lock_guard guard{mutex_};
  auto found = audit_levels_.find(level);
  if (found == audit_levels_.end())
    found = audit_levels_.emplace(level, 0).first;
  ++found->second;
}

void request_metrics::audit_noted() {
  std::lock_guard guard{mutex_};
  ++audit_noted_;
}

void request_metrics::audit_lost(uint64_t events) {
  std::lock_guard guard{mutex_};
  audit_lost_ += events;
}

void request_metrics::append_audit(metric_writer& to) const {
  // Kubernetes': absent until there is something to tell.
  if (audit_levels_.empty())
    return;
  to.family("apiserver_audit_level_total", "counter",
            "Requests by how much is noted of them.");
  for (auto& [level, count] : audit_levels_)
    to.value({{"level", level}}, static_cast<double>(count));
  to.family("apiserver_audit_event_total", "counter",
            "Events that were handed to the audit log.");
  to.value({}, static_cast<double>(audit_noted_));
  to.family("apiserver_audit_error_total", "counter",
            "Events that were not noted: the audit log was too slow, or could "
            "not be written.");
  to.value({{"plugin", "log"}}, static_cast<double>(audit_lost_));
}

void request_metrics::append(std::string& out) const {
  std::lock_guard guard{mutex_};
  metric_writer to{out};
  append_audit(to);
  auto dry = [](const request_labels& what) {
    return std::string{what.dry_run ? "All" : ""};
  };
  to.family("apiserver_request_total", "counter",
            "Requests that were answered, or that flow.");
  for (auto& [what, known] : entries_)
    for (auto& [code, count] : known.codes)
      to.value(with(with(labels_of(what), "dry_run", dry(what)), "code",
                    std::to_string(code)),
               static_cast<double>(count));
  to.family("apiserver_request_duration_seconds", "histogram",
            "How long requests took that do not flow.");
  for (auto& [what, known] : entries_)
    if (flows_.count(what) == 0)
      write_histogram(to, with(labels_of(what), "dry_run", dry(what)),
                      duration_bounds, known.seconds);
  to.family("apiserver_response_sizes", "histogram",
            "Bytes in the answers of requests that read.");
  for (auto& [what, known] : entries_)
    if (reads(what) && flows_.count(what) == 0)
      write_histogram(to, labels_of(what), size_bounds, known.bytes);
  to.family("apiserver_current_inflight_requests", "gauge",
            "Requests without an answer yet.");
  to.value({{"request_kind", "readOnly"}}, static_cast<double>(in_flight_[0]));
  to.value({{"request_kind", "mutating"}}, static_cast<double>(in_flight_[1]));
  to.family("apiserver_longrunning_requests", "gauge",
            "Watches, logs and other requests that flow.");
  for (auto& [what, count] : flows_)
    to.value(labels_of(what), static_cast<double>(count));
  std::map<const kind_info*, int64_t> watchers;
  for (auto& [what, count] : flows_)
    if (what.kind != nullptr && what.verb == "WATCH")
      watchers[what.kind] += count;
  to.family("apiserver_registered_watchers", "gauge", "Watches of each kind.");
  for (auto& [kind, count] : watchers)
    to.value(of_kind(*kind), static_cast<double>(count));
  to.family("apiserver_watch_events_total", "counter",
            "Events that were sent to watches.");
  for (auto& [kind, count] : events_)
    to.value(of_kind(*kind), static_cast<double>(count));
}

void metric_writer::family(std::string_view name, std::string_view type,
                           std::string_view help) {
  name_ = name;
  out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void metric_writer::value(const labels& of, double number,
                          std::string_view suffix) {
  (out_ += name_) += suffix;
  const char* comma = "{";
  for (auto& [name, value] : of) {
    ((out_ += comma) += name) += "=\"";
    for (auto c : value) {
      if (c == '"' || c == '\\')
        out_ += '\\';
      out_ += c;
    }
    out_ += '"';
    comma = ",";
  }
  if (!of.empty())
    out_ += '}';
  (out_ += ' ') += number_text(number) + "\n";
}

} // namespace troupe::http

#include "actors/http/connection_parts.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/http/request_metrics.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/system/machine.hpp"
#include "runtime/system/process_figures.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::serving_http {

namespace {

/// Kubernetes: what a request is about, roughly.
std::string_view scope_of(const exchange& x) {
  if (x.at.where != http::place::resource)
    return "";
  if (!x.at.name.empty() || x.verb == "create")
    return "resource";
  return x.at.ns.empty() ? "cluster" : "namespace";
}

/// One that the kind has, whatever the path says.
std::string_view known_subresource(const exchange& x) {
  if (x.at.kind == nullptr)
    return "";
  auto& all = x.at.kind->subresources;
  auto found = std::find(all.begin(), all.end(), x.at.subresource);
  return found == all.end() ? std::string_view{} : *found;
}

void write_process(http::metric_writer& to) {
  auto figures = read_process_figures();
  auto one = [&](const char* name, const char* type, const char* help,
                 double number) {
    to.family(name, type, help);
    to.value({}, number);
  };
  one("process_cpu_seconds_total", "counter", "CPU time of the process.",
      figures.cpu_seconds);
  one("process_resident_memory_bytes", "gauge", "Memory that is resident.",
      static_cast<double>(figures.resident_bytes));
  one("process_virtual_memory_bytes", "gauge", "Memory that is mapped.",
      static_cast<double>(figures.virtual_bytes));
  one("process_open_fds", "gauge", "Files that are open.",
      static_cast<double>(figures.open_files));
  one("process_max_fds", "gauge", "Files that may be open.",
      static_cast<double>(figures.most_files));
  one("process_start_time_seconds", "gauge",
      "When the process began, in seconds since the epoch.",
      figures.start_seconds);
}

void write_events(http::metric_writer& to, const http::event_memo& events) {
  auto made = events.made();
  to.family("troupe_watch_events_encoded_total", "counter",
            "Events of watches that were encoded: once for all who want one in "
            "the same form.");
  to.value({}, static_cast<double>(made));
  to.family("troupe_watch_events_shared_total", "counter",
            "Events that were sent to another watch as they were encoded.");
  to.value({}, static_cast<double>(events.asked() - made));
}

void write_version(http::metric_writer& to) {
  std::string version{kubelet_version};
  auto dot = version.find('.', 3);
  to.family("kubernetes_build_info", "gauge", "The version that is served.");
  to.value({{"git_version", version},
            {"major", "1"},
            {"minor", version.substr(3, dot - 3)}},
           1);
}

/// How many objects of each kind there are, as the answers come in.
struct census {
  exchange_ptr x;
  std::map<std::string, uint64_t> counts; ///< by "pods", "deployments.apps"
  size_t open = 0;
};

void finish(pointer self, const census& all) {
  std::string out;
  self->state.edge->metrics().append(out);
  http::metric_writer to{out};
  to.family("apiserver_storage_objects", "gauge",
            "Objects that are stored, by resource.");
  for (auto& [resource, count] : all.counts)
    to.value({{"resource", resource}}, static_cast<double>(count));
  write_events(to, *self->state.events);
  write_version(to);
  write_process(to);
  answer(self, *all.x, 200, "text/plain; version=0.0.4; charset=utf-8",
         std::move(out));
}

/// A page of one object tells how many follow.
uint64_t count_of(const call::Response& page, size_t shown) {
  return shown + static_cast<uint64_t>(page.remaining());
}

bool is_stored(const kind_info& kind) {
  return !kind.plural.empty() && kind.has_verb("list")
         && kind.has_verb("create") && &rules::stored_kind(kind) == &kind;
}

void count(pointer self, const std::shared_ptr<census>& all,
           const kind_info& kind) {
  ++all->open;
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  msg.set_limit(1);
  own_session(self).request(std::move(msg), object{},
                            [self, all, &kind](expected<troupe::answer> got) {
                              // What cannot be counted now is left out.
                              if (got)
                                all->counts[kind.qualified_plural()] = count_of(
                                    *got->response, got->objects.size());
                              if (--all->open == 0)
                                finish(self, *all);
                            });
}

} // namespace

http::request_labels labels_of(const exchange& x) {
  http::request_labels result;
  result.verb = http::metric_verb(x.verb, x.request->method());
  result.kind = x.at.kind;
  result.subresource = known_subresource(x);
  result.scope = scope_of(x);
  result.dry_run = x.to.has("dryRun");
  return result;
}

std::shared_ptr<http::request_metrics> metrics_of(pointer self) {
  auto& edge = self->state.edge;
  return {edge, &edge->metrics()};
}

void answer_metrics(pointer self, exchange_ptr x) {
  auto all = std::make_shared<census>();
  all->x = std::move(x);
  for (auto& kind : all_kinds())
    if (is_stored(kind))
      count(self, all, kind);
}

} // namespace troupe::serving_http

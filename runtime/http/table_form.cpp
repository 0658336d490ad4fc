#include "runtime/http/table_form.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/printing/columns.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/text/json_as.hpp"
#include "runtime/text/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

namespace troupe::http {

namespace {

void append_member(std::string& out, std::string_view name,
                   std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  text::append_json_string(out, value, true);
}

void append_columns(std::string& out,
                    const std::vector<printing::column>& columns) {
  out += '[';
  for (auto& c : columns) {
    if (&c != &columns.front())
      out += ',';
    out += '{';
    append_member(out, "name", c.name);
    out += ',';
    append_member(out, "type", c.type);
    out += ',';
    append_member(out, "format", c.format);
    out +=
        R"(,"description":"","priority":)" + std::to_string(c.priority) + "}";
  }
  out += ']';
}

bool is_integer(const std::string& text) {
  int64_t ignored = 0;
  auto end = text.data() + text.size();
  auto [last, bad] = std::from_chars(text.data(), end, ignored);
  return bad == std::errc{} && last == end && !text.empty();
}

/// Kubernetes: cells that are no texts, though their columns say so.
bool is_typed_anyway(const kind_info& kind, std::string_view column) {
  static const std::set<std::pair<std::string_view, std::string_view>> all{
      {"configmaps", "Data"},
      {"controllerrevisions", "Revision"},
      {"deployments", "Available"},
      {"deployments", "Up-to-date"},
      {"flowschemas", "MatchingPrecedence"},
      {"horizontalpodautoscalers", "MaxPods"},
      {"horizontalpodautoscalers", "Replicas"},
      {"prioritylevelconfigurations", "HandSize"},
      {"prioritylevelconfigurations", "NominalConcurrencyShares"},
      {"prioritylevelconfigurations", "QueueLengthLimit"},
      {"prioritylevelconfigurations", "Queues"},
      {"secrets", "Data"},
      {"serviceaccounts", "Secrets"},
      {"storageclasses", "AllowVolumeExpansion"},
  };
  return all.count({kind.plural, column}) != 0;
}

/// Columns of numbers show words where there is no number.
void append_cell(std::string& out, bool typed, const std::string& text) {
  if (typed && (is_integer(text) || text == "true" || text == "false"))
    out += text;
  else
    text::append_json_string(out, text, true);
}

/// Kubernetes: clients may leave pods out that will not run any more.
void append_conditions(std::string& out, const object& x) {
  if (&x.kind() != &kind_of<core::v1::Pod>())
    return;
  auto& phase = x.as<core::v1::Pod>().status().phase();
  if (phase == "Succeeded")
    out += R"("conditions":[{"type":"Completed","status":"True",)"
           R"("reason":"Succeeded","message":"The pod has completed )"
           R"(successfully."}],)";
  else if (phase == "Failed")
    out += R"("conditions":[{"type":"Completed","status":"True",)"
           R"("reason":"Failed","message":"The pod failed."}],)";
}

/// Of each column, whether its cells may be something else than texts.
std::vector<bool> typed_columns(const kind_info& kind,
                                const printing::kind_columns& columns) {
  std::vector<bool> result;
  for (auto& each : columns.columns)
    result.push_back(each.type == "integer" || each.type == "boolean"
                     || is_typed_anyway(kind, each.name));
  return result;
}

void append_row(std::string& out, const object& x,
                const printing::kind_columns& columns,
                const std::vector<bool>& typed, const table_form& form) {
  printing::cells cells;
  columns.row(rules::to_stored(x), form.now, cells);
  out += R"({"cells":[)";
  for (size_t i = 0; i < cells.size() && i < columns.columns.size(); ++i) {
    if (i > 0)
      out += ',';
    append_cell(out, typed[i], cells[i]);
  }
  out += "],";
  append_conditions(out, x);
  out += R"("object":)";
  switch (form.rows) {
    case row_object::metadata:
      out += to_partial_json(x, form.version);
      break;
    case row_object::whole:
      text::append_json(out, x);
      break;
    case row_object::none:
      out += "null";
  }
  out += '}';
}

/// Kubernetes shows flow schemas in the order in which requests are held
/// against them.
std::vector<object> in_order_of_matching(std::span<const object> items) {
  std::vector<std::pair<int32_t, object>> keyed;
  for (auto& x : items) {
    auto stored = rules::to_stored(x);
    auto& spec = stored.as<flowcontrol::v1::FlowSchema>().spec();
    keyed.emplace_back(spec.matching_precedence(), x);
  }
  std::sort(keyed.begin(), keyed.end(), [](auto& a, auto& b) {
    return a.first != b.first ? a.first < b.first
                              : a.second.name() < b.second.name();
  });
  std::vector<object> result;
  for (auto& [precedence, x] : keyed)
    result.push_back(std::move(x));
  return result;
}

} // namespace

void append_list_meta(std::string& out, const list_meta& meta) {
  out += '{';
  const char* comma = "";
  if (meta.revision != 0) {
    out += R"("resourceVersion":")" + std::to_string(meta.revision) + "\"";
    comma = ",";
  }
  if (!meta.next.empty()) {
    out += comma;
    append_member(out, "continue", meta.next);
    comma = ",";
  }
  if (meta.remaining != 0) {
    out += comma;
    out += R"("remainingItemCount":)" + std::to_string(meta.remaining);
  }
  out += '}';
}

std::string to_partial_json(const object& x, std::string_view version) {
  return text::to_json_as(x, *meta::v1::PartialObjectMetadata::descriptor(),
                          "meta.k8s.io/" + std::string{version},
                          "PartialObjectMetadata");
}

std::string to_table_json(const kind_info& kind, std::span<const object> items,
                          const list_meta& meta, const table_form& form) {
  auto& columns = printing::columns_of(rules::stored_kind(kind));
  std::string out = R"({"kind":"Table","apiVersion":"meta.k8s.io/)"
                    + form.version + R"(","metadata":)";
  append_list_meta(out, meta);
  out += R"(,"columnDefinitions":)";
  if (form.columns)
    append_columns(out, columns.columns);
  else
    out += "null";
  std::vector<object> sorted;
  if (&rules::stored_kind(kind) == &kind_of<flowcontrol::v1::FlowSchema>()) {
    sorted = in_order_of_matching(items);
    items = sorted;
  }
  auto typed = typed_columns(rules::stored_kind(kind), columns);
  out += R"(,"rows":[)";
  for (auto& x : items) {
    if (&x != items.data())
      out += ',';
    append_row(out, x, columns, typed, form);
  }
  out += "]}";
  return out;
}

} // namespace troupe::http

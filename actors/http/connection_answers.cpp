#include "actors/http/connection_parts.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/http/flow_of.hpp"
#include "runtime/http/gzip.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe::serving_http {

namespace {

/// Kubernetes: smaller answers are not worth it.
constexpr size_t gzip_from = 128u << 10;

/// A warning as RFC 7234 has it. What has no place in a header is left out.
std::string warning_text(const std::string& text) {
  std::string out = "299 - \"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
      out += c;
  }
  return out + "\"";
}

/// Whether other clients are told the same there in other forms, which is for
/// caches to know.
bool varies(http::place where) {
  return where == http::place::core_versions || where == http::place::groups
         || where == http::place::openapi_v2
         || where == http::place::openapi_v3;
}

bool takes_gzip(const exchange& x) {
  for (auto& type : http::parse_accept(x.header("Accept-Encoding")))
    if (type.name == "gzip")
      return true;
  return false;
}

} // namespace

std::string_view exchange::header(std::string_view name) const {
  for (auto& h : request->headers())
    if (http::same_word(h.name(), name))
      return h.value();
  return {};
}

std::vector<http::header> headers_of(const exchange& x) {
  std::vector<http::header> out;
  for (auto& h : x.request->headers())
    out.emplace_back(h.name(), h.value());
  return out;
}

http::header audit_header(const std::string& audit_id) {
  return {"Audit-Id", audit_id};
}

std::pair<std::string, std::string> warning_header(const std::string& text) {
  return {"Warning", warning_text(text)};
}

void add_flow(const rules::flow_class* flow, http::response_head& head) {
  if (flow == nullptr)
    return;
  head.headers.emplace_back("X-Kubernetes-PF-FlowSchema-UID", flow->schema_uid);
  head.headers.emplace_back("X-Kubernetes-PF-PriorityLevel-UID",
                            flow->level_uid);
}

// Kubernetes: what lasts is in no flow. A watch is in one: it takes its place
// until it has begun; 1.20 still leaves it out.
void classify(pointer self, exchange& x) {
  auto& flows = self->state.flows;
  if (!flows || http::is_streamed(x.at) || x.at.subresource == "log")
    return;
  auto what = http::flow_of(x.to, x.at, x.verb, x.request->method());
  if (auto* found = flows->find(x.who, what))
    x.flow = {flows, found};
}

void answer(pointer self, const exchange& x, int status, std::string type,
            std::string body, const answer_words& words) {
  if (x.mark)
    x.mark->done(status, self->clock().now() - x.since, body.size());
  audit_body(self, x, status, body, type);
  http::response_head head;
  head.status = status;
  head.headers.push_back(audit_header(x.audit_id));
  add_flow(x.flow.get(), head);
  if (!type.empty())
    head.headers.emplace_back("Content-Type", std::move(type));
  head.headers.emplace_back("Cache-Control", words.caching.empty()
                                                 ? "no-cache, private"
                                                 : words.caching);
  if (varies(x.at.where))
    head.headers.emplace_back("Vary", "Accept");
  if (!words.tag.empty())
    head.headers.emplace_back("ETag", words.tag);
  for (auto& w : words.warnings)
    head.headers.push_back(warning_header(w));
  head.headers.insert(head.headers.end(), words.others.begin(),
                      words.others.end());
  if (body.size() >= gzip_from && takes_gzip(x)) {
    if (auto small = http::gzip(body); !small.empty()) {
      body = std::move(small);
      head.headers.emplace_back("Content-Encoding", "gzip");
      head.headers.emplace_back("Vary", "Accept-Encoding");
    }
  }
  self->state.edge->answer(self->state.connection, x.number, std::move(head),
                           std::move(body));
}

namespace {

/// An answer that says why not.
struct refusal {
  http::response_head head;
  std::string type;
  std::string body;
};

refusal refusal_of(const exchange& x, const caf::error& why) {
  auto status = to_status(why);
  // Kubernetes: why somebody is nobody is not told.
  if (status.code() == 401)
    status.set_message("Unauthorized");
  auto form = http::refusal_form(x.header("Accept"));
  form.pretty = form.pretty || x.form.pretty;
  refusal out;
  out.type = form.content_type();
  out.head.status = status.code();
  out.head.headers = {audit_header(x.audit_id),
                      {"Content-Type", out.type},
                      {"Cache-Control", "no-cache, private"}};
  add_flow(x.flow.get(), out.head);
  if (auto seconds = status.details().retry_after_seconds(); seconds > 0)
    out.head.headers.emplace_back("Retry-After", std::to_string(seconds));
  out.body = http::encode_status(status, form);
  return out;
}

} // namespace

void refuse(http::http_edge& edge, uint64_t connection, const exchange& x,
            const caf::error& why) {
  auto what = refusal_of(x, why);
  edge.answer(connection, x.number, std::move(what.head), std::move(what.body));
}

void refuse(pointer self, const exchange& x, const caf::error& why) {
  auto& st = self->state;
  auto what = refusal_of(x, why);
  if (x.mark)
    x.mark->done(what.head.status, self->clock().now() - x.since,
                 what.body.size());
  audit_body(self, x, what.head.status, what.body, what.type);
  st.edge->answer(st.connection, x.number, std::move(what.head),
                  std::move(what.body));
}

http::body_form form_of(pointer self, const exchange& x) {
  http::body_form how;
  how.form = x.form;
  how.now = self->state.ctx->now();
  auto& rows = x.to.get("includeObject");
  if (rows == "Object")
    how.rows = http::row_object::whole;
  else if (rows == "None")
    how.rows = http::row_object::none;
  return how;
}

} // namespace troupe::serving_http

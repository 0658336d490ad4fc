#include "actors/http/connection_parts.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/http/date_header.hpp"
#include "runtime/http/discovery.hpp"
#include "runtime/http/health.hpp"
#include "runtime/http/issuer.hpp"
#include "runtime/http/openapi.hpp"
#include "runtime/rules/account_token.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/machine.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::serving_http {

namespace {

void answer_message(pointer self, const exchange& x,
                    const google::protobuf::Message& msg, std::string_view kind,
                    std::string_view version = "v1") {
  auto form = x.form;
  form.as = http::shape::object;
  answer(self, x, 200, form.content_type(),
         http::encode_message(msg, version, kind, form));
}

/// The client gets the bytes, or hears that it has them.
void answer_document(pointer self, const exchange& x, std::string type,
                     const http::served_document& document,
                     const std::string& caching = {},
                     std::vector<http::header> others = {}) {
  auto tag = document.tag();
  auto known = http::names_tag(x.header("If-None-Match"), tag);
  answer(self, x, known ? 304 : 200, known ? std::string{} : std::move(type),
         known ? std::string{} : document.bytes,
         {{}, tag, caching, std::move(others)});
}

void answer_discovery(pointer self, const exchange& x) {
  auto& config = self->state.ctx->config();
  auto core = x.at.where == http::place::core_versions;
  if (x.form.as == http::shape::discovery) {
    // Kubernetes: caches may keep it, and ask whether it is still so.
    answer_document(self, x, x.form.content_type(),
                    x.form.bytes == http::encoding::protobuf
                        ? http::aggregated_protobuf(core, x.form.version)
                        : http::aggregated_discovery(core, x.form.version),
                    "public");
    return;
  }
  if (core)
    answer_message(self, x,
                   http::core_versions(config.api_address + ":"
                                       + std::to_string(config.api_port)),
                   "APIVersions", http::discovery_version({}));
  else
    answer_message(self, x, http::group_list(), "APIGroupList");
}

/// A page of health, while its questions are asked.
struct health_report {
  exchange_ptr x;
  std::vector<http::health_check> checks;
  size_t open = 1; ///< questions, and one for whoever asks them
};

void one_answered(pointer self, health_report& all) {
  if (--all.open > 0)
    return;
  auto& x = *all.x;
  auto page = http::health_page(x.at.group, x.at.check, x.to.all("exclude"),
                                x.to.has("verbose"), all.checks);
  answer(self, x, page.status, "text/plain; charset=utf-8", page.text);
}

void answer_health(pointer self, exchange_ptr x) {
  auto all = std::make_shared<health_report>();
  all->x = x;
  auto& page = x->at.group;
  for (auto& each : http::health_questions(page))
    all->checks.push_back({std::string{each.check}, {}});
  // Whoever asks may be nobody, so the questions are the server's own.
  for (auto& each :
       http::questions_of(page, x->at.check, x->to.all("exclude"))) {
    auto& finished = self->state.edge->finished();
    if (each.kind == nullptr
        || (each.must_exist && finished.contains(each.check)))
      continue;
    ++all->open;
    own_session(self).get(
        {each.kind, std::string{each.ns}, std::string{each.name}},
        [self, all, each](expected<troupe::answer> got) {
          if (got && each.must_exist)
            self->state.edge->finished().add(each.check);
          for (auto& check : all->checks)
            if (check.name == each.check)
              check.problem =
                  http::problem_of(each, got ? caf::error{} : got.error());
          one_answered(self, *all);
        });
  }
  one_answered(self, *all);
}

constexpr auto json_type = "application/json";

void answer_openapi_v2(pointer self, const exchange& x) {
  // Kubernetes' older clients have an @ where newer ones have a dot. Go's
  // cannot read a type with an @, which they ask for.
  constexpr auto protobuf =
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  constexpr auto older =
      "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  auto best =
      http::choose_type(x.header("Accept"), {json_type, older, protobuf});
  if (!best)
    answer(self, x, 406, {}, {});
  else if (*best == 0)
    answer_document(self, x, json_type, http::openapi_v2_json());
  else
    answer_document(self, x, protobuf, http::openapi_v2_protobuf());
}

/// Kubernetes: who asks for what a document is by its hash may keep it for
/// good; one who has an older hash is led to the newer.
void answer_hashed(pointer self, const exchange& x, const char* type,
                   const http::served_document& document,
                   const std::string& hash) {
  if (hash != document.hash)
    return answer(self, x, 301, type, {},
                  {{},
                   document.tag(),
                   {},
                   {{"Location",
                     "/openapi/v3/" + x.at.check + "?hash=" + document.hash}}});
  auto year = std::chrono::hours{24 * 365};
  answer_document(
      self, x, type, document, "public, immutable",
      {{"Expires", http::date_text(self->state.ctx->now() + year)}});
}

void answer_openapi_v3(pointer self, const exchange& x) {
  if (x.at.check.empty())
    return answer_document(self, x, json_type, http::openapi_v3_index());
  // As with those of v2.
  constexpr auto protobuf =
      "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
  constexpr auto older =
      "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
  if (http::openapi_v3_document(x.at.check) == nullptr)
    return answer(self, x, 404, {}, {});
  auto best =
      http::choose_type(x.header("Accept"), {json_type, older, protobuf});
  if (!best)
    return answer(self, x, 406, {}, {});
  auto* type = *best == 0 ? json_type : protobuf;
  auto& document = *(*best == 0 ? http::openapi_v3_document(x.at.check)
                                : http::openapi_v3_protobuf(x.at.check));
  if (auto& hash = x.to.get("hash"); !hash.empty())
    return answer_hashed(self, x, type, document, hash);
  answer_document(self, x, type, document);
}

/// Kubernetes: may be kept for an hour.
constexpr auto for_an_hour = "public, max-age=3600";

/// Who issues the tokens of accounts, for whoever checks them elsewhere.
void answer_issuer(pointer self, const exchange& x) {
  auto& ctx = *self->state.ctx;
  auto* authority = ctx.outside().authority.get();
  if (authority == nullptr || !authority->tokens)
    return refuse(self, x, http::no_such_place());
  answer_words words;
  words.caching = for_an_hour;
  if (x.at.where == http::place::token_keys)
    return answer(self, x, 200, "application/jwk-set+json",
                  authority->tokens->public_set(), words);
  auto keys = "https://" + ctx.config().api_address + ":"
              + std::to_string(ctx.config().api_port) + "/openid/v1/jwks";
  answer(self, x, 200, "application/json",
         http::issuer_document(rules::token_issuer, keys,
                               authority->tokens->algorithms()),
         words);
}

} // namespace

void answer_place(pointer self, exchange_ptr x) {
  switch (x->at.where) {
    case http::place::core_versions:
    case http::place::groups:
      return answer_discovery(self, *x);
    case http::place::group:
      return answer_message(self, *x, http::api_group(x->at.group), "APIGroup");
    case http::place::version:
      return answer_message(
          self, *x, http::resource_list(x->at.group, x->at.version),
          "APIResourceList", http::discovery_version(x->at.group));
    case http::place::server_version:
      return answer(self, *x, 200, "application/json",
                    http::server_version(kubelet_version));
    case http::place::health:
      return answer_health(self, x);
    case http::place::metrics:
      return answer_metrics(self, x);
    case http::place::index:
      return answer(self, *x, 200, "application/json", http::index_of_paths());
    case http::place::openapi_v2:
      return answer_openapi_v2(self, *x);
    case http::place::openapi_v3:
      return answer_openapi_v3(self, *x);
    case http::place::issuer:
    case http::place::token_keys:
      return answer_issuer(self, *x);
    default:
      refuse(self, *x, http::no_such_place());
  }
}

} // namespace troupe::serving_http

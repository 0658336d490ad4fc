#include "actors/http/connection_parts.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
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
                    const google::protobuf::Message& msg,
                    std::string_view kind) {
  auto form = x.form;
  form.as = http::shape::object;
  answer(self, x, 200, form.content_type(),
         http::encode_message(msg, "v1", kind, form));
}

void answer_discovery(pointer self, const exchange& x) {
  auto& config = self->state.ctx->config();
  auto core = x.at.where == http::place::core_versions;
  if (x.form.as == http::shape::discovery) {
    answer(self, x, 200, x.form.content_type(),
           http::aggregated_discovery(core, x.form.version));
    return;
  }
  if (core)
    answer_message(self, x,
                   http::core_versions(config.api_address + ":"
                                       + std::to_string(config.api_port)),
                   "APIVersions");
  else
    answer_message(self, x, http::group_list(), "APIGroupList");
}

void answer_health(pointer self, exchange_ptr x) {
  auto checks = http::health_checks();
  auto done = [self, x](std::vector<http::health_check> found) {
    auto page =
        http::health_page(x->at.group, x->at.check, x->to.all("exclude"),
                          x->to.has("verbose"), found);
    answer(self, *x, page.status, "text/plain; charset=utf-8", page.text);
  };
  if (!x->at.check.empty() && x->at.check != http::store_check)
    return done(std::move(checks));
  // Whoever asks may be nobody, so the question is the server's own: a read of
  // the newest state is answered when everything it stands on is well.
  own_session(self).get(
      {&kind_of<core::v1::Namespace>(), {}, "default"},
      [checks = std::move(checks), done](expected<troupe::answer> got) mutable {
        for (auto& c : checks)
          if (c.name == http::store_check && !got
              && !is(got.error(), ec::not_found))
            c.problem = message_of(got.error());
        done(std::move(checks));
      });
}

/// Documents are long and seldom new: whoever has one need not get it again.
void answer_document(pointer self, const exchange& x, std::string type,
                     const http::openapi_document& document) {
  auto tag = "\"" + document.hash + "\"";
  if (x.header("If-None-Match") == tag)
    return answer(self, x, 304, std::move(type), {}, {}, tag);
  answer(self, x, 200, std::move(type), document.bytes, {}, tag);
}

void answer_openapi_v2(pointer self, const exchange& x) {
  // Kubernetes' older clients have an @ where newer ones have a dot.
  constexpr const char* names[] = {
      "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"};
  auto accept = http::parse_accept(x.header("Accept"));
  for (auto& type : accept) {
    if (type.name == names[0] || type.name == names[1])
      // Go's clients cannot read a type with an @, which they ask for.
      return answer_document(self, x, names[1], http::openapi_v2_protobuf());
    if (type.name == "application/json" || type.name == "*/*"
        || type.name == "application/*")
      break;
  }
  answer_document(self, x, "application/json", http::openapi_v2_json());
}

void answer_openapi_v3(pointer self, const exchange& x) {
  if (x.at.check.empty())
    return answer_document(self, x, "application/json",
                           http::openapi_v3_index());
  auto* document = http::openapi_v3_document(x.at.check);
  if (document == nullptr)
    return refuse(self, x,
                  make_error(ec::not_found,
                             "the server could not find the requested "
                             "resource"));
  answer_document(self, x, "application/json", *document);
}

/// Kubernetes: may be kept for an hour.
constexpr auto for_an_hour = "public, max-age=3600";

/// Who issues the tokens of accounts, for whoever checks them elsewhere.
void answer_issuer(pointer self, const exchange& x) {
  auto& ctx = *self->state.ctx;
  auto* authority = ctx.outside().authority.get();
  if (authority == nullptr || !authority->tokens)
    return refuse(self, x,
                  make_error(ec::not_found,
                             "the server could not find the requested "
                             "resource"));
  if (x.at.where == http::place::token_keys)
    return answer(self, x, 200, "application/jwk-set+json",
                  authority->tokens->public_set(), {}, {}, for_an_hour);
  auto keys = "https://" + ctx.config().api_address + ":"
              + std::to_string(ctx.config().api_port) + "/openid/v1/jwks";
  answer(self, x, 200, "application/json",
         http::issuer_document(rules::token_issuer, keys,
                               authority->tokens->algorithms()),
         {}, {}, for_an_hour);
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
      return answer_message(self, *x,
                            http::resource_list(x->at.group, x->at.version),
                            "APIResourceList");
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
      refuse(self, *x,
             make_error(ec::not_found,
                        "the server could not find the requested resource"));
  }
}

} // namespace troupe::serving_http

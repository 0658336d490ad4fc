#include "runtime/crypto/json_web_token.hpp"
#include "runtime/rules/account_token.hpp"
#include "tests/fuzz/targets.hpp"

namespace troupe::fuzz {

void token(std::string_view bytes) {
  auto read = crypto::parse_json_web_token(bytes);
  if (!read) {
    demand(message_of(read.error()).find(bytes) == std::string::npos
               || bytes.size() < 8,
           "an error does not tell what was shown");
    return;
  }
  demand(crypto::looks_like_web_token(bytes), "what is one looks like one");
  demand(bytes.starts_with(read->signing_input), "what is signed was shown");
  auto claims = rules::read_payload(read->payload);
  if (!claims)
    return;
  (void)rules::check_claims(*claims, {std::string{rules::token_issuer}}, {});
  auto again = rules::read_payload(rules::to_payload(*claims));
  demand(!again || again->account.name == claims->account.name,
         "an account stays the same");
}

} // namespace troupe::fuzz

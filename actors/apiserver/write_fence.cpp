#include "actors/apiserver/write_job.hpp"
#include "messages/store.pb.h"
#include "runtime/rules/election.hpp"

// Elections, as far as the store sees them: a key each, whose last change is
// the present term.
namespace troupe {

void insist(store_api::TxnRequest& txn, const std::string& key,
            uint64_t revision) {
  auto* compare = txn.add_compares();
  compare->set_key(key);
  compare->set_target(store_api::Compare::MOD_REVISION);
  compare->set_result(store_api::Compare::EQUAL);
  compare->set_number(revision);
}

void add_term(store_api::TxnRequest& txn, const object& before,
              const object& after) {
  auto key = rules::term_key(after ? after : before);
  if (key.empty() || !rules::begins_term(before, after))
    return;
  auto* put = txn.add_then()->mutable_put();
  put->set_key(key);
  put->set_value(rules::holder_of(after));
}

void add_fence(store_api::TxnRequest& txn, const call::Request& request) {
  if (request.election().empty())
    return;
  auto key = rules::term_key(request.election());
  insist(txn, key, request.term());
  txn.add_otherwise()->mutable_range()->set_key(key);
}

bool is_fenced_off(const call::Request& request,
                   const store_api::TxnResponse& response) {
  if (request.election().empty())
    return false;
  auto key = rules::term_key(request.election());
  for (auto& r : response.results())
    for (auto& kv : r.range().kvs())
      if (kv.key() == key)
        return kv.mod_revision() != request.term();
  return true;
}

} // namespace troupe

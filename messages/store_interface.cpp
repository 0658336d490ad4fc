#include "messages/store_interface.hpp"

#include "messages/store.pb.h"

namespace troupe {

namespace {

using namespace store_api;

TxnRequest only_if(const std::string& key, uint64_t mod_revision) {
  TxnRequest request;
  auto& compare = *request.add_compares();
  compare.set_key(key);
  compare.set_target(Compare::MOD_REVISION);
  compare.set_number(mod_revision);
  request.add_otherwise()->mutable_range()->set_key(key);
  return request;
}

} // namespace

std::string prefix_end(std::string prefix) {
  while (!prefix.empty()) {
    auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');
}

TxnRequest put_request(std::string key, std::string value) {
  TxnRequest request;
  auto& put = *request.add_then()->mutable_put();
  put.set_key(std::move(key));
  put.set_value(std::move(value));
  return request;
}

TxnRequest put_if_request(std::string key, std::string value,
                          uint64_t mod_revision) {
  auto request = only_if(key, mod_revision);
  auto& put = *request.add_then()->mutable_put();
  put.set_key(std::move(key));
  put.set_value(std::move(value));
  return request;
}

TxnRequest delete_request(std::string key) {
  TxnRequest request;
  request.add_then()->mutable_delete_range()->set_key(std::move(key));
  return request;
}

TxnRequest delete_if_request(std::string key, uint64_t mod_revision) {
  auto request = only_if(key, mod_revision);
  request.add_then()->mutable_delete_range()->set_key(std::move(key));
  return request;
}

} // namespace troupe

#pragma once

#include "runtime/etcd/etcd.pb.h"
#include "runtime/rpc/rpc_edge.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// The other end of every call, as a test wants it to be.
class simulated_etcd : public rpc::rpc_edge {
public:
  struct call {
    std::string server; ///< its host
    std::string method;
    std::string request;
    std::function<void(rpc::status, std::string)> done;
  };

  struct stream {
    std::string server;
    std::string method;
    std::vector<std::string> sent;
    std::function<void(std::string)> heard;
    std::function<void(rpc::status)> ended;
    bool open = true;
  };

  std::unique_ptr<rpc::channel> connect(const rpc::endpoint& to) override;

  /// Answers the oldest call.
  void answer(const google::protobuf::MessageLite& with);
  void fail(rpc::code code, const std::string& message, bool sent = true);
  /// The same for the question that every connection begins with.
  void welcome(uint64_t revision);

  std::vector<std::string> connects; ///< hosts, in order
  std::deque<call> calls;            ///< not answered yet
  std::vector<std::shared_ptr<stream>> streams;
};

} // namespace troupe::test

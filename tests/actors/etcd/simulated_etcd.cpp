#include "simulated_etcd.hpp"

#include <utility>

namespace troupe::test {

namespace {

class test_stream : public rpc::stream {
public:
  explicit test_stream(std::shared_ptr<simulated_etcd::stream> what)
      : what_(std::move(what)) {
    // nop
  }

  ~test_stream() override { what_->open = false; }

  void send(std::string message) override {
    what_->sent.push_back(std::move(message));
  }

  void took() override {}

private:
  std::shared_ptr<simulated_etcd::stream> what_;
};

class test_channel : public rpc::channel {
public:
  test_channel(simulated_etcd& etcd, std::string server)
      : etcd_(etcd), server_(std::move(server)) {
    // nop
  }

  void call(const std::string& method, std::string request,
            std::chrono::milliseconds,
            std::function<void(rpc::status, std::string)> done) override {
    etcd_.calls.push_back(
        {server_, method, std::move(request), std::move(done)});
  }

  std::unique_ptr<rpc::stream>
  open(const std::string& method, const rpc::headers&,
       std::function<void(std::string)> heard,
       std::function<void(rpc::status)> ended) override {
    auto what = std::make_shared<simulated_etcd::stream>();
    what->server = server_;
    what->method = method;
    what->heard = std::move(heard);
    what->ended = std::move(ended);
    etcd_.streams.push_back(what);
    return std::make_unique<test_stream>(std::move(what));
  }

private:
  simulated_etcd& etcd_;
  std::string server_;
};

} // namespace

std::unique_ptr<rpc::channel> simulated_etcd::connect(const rpc::endpoint& to) {
  connects.push_back(to.host);
  return std::make_unique<test_channel>(*this, to.host);
}

void simulated_etcd::answer(const google::protobuf::MessageLite& with) {
  auto what = std::move(calls.front());
  calls.pop_front();
  what.done({}, with.SerializeAsString());
}

void simulated_etcd::fail(rpc::code code, const std::string& message,
                          bool sent) {
  auto what = std::move(calls.front());
  calls.pop_front();
  what.done({code, message, sent}, {});
}

void simulated_etcd::welcome(uint64_t revision) {
  etcd::RangeResult result;
  result.mutable_header()->set_revision(revision);
  answer(result);
}

} // namespace troupe::test

#include "behaviour_fixture.hpp"

#include <filesystem>
#include <map>

namespace troupe::test {

using namespace store_api;

namespace {

namespace fs = std::filesystem;

/// The stores of this run, each made when it is first asked; all end with it.
class all_stores : public ::testing::Environment {
public:
  live_store& of(const std::string& kind) {
    auto& result = stores_[kind];
    if (!result)
      result = make(kind);
    return *result;
  }

  void TearDown() override {
    stores_.clear();
    etcds_.clear();
    std::error_code ignored;
    if (!folder_.empty())
      fs::remove_all(folder_, ignored);
  }

private:
  std::unique_ptr<live_store> make(const std::string& kind) {
    if (kind.rfind("Etcd", 0) == 0) {
      auto count = kind == "Etcd" ? 1 : 3;
      etcds_.push_back(std::make_unique<etcd_servers>(count));
      return live_store::of_etcd(etcds_.back()->place());
    }
    if (kind == "ThreeMembers")
      return live_store::own(3);
    std::string name = fs::temp_directory_path() / "troupe-store-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    return live_store::own(1, folder_);
  }

  std::map<std::string, std::unique_ptr<live_store>> stores_;
  std::vector<std::unique_ptr<etcd_servers>> etcds_;
  fs::path folder_;
};

all_stores& stores = *dynamic_cast<all_stores*>(
    ::testing::AddGlobalTestEnvironment(new all_stores));

} // namespace

void StoreBehaviour::SetUp() {
  std::string kind = GetParam();
  if (kind.rfind("Etcd", 0) == 0 && !etcd_servers::installed())
    GTEST_SKIP() << "no etcd on this machine: apt-get install etcd-server";
  store_ = &stores.of(kind);
  auto err = store_->wait_ready();
  ASSERT_FALSE(err) << message_of(err);
  prefix_ = std::string{"/"}
            + ::testing::UnitTest::GetInstance()->current_test_info()->name()
            + "/";
}

uint64_t StoreBehaviour::put(const std::string& name,
                             const std::string& value) {
  auto done = txn(put_request(key(name), value));
  EXPECT_TRUE(done) << message_of(done.error());
  return done ? done->revision() : 0;
}

uint64_t StoreBehaviour::remove(const std::string& name) {
  auto done = txn(delete_request(key(name)));
  EXPECT_TRUE(done) << message_of(done.error());
  return done ? done->revision() : 0;
}

RangeRequest StoreBehaviour::all() const {
  RangeRequest request;
  request.set_key(prefix_);
  request.set_range_end(prefix_end(prefix_));
  return request;
}

std::string StoreBehaviour::shown(const RangeResponse& found) const {
  std::string result;
  for (auto& kv : found.kvs())
    if (kv.key().rfind(prefix_, 0) == 0)
      result += (result.empty() ? "" : " ") + kv.key().substr(prefix_.size())
                + "=" + kv.value();
  return result;
}

std::string StoreBehaviour::contents(uint64_t revision) {
  auto request = all();
  request.set_revision(revision);
  auto found = range(std::move(request));
  return found ? shown(*found) : message_of(found.error());
}

expected<LeaseResponse> StoreBehaviour::grant(uint64_t seconds, uint64_t id) {
  LeaseGrantRequest request;
  request.set_ttl_seconds(seconds);
  request.set_id(id);
  return ask<LeaseResponse>(std::move(request));
}

uint64_t StoreBehaviour::lease(uint64_t seconds) {
  auto granted = grant(seconds);
  EXPECT_TRUE(granted) << message_of(granted.error());
  return granted ? granted->id() : 0;
}

void StoreBehaviour::put_with(uint64_t id, const std::string& name) {
  auto request = put_request(key(name), "v");
  request.mutable_then(0)->mutable_put()->set_lease(id);
  auto done = txn(std::move(request));
  EXPECT_TRUE(done) << message_of(done.error());
}

expected<LeaseResponse> StoreBehaviour::revoke(uint64_t id) {
  LeaseRevokeRequest request;
  request.set_id(id);
  return ask<LeaseResponse>(std::move(request));
}

expected<LeaseResponse> StoreBehaviour::keep_alive(uint64_t id) {
  LeaseKeepAliveRequest request;
  request.set_id(id);
  return ask<LeaseResponse>(std::move(request));
}

expected<LeaseResponse> StoreBehaviour::time_to_live(uint64_t id) {
  LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_want_keys(true);
  return ask<LeaseResponse>(std::move(request));
}

expected<CompactResponse> StoreBehaviour::compact(uint64_t revision) {
  CompactRequest request;
  request.set_revision(revision);
  auto done = ask<CompactResponse>(std::move(request));
  for (size_t i = 0; i < store_->members(); ++i)
    EXPECT_TRUE(store_->ask<RangeResponse>(all(), i));
  return done;
}

WatchRequest StoreBehaviour::watching(uint64_t from, bool want_previous) const {
  WatchRequest request;
  request.set_key(prefix_);
  request.set_range_end(prefix_end(prefix_));
  request.set_from_revision(from);
  request.set_want_previous(want_previous);
  return request;
}

std::string StoreBehaviour::shown(const std::vector<Event>& events) const {
  std::string result;
  for (auto& event : events) {
    auto name = event.kv().key().substr(prefix_.size());
    result += result.empty() ? "" : " ";
    result += event.type() == Event::DELETE ? "-" + name
                                            : name + "=" + event.kv().value();
    if (event.has_previous())
      result += "(" + event.previous().value() + ")";
  }
  return result;
}

} // namespace troupe::test

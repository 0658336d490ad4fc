#include "runtime/store/database.hpp"

#include "runtime/store/simulated_disk.hpp"
#include "runtime/store/write_ahead.hpp"

#include <leveldb/cache.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace troupe::store {

namespace {

leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

bool ends_with(const std::string& name, std::string_view end) {
  return name.size() >= end.size()
         && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

/// LevelDB takes a folder without CURRENT for a new database, whatever else
/// is in it. Tables and logs are only ever written after CURRENT.
bool lost_its_head(leveldb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (env.FileExists(path + "/CURRENT") || !env.GetChildren(path, &names).ok())
    return false;
  for (const auto& name : names)
    if (ends_with(name, ".ldb") || ends_with(name, ".log"))
      return true;
  return false;
}

/// Makes the folder and those above it. What fails is told by LevelDB when it
/// opens the database.
void create_folders(leveldb::Env& env, const std::string& path) {
  for (auto end = path.find('/', 1);; end = path.find('/', end + 1)) {
    env.CreateDir(path.substr(0, end));
    if (end == std::string::npos)
      return;
  }
}

} // namespace

constexpr std::string_view damage_words = "the store is damaged: ";
constexpr std::string_view advice = ". It is not served and not repaired. One "
                                    "of a group is replaced: `troupe store "
                                    "member remove`, then `add`. Otherwise "
                                    "stop, move the store's folder away, and "
                                    "make another of a backup with `troupe "
                                    "store restore`, or start with an empty "
                                    "cluster";

bool is_damage(const caf::error& err) {
  return is(err, ec::internal_error)
         && message_of(err).starts_with(damage_words);
}

caf::error make_damage(const std::string& what) {
  return make_error(ec::internal_error,
                    std::string{damage_words} + what + std::string{advice});
}

std::string damage_of(const caf::error& err) {
  auto text = message_of(err);
  return text.substr(damage_words.size(),
                     text.size() - damage_words.size() - advice.size());
}

expected<std::shared_ptr<database>>
database::open(const database_options& options) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<database> result{new database};
  result->path_ = options.path;
  leveldb::Options opts;
  opts.create_if_missing = true;
  // Without it LevelDB drops damaged records in the middle silently.
  opts.paranoid_checks = true;
  opts.write_buffer_size = options.write_buffer;
  opts.compression = leveldb::kSnappyCompression;
  opts.max_open_files = 256;
  result->cache_.reset(leveldb::NewLRUCache(options.block_cache));
  opts.block_cache = result->cache_.get();
  if (options.bloom_filter) {
    result->filter_.reset(leveldb::NewBloomFilterPolicy(10));
    opts.filter_policy = result->filter_.get();
  }
  if (options.env != nullptr)
    opts.env = options.env;
  result->env_ = opts.env;
  create_folders(*opts.env, options.path);
  if (lost_its_head(*opts.env, options.path))
    return result->damaged("the file CURRENT is missing");
  if (options.unsynced) {
    auto done = cut_write_ahead(*opts.env, options.path);
    if (!done)
      return std::move(done.error());
  }
  leveldb::DB* db = nullptr;
  auto status = leveldb::DB::Open(opts, options.path, &db);
  result->db_.reset(db);
  if (!status.ok())
    return result->failure(status);
  return result;
}

database::~database() {
  db_.reset(); // before what it uses
}

leveldb::ReadOptions database::reading(const leveldb::Snapshot* snapshot) {
  leveldb::ReadOptions result;
  result.verify_checksums = true;
  result.snapshot = snapshot;
  return result;
}

expected<bool> database::get(std::string_view key, std::string& value,
                             const leveldb::Snapshot* snapshot) {
  auto status = db_->Get(reading(snapshot), slice(key), &value);
  if (status.ok())
    return true;
  if (status.IsNotFound())
    return false;
  return failure(status);
}

caf::error database::write(leveldb::WriteBatch& batch, bool sync) {
  leveldb::WriteOptions options;
  options.sync = sync;
  return failure(db_->Write(options, &batch));
}

// A synced write covers the file that it goes to. What was written before may
// still be in the one before that, until LevelDB has made a table of it. One
// that LevelDB removes meanwhile comes back empty, and is removed again.
caf::error database::sync() {
  std::vector<std::string> names;
  auto status = env_->GetChildren(path_, &names);
  for (auto& name : names) {
    auto file = path_ + "/" + name;
    if (!status.ok() || !ends_with(name, ".log") || !env_->FileExists(file))
      continue;
    leveldb::WritableFile* opened = nullptr;
    status = env_->NewAppendableFile(file, &opened);
    std::unique_ptr<leveldb::WritableFile> owner{opened};
    if (status.ok())
      status = owner->Sync();
  }
  return failure(status);
}

caf::error database::failure(const leveldb::Status& status) const {
  if (status.ok())
    return caf::none;
  auto text = status.ToString();
  // LevelDB maps its tables; one that has become empty cannot be mapped.
  if (status.IsCorruption() || status.IsInvalidArgument()
      || (status.IsIOError() && ends_with(text, ".ldb: Invalid argument")))
    return make_damage(path_ + ": " + text);
  if (text.find("lock ") != std::string::npos)
    return make_error(ec::service_unavailable,
                      "the store under " + path_
                          + " is in use by another process: " + text);
  return make_error(ec::service_unavailable,
                    "the store under " + path_
                        + " cannot be read or written: " + text);
}

caf::error database::damaged(std::string_view what) const {
  return make_damage(path_ + ": " + std::string{what});
}

uint64_t database::size() {
  leveldb::Range all{leveldb::Slice{"", 0}, leveldb::Slice{"\xff\xff", 2}};
  uint64_t result = 0;
  db_->GetApproximateSizes(&all, 1, &result);
  return result;
}

std::shared_ptr<leveldb::Env> make_memory_disk() {
  return std::make_shared<simulated_disk>(1);
}

database_slot::database_slot(database_options options,
                             std::shared_ptr<leveldb::Env> env)
    : env_(std::move(env)), options_(std::move(options)) {
  if (env_)
    options_.env = env_.get();
}

expected<std::shared_ptr<database>>
database_slot::open(std::function<void()> freed) {
  {
    std::lock_guard guard{mutex_};
    if (taken_) {
      waiting_.push_back(std::move(freed));
      return std::shared_ptr<database>{};
    }
    taken_ = true;
  }
  auto opened = database::open(options_);
  if (!opened) {
    release();
    return std::move(opened.error());
  }
  // A second reference count around the first, to hear of the last owner.
  auto inner = std::move(*opened);
  auto* raw = inner.get();
  return std::shared_ptr<database>{
      raw, [slot = shared_from_this(), inner](database*) mutable {
        inner.reset();
        slot->release();
      }};
}

void database_slot::discard() {
  std::lock_guard guard{mutex_};
  discarded_ = true;
  if (!taken_)
    destroy();
}

void database_slot::destroy() const {
  leveldb::Options options;
  if (options_.env != nullptr)
    options.env = options_.env;
  // What cannot be deleted now is in nobody's way, and goes at the next start.
  leveldb::DestroyDB(options_.path, options);
}

void database_slot::release() {
  std::vector<std::function<void()>> told;
  {
    std::lock_guard guard{mutex_};
    taken_ = false;
    told.swap(waiting_);
    if (discarded_)
      destroy();
  }
  for (auto& freed : told)
    freed();
}

// -- places of states ---------------------------------------------------------

state_places::state_places(database_options options)
    : options_(std::move(options)) {
  // nop
}

std::string state_places::path(uint64_t number) const {
  return number == 0 ? options_.path
                     : options_.path + "-" + std::to_string(number);
}

std::shared_ptr<database_slot> state_places::at(uint64_t number) {
  std::lock_guard guard{mutex_};
  auto& slot = slots_[number];
  if (!slot) {
    auto options = options_;
    options.path = path(number);
    slot = std::make_shared<database_slot>(options);
  }
  return slot;
}

std::set<uint64_t> state_places::present() const {
  auto* env = options_.env != nullptr ? options_.env : leveldb::Env::Default();
  auto slash = options_.path.rfind('/');
  auto first = options_.path.substr(slash + 1);
  std::vector<std::string> names;
  std::set<uint64_t> result;
  env->GetChildren(options_.path.substr(0, slash), &names);
  for (auto& child : names) {
    // A disk in memory lists all that lies below.
    auto name = child.substr(0, child.find('/'));
    uint64_t number = 0;
    if (name.rfind(first + "-", 0) == 0)
      number = std::strtoull(name.c_str() + first.size() + 1, nullptr, 10);
    else if (name != first)
      continue;
    if (env->FileExists(path(number) + "/CURRENT"))
      result.insert(number);
  }
  return result;
}

uint64_t state_places::fresh() {
  uint64_t result = 1;
  for (auto number : present())
    result = std::max(result, number + 1);
  std::lock_guard guard{mutex_};
  if (!slots_.empty())
    result = std::max(result, slots_.rbegin()->first + 1);
  return result;
}

std::optional<uint64_t> state_places::only() const {
  auto all = present();
  if (all.size() > 1)
    return std::nullopt;
  return all.empty() ? 0 : *all.begin();
}

void state_places::discard_others(uint64_t number) {
  for (auto other : present())
    if (other != number)
      at(other)->discard();
}

} // namespace troupe::store

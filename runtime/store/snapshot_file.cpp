#include "runtime/store/snapshot_file.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/layout.hpp"
#include "runtime/store/log.hpp"

#include <leveldb/write_batch.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <string_view>
#include <utility>

namespace troupe::store {

namespace {

constexpr std::string_view magic = "troupe-snapshot-1\n";
/// Of one block. The largest has one value of the greatest size.
constexpr uint32_t most_bytes = uint32_t{16} << 20;

leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

void append_block(std::string& out, const raft_api::SnapshotChunk& chunk) {
  auto body = chunk.SerializeAsString();
  append_fixed32(out, static_cast<uint32_t>(body.size()));
  append_fixed32(out, crc32c(body));
  out.append(body);
}

caf::error bad_file(const std::string& what) {
  return make_error(ec::bad_request, "this is no whole snapshot: " + what);
}

/// Reads a file block by block.
class snapshot_reader {
public:
  explicit snapshot_reader(std::istream& from) : from_(from) {
    // nop
  }

  caf::error begin() {
    std::string head(magic.size(), '\0');
    if (!read(head) || head != magic)
      return bad_file("it does not begin as one");
    return caf::none;
  }

  /// The next chunk; nothing behind the last one.
  expected<std::optional<raft_api::SnapshotChunk>> next() {
    if (complete_)
      return std::optional<raft_api::SnapshotChunk>{};
    std::string head(8, '\0');
    uint32_t size = 0;
    uint32_t crc = 0;
    if (!read(head))
      return bad_file("it ends before its end");
    std::string_view in = head;
    take_fixed32(in, size);
    take_fixed32(in, crc);
    if (size > most_bytes)
      return bad_file("a part is too large");
    std::string body(size, '\0');
    if (!read(body))
      return bad_file("it ends before its end");
    raft_api::SnapshotChunk chunk;
    ++number_;
    if (crc32c(body) != crc || !chunk.ParseFromString(body)
        || chunk.number() != number_ || chunk.pairs_size() % 2 != 0)
      return bad_file("part " + std::to_string(number_)
                      + " is not as it was written");
    complete_ = chunk.last();
    if (complete_ && from_.peek() != std::istream::traits_type::eof())
      return bad_file("something stands behind its end");
    return std::optional{std::move(chunk)};
  }

private:
  bool read(std::string& to) {
    from_.read(to.data(), static_cast<std::streamsize>(to.size()));
    return from_.gcount() == static_cast<std::streamsize>(to.size());
  }

  std::istream& from_;
  uint64_t number_ = 0;
  bool complete_ = false;
};

/// What must not go on in another group.
bool belongs_to_group(std::string_view key) {
  return key == members_key || key == last_member_key || key == alarms_key
         || key == stopped_key;
}

/// The marks that the new group continues from.
struct marks {
  uint64_t applied = 0;
  uint64_t term = 0;
  uint64_t revision = 1;
  uint64_t last_member = 0;
  std::string format;

  bool note(std::string_view key, const std::string& value) {
    for (auto [name, to] :
         {std::pair{applied_key, &applied}, std::pair{term_key, &term},
          std::pair{revision_key, &revision},
          std::pair{last_member_key, &last_member}})
      if (key == name) {
        auto number = decode_number(value);
        *to = number.value_or(0);
        return number.has_value();
      }
    if (key == format_key)
      format = value;
    return true;
  }
};

/// Copies what the file has. The format comes last, with what is new: without
/// it nobody takes these bytes for a state.
caf::error copy(snapshot_reader& from, database& to, marks& found) {
  for (;;) {
    auto chunk = from.next();
    if (!chunk)
      return std::move(chunk.error());
    if (!*chunk)
      return caf::none;
    leveldb::WriteBatch batch;
    auto& pairs = (*chunk)->pairs();
    for (int i = 0; i < pairs.size(); i += 2) {
      if (!found.note(pairs[i], pairs[i + 1]))
        return bad_file(pairs[i] + " is unreadable");
      if (!belongs_to_group(pairs[i]) && pairs[i] != format_key)
        batch.Put(pairs[i], pairs[i + 1]);
    }
    if (auto err = to.write(batch, false))
      return err;
  }
}

caf::error check_empty(const database_options& options) {
  auto* env = options.env != nullptr ? options.env : leveldb::Env::Default();
  if (!env->FileExists(options.path + "/CURRENT"))
    return caf::none;
  return make_error(ec::already_exists,
                    "there is a store at " + options.path + " already");
}

caf::error write_log(const database_options& options, raft::member_id self,
                     const raft::snapshot_mark& start) {
  auto db = database::open(options);
  if (!db)
    return std::move(db.error());
  auto made = log::open(std::move(*db));
  if (!made)
    return std::move(made.error());
  (*made)->found(self, {});
  raft::write first;
  first.start = start;
  first.reset = true;
  first.hard = raft::hard_state{start.at.term, 0};
  if (auto err = (*made)->stage(first))
    return err;
  return (*made)->commit();
}

} // namespace

expected<std::unique_ptr<snapshot_writer>>
snapshot_writer::open(std::shared_ptr<database> state) {
  auto source = snapshot_source::open(std::move(state));
  if (!source)
    return std::move(source.error());
  auto revision = (*source)->number(revision_key);
  if (!revision)
    return std::move(revision.error());
  std::unique_ptr<snapshot_writer> result{new snapshot_writer};
  result->revision_ = std::max(*revision, uint64_t{1});
  result->source_ = std::move(*source);
  return result;
}

expected<std::string> snapshot_writer::next() {
  auto chunk = source_->chunk(number_ + 1, last_);
  if (!chunk)
    return std::move(chunk.error());
  std::string out;
  if (++number_ == 1)
    out = magic;
  if (chunk->pairs_size() > 0)
    last_ = chunk->pairs(chunk->pairs_size() - 2);
  done_ = chunk->last();
  append_block(out, *chunk);
  return out;
}

expected<restored_store> restore(std::istream& from,
                                 const database_options& state,
                                 const database_options& log,
                                 const std::string& address) {
  for (auto& place : {state, log})
    if (auto err = check_empty(place))
      return err;
  snapshot_reader reader{from};
  if (auto err = reader.begin())
    return err;
  auto db = database::open(state);
  if (!db)
    return std::move(db.error());
  marks found;
  if (auto err = copy(reader, **db, found))
    return err;
  if (found.applied == 0 || found.format.empty())
    return bad_file("it says not what it holds");
  restored_store result{found.revision, found.last_member + 1};
  raft::configuration members{{{result.member, true, address}}};
  leveldb::WriteBatch batch;
  batch.Put(slice(members_key), members.encode());
  batch.Put(slice(last_member_key), encode_number(result.member));
  batch.Put(slice(format_key), found.format);
  // The log makes a store of it, so all of the state is on the disk before.
  if (auto err = (*db)->write(batch, true))
    return err;
  if (auto err = (*db)->sync())
    return err;
  raft::snapshot_mark start;
  start.at = {found.term, found.applied};
  start.members =
      std::make_shared<const raft::configuration>(std::move(members));
  if (auto err = write_log(log, result.member, start))
    return err;
  return result;
}

} // namespace troupe::store

#pragma once

#include "runtime/images/image_store.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::images {

/// A blob on its way into a store. Nobody else writes the same one meanwhile.
class blob_writer {
public:
  ~blob_writer();

  blob_writer(const blob_writer&) = delete;
  blob_writer& operator=(const blob_writer&) = delete;

  /// How much of it is there already, of an earlier attempt.
  uint64_t offset() const { return offset_; }

  /// Forgets that: the sender begins anew.
  caf::error restart();

  /// ec::invalid when there is more than was announced.
  caf::error write(std::string_view bytes);

  /// Puts it in its place. ec::invalid when it is shorter than announced or
  /// its digest another; nothing of it is left then, and it may begin anew.
  caf::error commit();

private:
  friend class store_work;
  blob_writer() = default;

  caf::error hash_what_is_there();

  file_lock part_;
  std::filesystem::path part_path_;
  std::filesystem::path place_;
  std::string digest_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
  bool done_ = false;
  std::unique_ptr<hasher> hash_;
};

/// One pull or load: what it puts into the store stays there until it ends, and
/// for good if the index names it by then. Safe in any thread.
class store_work {
public:
  static expected<std::unique_ptr<store_work>>
  begin(std::shared_ptr<image_store> store, time_point now);

  /// What came of it and has no name is swept by who comes next.
  ~store_work();

  store_work(const store_work&) = delete;
  store_work& operator=(const store_work&) = delete;

  image_store& store() { return *store_; }

  /// A folder for what is of use only meanwhile.
  const std::filesystem::path& scratch() const { return scratch_; }

  /// Keeps a blob or a layer, there or not yet, until the end.
  caf::error need(const std::string& digest);

  bool has_blob(const std::string& digest) const;
  bool has_layer(const std::string& chain) const;

  /// Begins a blob, or goes on with one. Waits while another process writes it;
  /// nothing when it was there, or is after that. ec::timeout when cancelled.
  expected<std::unique_ptr<blob_writer>>
  write_blob(const std::string& digest, uint64_t size,
             const std::function<bool()>& cancelled = {});

  /// Puts a document in its place; ec::invalid when it is another.
  caf::error put(const std::string& digest, std::string_view bytes);

  /// Takes a file of the scratch folder as a blob whose digest is known.
  caf::error adopt(const std::filesystem::path& file,
                   const std::string& digest);

  /// Unpacks a blob of the store on top of `parent` ("" for none) unless that
  /// is done. ec::invalid when it is not what `diff_id` says. `below` are the
  /// folders of the layers under it, the nearest first.
  caf::error unpack(const std::string& blob, const std::string& parent,
                    const std::string& diff_id,
                    const std::vector<std::filesystem::path>& below,
                    const std::function<bool()>& cancelled = {});

  /// Removes a layer's blob of which all has been made, unless somebody else is
  /// at work on it.
  void drop_blob(const std::string& digest);

  /// Names an image whose documents and layers are all there. From here on it
  /// is the store's.
  expected<image_record> add(const std::string& manifest_digest,
                             const std::vector<std::string>& tags,
                             const std::vector<std::string>& digests,
                             bool pinned, time_point now);

private:
  explicit store_work(std::shared_ptr<image_store> store)
      : store_(std::move(store)) {}

  caf::error unpack_new(const std::string& blob, const std::string& chain,
                        const std::string& diff_id,
                        const std::vector<std::filesystem::path>& below,
                        const std::function<bool()>& cancelled);
  expected<file_lock> wait_for(const std::filesystem::path& path,
                               const std::function<bool()>& cancelled);
  caf::error check_whole(const image_record& x, const manifest& from) const;

  std::shared_ptr<image_store> store_;
  std::filesystem::path file_;
  std::filesystem::path scratch_;
  file_lock mine_;
  std::mutex mutex_;
  std::set<std::string> needs_; ///< guarded by mutex_
  uint64_t next_ = 0;           ///< guarded by mutex_
};

} // namespace troupe::images

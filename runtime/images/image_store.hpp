#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/file_tools.hpp"
#include "runtime/images/image_record.hpp"
#include "runtime/images/layer.hpp"
#include "runtime/images/manifest.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::images {

class store_work;

/// How a store is kept.
struct store_options {
  std::filesystem::path folder;
  document_limits documents{};
  stream_limits layer{}; ///< what a layer may unpack to
  /// How long what an unfinished pull has left waits for its next attempt.
  std::chrono::seconds keep_unused = std::chrono::minutes(10);
  std::chrono::seconds keep_parts = std::chrono::hours(24);
  /// Whether what the index names is on the disk before it is. Only tests do
  /// without.
  bool sync = true;
  /// Called at places where a crash may happen, by name; for tests.
  std::function<void(const char*)> at{};
};

/// What a store takes, and what there is.
struct store_usage {
  uint64_t bytes = 0;
  uint64_t inodes = 0;
  uint64_t capacity = 0;  ///< of the file system, in bytes
  uint64_t available = 0; ///< to whoever may write there
  uint64_t inode_capacity = 0;
  uint64_t inodes_available = 0;
};

/// The images of a machine, in one folder:
///
///   format             what this is, and how layers are marked
///   lock               held for a moment by who changes the index or sweeps
///   index.json         the images (image_record.hpp); replaced in one step
///   blobs/sha256/HEX   manifests and configurations; layers until unpacked
///   layers/HEX/        by chain id: diff/ (a lower directory of an overlayfs)
///                      and layer.json
///   parts/             blobs on their way
///   work/              one file per pull or load in progress, locked by it,
///                      that names what it needs; half-made layers
///   holds/NAME         the image that a container needs, by its id
///   used/HEX           when an image was last held
///
/// Several processes may have it open; each method is safe in any thread. A
/// process may be killed at any moment: what it has not finished is swept away
/// by whoever opens the store or works in it next. What index.json names is
/// whole, also after a loss of power.
class image_store : public std::enable_shared_from_this<image_store> {
public:
  /// Opens a store, made where there is none, and sweeps. ec::invalid when the
  /// folder is something else.
  static expected<std::shared_ptr<image_store>> open(store_options options,
                                                     time_point now);

  /// All images that are not removed, by name.
  expected<std::vector<image_record>> list() const;

  /// See image_list::find.
  expected<image_record> find(std::string_view text) const;

  /// What an image's configuration says; checked against its digest.
  expected<image_config> config_of(const image_record& image) const;

  /// A manifest or configuration as it is; ec::not_found, ec::internal_error
  /// when the bytes have changed.
  expected<std::string> read_document(const std::string& digest) const;

  /// The lower directories of an image's overlayfs, the topmost first.
  std::vector<std::filesystem::path>
  folders_of(const image_record& image) const;

  /// Whether overlayfs must be mounted with userxattr.
  overlay_marks marks() const { return marks_; }

  /// Takes a name off an image, or by its id all. What has no name left and
  /// nobody holds leaves the disk.
  caf::error remove(std::string_view text, time_point now);

  /// Keeps an image's layers for a holder (a container's id), whatever is
  /// removed, until `release`. Survives this process. ec::not_found.
  caf::error hold(const std::string& holder, const std::string& image_id,
                  time_point now);
  caf::error release(const std::string& holder, time_point now);

  /// Image ids by holder.
  expected<std::map<std::string, std::string>> holders() const;

  expected<store_usage> usage() const;

  /// Removes what nothing needs: what has been unused for as long as the
  /// options say; with `all`, whatever is.
  caf::error sweep(time_point now, bool all = false);

  const store_options& options() const { return options_; }
  const std::filesystem::path& folder() const { return options_.folder; }

  // -- for who fills it ------------------------------------------------------

  std::filesystem::path blob_path(const std::string& digest) const;
  std::filesystem::path layer_path(const std::string& chain) const;

private:
  friend class store_work;

  explicit image_store(store_options options) : options_(std::move(options)) {}

  caf::error prepare();
  caf::error read_format();
  expected<image_list> read_index() const;
  caf::error write_index(const image_list& list);
  expected<file_lock> lock() const;
  void at(const char* place) const;
  std::set<std::string> held() const;
  void forget(image_list& list, const std::string& id,
              std::set<std::string>& freed) const;
  void touch(const std::string& id, time_point now) const;
  time_point used_at(const image_record& x) const;

  /// What index, holds and work in progress need. The lock is held.
  expected<std::set<std::string>> needed();
  /// `freed` is what an image had that is gone: it does not wait.
  caf::error sweep_locked(time_point now, bool all,
                          std::set<std::string> freed = {});
  void sweep_blobs(const std::set<std::string>& needed,
                   const std::set<std::string>& freed, time_point oldest);
  void sweep_layers(const std::set<std::string>& needed,
                    const std::set<std::string>& freed, time_point oldest);
  void sweep_parts(time_point oldest);
  void sweep_leavings();
  /// Moves a tree to where nobody looks for it; `empty_trash` takes its time.
  void throw_away(const std::filesystem::path& tree);
  void empty_trash();

  store_options options_;
  overlay_marks marks_ = overlay_marks::trusted;
};

} // namespace troupe::images

#pragma once

#include "messages/object.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace troupe::rules {

constexpr auto foreground_finalizer = "foregroundDeletion";
constexpr auto orphan_finalizer = "orphan";

/// Names one object beyond doubt.
struct graph_ref {
  const kind_info* kind = nullptr;
  std::string ns;
  std::string name;
  std::string uid;
};

/// What the garbage collector is to do about one object.
struct gc_verdict {
  enum what {
    nothing,
    verify,       ///< find out whether `owners` exist, before anything else
    remove_owner, ///< take the references to `owners` off the object
    remove,       ///< delete the object, with `propagation`
    release,      ///< take the reference to the object off `dependents`
    finalize,     ///< take `finalizer` off the object
  };

  what action = nothing;
  graph_ref target;
  std::vector<graph_ref> owners;
  std::vector<graph_ref> dependents;
  std::string propagation; ///< Background, Foreground or Orphan
  std::string finalizer;
  std::string reason; ///< the verdict in words
};

/// Who owns whom, over all kinds. Fed with every change, it says which objects
/// to look at and what to do about each.
class owner_graph {
public:
  /// An object is there, as it is now.
  void put(const object& what);

  /// An object was deleted.
  void gone(const object& what);

  /// The answer to `verify`.
  void verified(const std::string& uid, bool exists);

  /// Takes the uids of the objects to look at.
  std::vector<std::string> take_dirty();

  /// Decides about one object; nothing when it is not known (any more).
  gc_verdict judge(const std::string& uid) const;

  /// All objects of a kind are told anew from here on; those that are not told
  /// again before `complete` are gone.
  void begin(const kind_info& kind);
  void complete(const kind_info& kind);

  size_t size() const { return nodes_.size(); }

private:
  enum class presence : uint8_t { unknown, present, absent };

  struct edge {
    std::string uid;
    std::string name;
    const kind_info* kind = nullptr; ///< null when we know no such kind
    bool blocks = false;
    bool operator==(const edge&) const = default;
  };

  struct node {
    std::string ns;
    std::string name;
    const kind_info* kind = nullptr; ///< null while only its dependents are
    presence state = presence::unknown;
    bool deleting = false;
    bool foreground = false; ///< waits for its dependents to go
    bool orphaning = false;  ///< waits for its dependents to be released
    bool keeps_orphans = false;
    bool wants_foreground = false;
    std::vector<edge> owners;
    std::unordered_set<std::string> dependents;
  };

  graph_ref ref_of(const std::string& uid, const node& n) const;
  void set_owners(const std::string& uid, node& n, std::vector<edge> owners);
  void unlink(const std::string& uid, const edge& owner);
  void remove(const std::string& uid);
  bool is_misplaced(const node& dependent, const edge& owner) const;
  gc_verdict judge_owners(const std::string& uid, const node& n) const;
  gc_verdict judge_waiting(const std::string& uid, const node& n) const;
  bool blocked(const std::string& uid, const node& n) const;

  std::unordered_map<std::string, node> nodes_;
  std::unordered_set<std::string> dirty_;
  std::unordered_map<const kind_info*, std::unordered_set<std::string>> untold_;
};

} // namespace troupe::rules

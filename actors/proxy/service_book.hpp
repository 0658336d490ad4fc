#pragma once

#include "messages/changes.hpp"
#include "messages/object.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// The services of the cluster and the slices of each, as two watches tell
/// them, and which of them there is something new about. Keys are
/// "namespace/name".
class service_book {
public:
  /// Takes in news; returns whether all begins anew, so that what was made of
  /// the book is to be made again once it is complete.
  bool take_services(const changes& batch);
  bool take_slices(const changes& batch);

  /// Whether both watches have reached the present.
  bool complete() const { return services_complete_ && slices_complete_; }

  const std::map<std::string, object>& services() const { return services_; }

  /// The service; null when there is none.
  const object* find(const std::string& key) const;

  /// The slices that belong to the service, by their own keys' order.
  std::vector<object> slices_of(const std::string& key) const;

  /// The services, there or gone, that something has changed about since they
  /// were asked for last.
  std::set<std::string> take_dirty();
  bool is_dirty() const { return !dirty_.empty(); }

private:
  void forget_slice(const std::string& key);

  std::map<std::string, object> services_;
  std::map<std::string, std::string> home_; ///< slice to service
  /// Slices by service, then by their own key.
  std::map<std::string, std::map<std::string, object>> slices_;
  bool services_complete_ = false;
  bool slices_complete_ = false;
  std::set<std::string> dirty_;
};

} // namespace troupe

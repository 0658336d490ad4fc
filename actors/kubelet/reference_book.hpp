#pragma once

#include "actors/client/api_session.hpp"
#include "runtime/rules/pod_references.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// The ConfigMaps, Secrets and tokens that the pods of a node speak of, kept
/// fresh while a pod does, and the services, from when somebody asked for them
/// first. Lives in the kubelet's state.
class reference_book {
public:
  /// Told which pods (by uid) speak of an object that changed.
  using on_change = std::function<void(const std::set<std::string>& uids)>;

  /// Told that `ask_again` is to be called for a pod in a while.
  using on_pause = std::function<void(const std::string& uid)>;

  /// Told that `renew` is to be called for a pod then.
  using on_due =
      std::function<void(const std::string& uid, std::chrono::seconds)>;

  /// `simulated` tokens are made up here.
  void open(api_session* api, bool simulated, on_change changed, on_pause pause,
            on_due due);

  /// From now on what this pod speaks of is followed.
  void claim(const object& pod);
  void release(const std::string& uid);

  /// Asks for the tokens of a pod that could not be had.
  void ask_again(const std::string& uid);

  /// Asks for new tokens in place of those of a pod that have lived for most of
  /// their time.
  void renew(const std::string& uid);

  void follow_services();

  /// Whether all that the pod speaks of is known, be it as missing.
  bool is_complete(const std::string& uid, bool services) const;

  /// What is known of it.
  std::vector<object> objects(const std::string& uid, bool services) const;
  std::map<std::string, std::string> tokens(const std::string& uid) const;

private:
  using key = std::pair<const kind_info*, std::string>; ///< kind, ns/name

  struct followed {
    object newest; ///< none: there is no such object
    bool known = false;
    uint64_t stream = 0;
    std::set<std::string> users; ///< uids
  };
  struct due_token {
    rules::wanted_token what;
    time_point when;
  };
  struct claims {
    object pod; ///< as it was when it was claimed
    std::vector<key> keys;
    std::vector<rules::wanted_token> refused; ///< to be asked for again
    std::map<std::string, std::optional<std::string>> tokens; ///< by audience
    std::map<std::string, due_token> due; ///< to be renewed, by audience
  };

  void follow(const key& what, const std::string& ns, const std::string& name,
              const std::string& uid);
  void want_token(const object& pod, const rules::wanted_token& token);
  void on_token(const std::string& uid, const rules::wanted_token& token,
                expected<answer> result);
  void on_batch(const key& what, const changes& batch);
  void on_services(const changes& batch);

  api_session* api_ = nullptr;
  bool simulated_ = false;
  on_change changed_;
  on_pause pause_;
  on_due due_;
  std::map<key, followed> followed_;
  std::map<std::string, claims> claims_; ///< by uid
  std::map<std::string, object> services_;
  bool services_known_ = false;
  bool services_followed_ = false;
};

} // namespace troupe

#pragma once

#include "tests/support/image_makers.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::images {

/// What a client asked.
struct stub_request {
  std::string method;
  std::string path;                           ///< with the query
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
};

/// What it is answered, and how badly.
struct stub_answer {
  int status = 200;
  std::map<std::string, std::string> headers{};
  std::string body{};
  size_t break_off = std::string::npos; ///< closes after so many bytes
  bool hang = false;                    ///< says no more, until the end
};

/// A registry on loopback. Serves images; `twist` may answer otherwise.
class stub_registry {
public:
  stub_registry();
  ~stub_registry();

  stub_registry(const stub_registry&) = delete;
  stub_registry& operator=(const stub_registry&) = delete;

  /// 127.0.0.1:PORT
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + address(); }

  /// Serves an image as REPOSITORY:TAG; `top` is an index over it.
  void add(const std::string& repository, const std::string& tag,
           const made_image& x, const std::string& top = "");

  /// Asked first; an answer with status 0 is none.
  std::function<stub_answer(const stub_request&)> twist;

  /// Waits in requests for blobs until so many are under way at once; for one
  /// of them not.
  void wait_for_blobs(size_t at_once, std::string but) {
    gather_ = at_once;
    alone_ = std::move(but);
  }

  std::vector<stub_request> requests();
  size_t count(const std::string& part);
  size_t most_at_once() const { return most_at_once_; }

private:
  void accept_all();
  void serve(int fd);
  stub_answer answer(const stub_request& what);
  stub_answer find(const stub_request& what);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<size_t> at_once_{0};
  std::atomic<size_t> most_at_once_{0};
  std::atomic<size_t> gather_{0};
  std::string alone_ = "none";
  std::mutex mutex_;
  std::vector<stub_request> requests_;
  std::map<std::string, std::pair<std::string, std::string>> documents_;
  std::map<std::string, std::string> blobs_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

} // namespace troupe::images

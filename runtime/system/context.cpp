#include "runtime/system/context.hpp"

#include "runtime/system/config.hpp"

#include <cstdio>
#include <stdexcept>
#include <sys/random.h>

namespace troupe {

namespace {

class machine : public world {
public:
  time_point now() const override { return std::chrono::system_clock::now(); }

  std::function<uint64_t()> entropy(const std::string&,
                                    uint64_t) const override {
    return [] {
      uint64_t value = 0;
      if (getrandom(&value, sizeof(value), 0) != sizeof(value))
        throw std::runtime_error("the operating system gives no entropy");
      return value;
    };
  }

  bool threads() const override { return true; }
};

} // namespace

std::shared_ptr<const world> real_world() {
  return std::make_shared<machine>();
}

context::context(std::shared_ptr<const world> w, std::shared_ptr<const edges> e,
                 std::shared_ptr<const cluster_config> c, directory_actor dir,
                 std::string path, uint64_t incarnation)
    : world_(std::move(w)),
      edges_(std::move(e)),
      config_(std::move(c)),
      directory_(std::move(dir)),
      path_(std::move(path)),
      incarnation_(incarnation),
      entropy_(world_->entropy(path_, incarnation_)) {
  // nop
}

std::string context::uuid() const {
  // RFC 4122, 4.4: version 4, variant 10.
  auto high = (random() & ~0xf000ULL) | 0x4000ULL;
  auto low = (random() & ~(0x3ULL << 62)) | (0x2ULL << 62);
  char text[37];
  std::snprintf(text, sizeof(text), "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(high >> 32),
                static_cast<unsigned>((high >> 16) & 0xffff),
                static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return text;
}

std::string context::server() const {
  for (auto& server : config_->servers)
    if (auto top = config_->top_of(server);
        !top.empty() && path_.rfind(top, 0) == 0)
      return server.name;
  return {};
}

std::string context::beside(const std::string& path) const {
  auto own = server();
  return own.empty() ? path : own + "/" + path;
}

context context::child(const std::string& name, uint64_t incarnation) const {
  return {world_,
          edges_,
          config_,
          directory_,
          path_.empty() ? name : path_ + "/" + name,
          incarnation};
}

context context::at_top() const {
  auto result = *this;
  result.path_.clear();
  return result;
}

context context::with_directory(directory_actor dir) const {
  auto result = *this;
  result.directory_ = std::move(dir);
  return result;
}

} // namespace troupe

#pragma once

#include "messages/errors.hpp"

#include <caf/deserializer.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/make_counted.hpp>
#include <caf/none.hpp>
#include <caf/ref_counted.hpp>
#include <caf/serializer.hpp>

#include <mutex>
#include <string>
#include <type_traits>

namespace caf {
class actor_system_config;
} // namespace caf

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe {

/// Returns a message's type and what it is about: its numbers and the names
/// and keys in it, nothing that users filled in. For logs and traces.
std::string type_and_key(const google::protobuf::Message& msg);

/// A Protobuf message as an actor message: shared, immutable, serialised once.
/// A local send copies a pointer, a remote send copies bytes.
template <class T>
class pb {
public:
  pb() = default;

  /// Takes the message; it does not change from now on.
  pb(T msg) : cell_(caf::make_counted<cell>()) { cell_->msg = std::move(msg); }

  explicit operator bool() const noexcept { return cell_ != nullptr; }

  const T& operator*() const {
    return cell_ ? cell_->msg : T::default_instance();
  }

  const T* operator->() const { return &**this; }

  /// Returns the bytes, made at the first call. Safe from any thread.
  const std::string& wire() const {
    static const std::string none;
    if (!cell_)
      return none;
    std::call_once(cell_->once,
                   [this] { cell_->msg.SerializeToString(&cell_->bytes); });
    return cell_->bytes;
  }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, pb& x) {
    if constexpr (std::is_base_of_v<caf::serializer, Inspector>) {
      auto bytes = x.wire();
      return f(bytes);
    } else {
      std::string bytes;
      if (auto err = f(bytes))
        return err;
      auto fresh = caf::make_counted<cell>();
      if (!fresh->msg.ParseFromString(bytes))
        return make_error(ec::bad_request,
                          "bytes are no " + fresh->msg.GetTypeName());
      x.cell_ = std::move(fresh);
      return caf::none;
    }
  }

  /// Prints type and key only: a message may carry secrets.
  friend std::string to_string(const pb& x) { return type_and_key(*x); }

private:
  struct cell : caf::ref_counted {
    T msg;
    mutable std::once_flag once;
    mutable std::string bytes;
  };

  caf::intrusive_ptr<cell> cell_;
};

/// Makes every type that Troupe's actors send known to CAF. Every program that
/// sends or receives them calls this; the names are the identity on the wire.
void register_types(caf::actor_system_config& cfg);

} // namespace troupe

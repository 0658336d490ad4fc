#pragma once

#include <memory>

namespace troupe::net {

/// Returns a `T` of the calling thread's own, made when it first asks. What
/// is `thread_local` itself every thread of the program pays for, those that
/// read nothing, too. `User` is who asks: others have another one.
template <class T, class User>
T& of_thread() {
  static thread_local const auto mine = std::make_unique<T>();
  return *mine;
}

} // namespace troupe::net

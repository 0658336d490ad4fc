#include "cli/memory.hpp"

#include <cstddef>

// How the program's allocator is set up. Objects live and die in great numbers
// on different threads, which the C library's own allocator answers with
// fragments and twice the work.
//
// Threads have caches of their own. What these do not have comes from one
// arena: with several each of them would keep what others could use. What was
// freed goes back to the machine after a second, by a thread that sleeps when
// there is nothing to give back.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,"
                          "background_thread:true,max_background_threads:1";
// Tests have another allocator, and so do sanitizers.
[[gnu::weak]] int mallctl(const char* name, void* old, size_t* old_size,
                          void* fresh, size_t fresh_size);
}

namespace troupe::cli {

void give_memory_back() {
  bool on = true;
  if (mallctl != nullptr)
    mallctl("background_thread", nullptr, nullptr, &on, sizeof(on));
}

} // namespace troupe::cli

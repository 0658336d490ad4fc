// How the program's allocator is set up. Objects live and die in great numbers
// on different threads, which the C library's own allocator answers with
// fragments and twice the work.
//
// Two arenas are enough for the threads that allocate much. What was freed goes
// back to the machine after a second, by a thread that sleeps when there is
// nothing to give back.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,"
                          "background_thread:true,max_background_threads:1";
}

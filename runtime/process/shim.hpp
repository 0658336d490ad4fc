#pragma once

#include "runtime/process/shim_wire.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <sys/types.h>

/// The parts of troupe-shim: one per pod, it outlives Troupe and holds what the
/// pod's containers need from a parent. One thread, one poll loop; each
/// container has an init of its own (a fork of the shim) that starts its
/// processes, reaps them and ends them all.
namespace troupe::process::shim {

/// Bytes that grow; ends the process when there is no memory.
class buffer {
public:
  buffer() = default;
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer();

  void append(const char* data, size_t size);
  /// Room for `size` more bytes behind the end, to be told by `grown`.
  char* room(size_t size);
  void grown(size_t size) { size_ += size; }
  void consume(size_t size);
  /// Gives the memory back, overwritten: it may hold secrets.
  void wipe();

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// What went wrong: an errno and what was being done; code 0 means nothing.
struct failure {
  int code = 0;
  char text[400] = {0};

  explicit operator bool() const { return code != 0; }
};

/// Formats the text as printf does.
failure fail(int code, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

// -- log ----------------------------------------------------------------------

/// The log of a container in CRI's form, set aside when it would grow too big.
struct log_writer {
  char* path = nullptr;
  int fd = -1;
  int64_t size = 0;
  int64_t max_bytes = 0;
  uint32_t max_files = 0;
  buffer line[2]; ///< begun lines of standard output and error
};

/// Creates the folders above it too. An empty path is a log that drops all.
failure open_log(log_writer& log, const char* path, int64_t max_bytes,
                 uint32_t max_files);
void close_log(log_writer& log);
/// Opens the path anew.
failure reopen_log(log_writer& log);
/// Takes what came on `channel` (1 output, 2 error).
void write_log(log_writer& log, int channel, const char* data, size_t size);
/// Writes what is left of a begun line.
void end_log(log_writer& log);

// -- container ----------------------------------------------------------------

/// A volume of a container.
struct mount_config {
  const char* target = nullptr;
  const char* source = nullptr;
  uint32_t flags = 0;
};

/// A parsed frame_kind::create; points into the frame's bytes.
struct container_config {
  const char* id = nullptr;
  const char* folder = nullptr;
  uint32_t flags = 0;
  int stop_signal = 0;
  int64_t user = -1;
  int64_t group = -1;
  uint64_t capabilities = ~uint64_t{0};
  const char* working_dir = nullptr;
  const char* log_path = nullptr;
  int64_t log_bytes = 0;
  uint32_t log_files = 0;
  gid_t* groups = nullptr;
  uint32_t group_count = 0;
  mount_config* mounts = nullptr;
  uint32_t mount_count = 0;
  char** arguments = nullptr;
  char** environment = nullptr;
  // Where an OCI runtime makes the container.
  const char* runtime = nullptr;
  std::string_view bundle;  ///< its configuration
  std::string_view command; ///< a process of the container, but for its words
  char** layers = nullptr;  ///< of the root, topmost first
  char** groups_of_it = nullptr; ///< folders of its control groups
  const char* oom_file = nullptr;
};

/// Reads the fields; the arrays are allocated and never freed one by one.
failure parse_config(wire_reader fields, container_config& config);
void free_config(container_config& config);
/// Reads a list of texts into an array ended by a null pointer.
char** parse_texts(wire_reader& fields);

enum class container_state : uint32_t { created, running, exited };

struct container {
  container* next = nullptr;
  buffer frame; ///< of its creation; wiped once its init has it
  container_config config;
  container_state state = container_state::created;
  char* id = nullptr;
  char* folder = nullptr;
  int stop_signal = 0;
  uint32_t flags = 0;
  pid_t init = 0;
  int channel = -1; ///< to its init
  int output[2] = {-1, -1};
  int input = -1;
  log_writer log;
  int64_t pid = 0;
  int64_t started = 0;
  int64_t finished = 0;
  int64_t code = 0;
  int64_t signal = 0;
  char** groups = nullptr; ///< folders of its control groups, if it has any
  bool main_ended = false; ///< its own process has; others may be left
  const char* reason = "";
  char message[400] = {0};
  int64_t kill_at = 0;   ///< monotonic ms; 0 means never
  bool starting = false; ///< its init has not said what came of the start
  int64_t force_at = 0;  ///< when its init itself is killed
  buffer start_tags;     ///< u32 each: who waits for what comes of the start
  buffer stop_tags;      ///< u32 each: who waits for its end
};

/// What the shim and a container's init tell each other.
struct init_message {
  enum kind : uint32_t {
    exec = 1, ///< to init: memory file, input, output, error come along
    send,     ///< to init: signal `value` to `id`
    kill_all, ///< to init
    started,  ///< from init
    failed,   ///< from init: errno in value, text
    exited,   ///< from init: wait status in value; flags tell of OOM
    terminal, ///< from init: the other end of a terminal comes along
  };
  uint32_t what = 0;
  uint32_t id = 0; ///< 0 is the container's own process
  int32_t value = 0;
  uint32_t flags = 0;
  int64_t pid = 0;
  char text[400] = {0};
};

/// Descriptors that an init keeps, at places where they can be told from all
/// others.
enum init_place : int {
  channel_fd = 3,
  signal_fd,
  stream_fd, ///< and the two behind it
  node_fd = 8,
  first_free_fd
};

/// What an init does: when the shim says something, or children end.
struct init_acts {
  void (*reap)();
  bool (*is_over)(); ///< the container's own process has ended
  void (*end_all)(); ///< never returns
  void (*on_exec)(const init_message& message, const int fds[4]);
  void (*on_signal)(const init_message& message);
};

/// Waits for these, until one of them ends the process.
[[noreturn]] void serve_init(const init_acts& acts);

/// The fields in a memory file that came along with a message; they point into
/// it.
struct told_fields {
  explicit told_fields(int fd);
  ~told_fields();

  failure problem;
  wire_reader fields;

private:
  void* bytes_ = nullptr;
  size_t size_ = 0;
};

/// Life of a container's init; never returns. `streams` are input, output and
/// error of the container's own process.
[[noreturn]] void run_init(const container_config& config, uint32_t sandbox,
                           int channel, const int streams[3]);

/// A mount namespace of its own, which tells nobody outside what is mounted in
/// it. Also in a chroot, whose root is no mount; the working directory is then
/// the root.
failure own_mounts();

/// In the mount namespace of its own that it makes: everything `config` asks
/// for. With `processes` /proc shows the present process namespace.
failure build_mounts(const container_config& config, bool processes);

// Where a path is missing (shim_cover.cpp).

/// Upper layers go to a tmpfs on `place`, an existing folder, until the end.
void begin_covers(const char* place);
void end_covers();
/// Replaces the root by a tmpfs that holds every entry of it.
failure cover_root();
/// Makes sure that the absolute path exists and is a folder, or is a file.
failure ensure_path(const char* target, bool folder);
/// Whether a target's first missing part is an entry of the root.
bool needs_root(const char* target);
/// What is mounted there was mounted here: paths may be created in it.
void own_mount(const char* path);

/// Starts a process; the arrays end with null pointers.
failure spawn(const container_config& config, char** arguments, bool tty,
              const int streams[3], pid_t& pid);

// A container that an OCI runtime makes (shim_bundle.cpp, shim_runtime.cpp).

/// What a shim needs of its own for such containers: mounts, the pod's shared
/// memory, queues.
failure begin_runtime_pod(uint32_t flags);
/// Puts the bundle together, in memory and in a mount namespace of its own that
/// it makes: what the machine has mounted now is what the container gets. The
/// working directory is the bundle afterwards.
failure build_bundle(const container_config& config, int node_mounts,
                     pid_t pause);
/// Life of the init of such a container, whose descriptors are in place.
[[noreturn]] void run_by_runtime(const container_config& config);
/// Starts a call of the runtime; the arrays end with null pointers.
failure call_runtime(const char* const* arguments, const int streams[3],
                     pid_t& pid);
/// Listens for the terminal that the runtime will send to the socket `name`.
failure await_terminal(const char* name, int& listener);
/// The terminal; the runtime has sent it before it ended. -1 when there is
/// none.
int take_terminal_of(int listener);
/// The last complaint in the runtime's log.
void read_complaint(const char* log, failure& out);
/// Tries a container that is described on standard input; prints why it does
/// not work.
int try_runtime();
/// Appends the description of a process with these words.
void put_command(buffer& out, char** words, std::string_view rest, bool tty);
/// Kills all that is in the groups; returns how many it met.
int kill_groups(char** groups, int signal);
char** copy_groups(char** groups);
void free_groups(char** groups);
/// Removes the groups, which must be empty; false when some stay.
bool remove_groups(char** groups);

/// Sends a signal to everything below `root`, `except` and what is below those
/// left out; returns how many it met. Works on /proc.
int signal_descendants(pid_t root, int signal, const pid_t* except = nullptr,
                       size_t except_count = 0);

// -- stream -------------------------------------------------------------------

/// Exec or attach, between a container's processes and Troupe.
struct stream {
  stream* next = nullptr;
  uint32_t tag = 0;
  container* owner = nullptr;
  bool attached = false;
  bool feeds = false; ///< and gives its input to the container
  bool started = false;
  bool ended = false; ///< its process has
  int64_t code = 0;
  int input = -1;
  int output[2] = {-1, -1};
  bool tty = false;
  uint32_t credit = 0;
  uint32_t width = 0; ///< of the terminal that is about to come
  uint32_t height = 0;
  bool input_done = false;
  uint32_t input_chunks = 0; ///< received and not yet given back as credit
  buffer pending;            ///< input not yet taken by the process
};

// -- the whole ----------------------------------------------------------------

struct shim_state {
  uint32_t flags = 0;
  int listener = -1;
  int control = -1; ///< the connection to Troupe, if any
  int signals = -1;
  buffer in;
  buffer out;
  container* containers = nullptr;
  stream* streams = nullptr;
  bool ending = false;
  uint32_t ending_tag = 0;
  pid_t pause = 0;      ///< first process of the namespace that all share
  int pause_life = -1;  ///< it ends when this is closed
  int node_mounts = -1; ///< the node's mount namespace, where ours is another
};

extern shim_state state;

/// Makes a user namespace that knows only the present user, as itself.
failure map_identity();
/// Prints the sandbox_flags that this machine allows, and why not all.
int probe();

/// Monotonic, in milliseconds.
int64_t now_ms();
/// Since 1970, in nanoseconds.
int64_t now_ns();
void set_nonblocking(int fd);
void close_fd(int& fd);

// Frames to Troupe; dropped when nobody is connected.
size_t begin_frame(frame_kind kind, uint32_t tag);
void end_frame(size_t begin);
void answer(uint32_t tag, const failure& result = {});

/// Writes what waits for Troupe.
void flush_control();
/// Serves the pod until it is told to end.
[[noreturn]] void run_loop();

// What each frame does (shim_requests.cpp, shim_stream.cpp).
void on_list(uint32_t tag);
void on_create(uint32_t tag, const char* payload, size_t size);
void on_start(uint32_t tag, wire_reader fields);
void on_stop(uint32_t tag, wire_reader fields);
void on_signal(uint32_t tag, wire_reader fields);
void on_remove(uint32_t tag, wire_reader fields);
void on_reopen(uint32_t tag, wire_reader fields);
void on_exec(uint32_t tag, wire_reader fields);
void on_attach(uint32_t tag, wire_reader fields);
void on_input(uint32_t tag, wire_reader fields);
void on_credit(uint32_t tag, wire_reader fields);
void on_resize(uint32_t tag, wire_reader fields);
void on_close(uint32_t tag);
void on_shutdown(uint32_t tag);

container* find_container(const char* id);
/// The terminal of a container or of a command, made by the OCI runtime.
void take_terminal(container& c, uint32_t id, int fd);
/// Starts its init, and that its process.
failure launch_container(container& c);
/// Starts the process that holds the namespace of processes which the pod's
/// containers share, unless it runs.
failure start_pause();
/// What is forked from now on is in that namespace; `back` leads out of it
/// again.
failure enter_shared_processes(int& back);
/// What came of its start: its process and since when, or why there is none.
void answer_start(const container& c, uint32_t tag);
/// Whoever asked is gone: nobody waits for answers any more.
void forget_askers();
/// All of it has ended: says so.
void finish_container(container& c);
/// Appends how it ended, as frame_kind::exited has it.
void put_exit(buffer& out, const container& c);
void tell_exit(container& c);
/// Tells a container's init; false when it has none.
bool tell_init(container& c, const init_message& message,
               const int* descriptors = nullptr, size_t count = 0);
/// Reads what its init says.
void on_init_readable(container& c);
/// Reads what its own process wrote into the log.
void on_output(container& c, int channel);
/// Its init is gone.
void on_init_gone(container& c, int status);
void kill_container(container& c);
/// Ends what nobody holds any more after an init died unexpectedly.
void sweep_strays();

void on_exec_message(const init_message& message);
/// Owns the terminal; false when nobody waits for it.
bool take_exec_terminal(uint32_t tag, int fd);
void on_stream_readable(stream& s, int channel);
void on_stream_writable(stream& s);
/// Copies output to whoever is attached and has credit.
void copy_to_attached(container& c, int channel, const char* data, size_t size);
/// Ends the streams of a container that is over.
void end_streams(container& c);
/// Troupe is gone: what was started for it is killed.
void drop_streams();
void free_stream(stream* s);

} // namespace troupe::process::shim

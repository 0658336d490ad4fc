#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

/// What Troupe and the shim of a pod say to each other over the shim's socket.
/// A frame is a header and fields in the order written at its kind; numbers
/// are in the machine's own order, a text is length, bytes, NUL,
/// texts are a count and so many. Includes
/// nothing that needs more than libc: the shim is static and tiny.
namespace troupe::process {

enum class frame_kind : uint32_t {
  // To the shim. All but input, credit, resize and close get an answer.
  init = 1, ///< first of all: u32 sandbox_flags, text folder, hostname,
            ///< network path, texts sysctls (each name=value)
  list,     ///< answer: u32 count, then per container what `exited` tells
            ///< after u32 state (0 created, 1 running, 2 exited)
  /// text id, text folder (absolute), u32 flags, i64
  /// stop signal, i64 user or -1, i64 group or -1, i64 capabilities kept, text
  /// working directory, text log path, i64 log bytes, u32 log files, u32 count
  /// of groups and i64 each, u32 count of mounts and each (text target, text
  /// source, u32 mount_flags), texts arguments, texts environment; with
  /// by_runtime then text program of the OCI runtime, text its configuration,
  /// text end of the description of a command's process, texts layers of the
  /// root, topmost first, texts control groups, text file that counts what was
  /// killed for lack of memory. Mounts appear in BUNDLE/m, by their number.
  create,
  start,    ///< text id
  stop,     ///< text id, i64 grace in ms; answered when all has ended
  signal,   ///< text id, i64 signal
  remove,   ///< text id
  exec,     ///< tag is the stream; text id, u32 flags, u32 credit, u32 width,
            ///< u32 height, texts command
  attach,   ///< tag is the stream; text id, u32 flags, u32 credit
  input,    ///< tag is the stream; text data, u32 1 at the end
  credit,   ///< tag is the stream; u32 chunks
  resize,   ///< tag is the stream; u32 width, u32 height
  close,    ///< tag is the stream
  reopen,   ///< text id
  shutdown, ///< end everything, then the shim itself

  // From the shim.
  answer = 64,  ///< tag of the request; u32 errno, text message, rest as told
  exited,       ///< text id, i64 pid, started, finished, code, signal, text
                ///< reason, text message
  output,       ///< tag is the stream; u32 channel (1 out, 2 err), text data
  ended,        ///< tag is the stream; i64 code, text error
  input_credit, ///< tag is the stream; u32 chunks
};

struct frame_header {
  uint32_t size = 0; ///< of what follows the header
  frame_kind kind = frame_kind::answer;
  uint32_t tag = 0;
};

constexpr uint32_t max_mounts = 256;
constexpr uint32_t max_groups = 256;

/// Longer ones end the connection.
constexpr uint32_t max_frame = 16u << 20;
/// Longest piece of a stream.
constexpr uint32_t max_chunk = 64u << 10;
/// Chunks of standard input the shim takes before it gives credit again.
constexpr uint32_t input_window = 4;

enum sandbox_flags : uint32_t {
  use_user_namespace = 1,
  use_mounts = 2,
  use_processes = 4,
  own_network = 8,
  use_runtime = 16,  ///< containers are made by an OCI runtime
  hide_unified = 32, ///< which shall not see that control groups are hybrid
  node_ipc = 64,
};

enum container_flags : uint32_t {
  with_tty = 1,
  with_stdin = 2,
  stdin_once = 4,
  read_only_root = 8,
  no_new_privileges = 16,
  own_processes = 32,
  shared_processes = 64, ///< with the other containers of the pod
  by_runtime = 128,      ///< made by an OCI runtime
};

enum mount_flags : uint32_t {
  mount_read_only = 1,
  mount_best_effort = 2, ///< the container runs without it where it must
};

/// Reads fields one after the other; what is not there reads as nothing and
/// leaves `good` false.
struct wire_reader {
  const char* at = nullptr;
  const char* end = nullptr;
  bool good = true;

  template <class T>
  T number() {
    T value{};
    if (static_cast<size_t>(end - at) < sizeof(T)) {
      good = false;
      at = end;
      return value;
    }
    memcpy(&value, at, sizeof(T));
    at += sizeof(T);
    return value;
  }

  uint32_t u32() { return number<uint32_t>(); }
  int64_t i64() { return number<int64_t>(); }

  /// The bytes are followed by a NUL: data() is a C string.
  std::string_view text() {
    auto size = u32();
    if (!good || static_cast<size_t>(end - at) <= size || at[size] != '\0') {
      good = false;
      at = end;
      return {"", 0};
    }
    std::string_view result{at, size};
    at += size + 1;
    return result;
  }
};

/// Appends fields to anything that has `append(const char*, size_t)`.
template <class Sink>
struct wire_writer {
  Sink& out;

  template <class T>
  wire_writer& number(T value) {
    char raw[sizeof(T)];
    memcpy(raw, &value, sizeof(T));
    out.append(raw, sizeof(T));
    return *this;
  }

  wire_writer& u32(uint32_t value) { return number(value); }
  wire_writer& i64(int64_t value) { return number(value); }

  wire_writer& text(std::string_view value) {
    u32(static_cast<uint32_t>(value.size()));
    out.append(value.data(), value.size());
    out.append("", 1);
    return *this;
  }

  template <class Texts>
  wire_writer& texts(const Texts& values) {
    u32(static_cast<uint32_t>(values.size()));
    for (auto& each : values)
      text(each);
    return *this;
  }
};

} // namespace troupe::process

// What the example programs share: a few calls around sockets, files and
// HTTP/1.1, without any library.
#pragma once

#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>

namespace example {

std::string environment(const char* name, const std::string& otherwise = {});

std::string host_name();

/// Writes one line at once, so that lines of threads do not mix.
void say(const std::string& line);

/// Says what is wrong with the command line and exits with 2.
[[noreturn]] void end_wrong(const std::string& reason);

/// From now on SIGTERM and SIGINT begin the end.
void end_on_signals();

bool ending();

/// Waits for input on `fd` (-1: for none), the end of `seconds` (-1: for ever)
/// or of the program. Returns whether there is input.
bool wait_for(int fd, int seconds);

struct place {
  in_addr address{};
  uint16_t port = 0;
};

std::optional<uint16_t> parse_port(std::string_view text);

/// Reads ADDRESS:PORT; without the address it is the pod's own.
std::optional<place> parse_place(const std::string& text);

/// A connection waits so long for a silent peer.
constexpr int patience_seconds = 10;

void set_patience(int fd);

/// Listens at $POD_IP, or everywhere without it; exits where it cannot.
int listen_at(uint16_t port);

/// Returns a connected socket, or -1 and errno.
int dial(const place& to);

bool send_all(int fd, std::string_view bytes);

/// The content of a file, nothing where there is none.
std::optional<std::string> read_file(const std::string& path);

/// Replaces a file: readers see the old content or the new one, never half.
bool write_file(const std::string& path, std::string_view content);

/// An HTTP request or answer.
struct message {
  std::string first_line;
  std::string content;
};

/// Reads a head, then as much content as it announces; of an answer that
/// announces nothing, all until its end.
std::optional<message> read_message(int fd, bool is_answer);

struct url {
  place at;
  std::string authority;
  std::string path;
};

/// Reads a URL of http; exits where it is none.
url parse_url(const std::string& text);

/// Asks, and returns the content of the answer; nothing where that is not 2xx,
/// and says why.
std::optional<std::string> ask(const url& to, const std::string& method,
                               const std::string& content);

} // namespace example

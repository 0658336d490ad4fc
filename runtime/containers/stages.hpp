#pragma once

#include "messages/errors.hpp"

#include <google/protobuf/map.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// How simulated containers behave, as data. A script is YAML:
///
///   stages:                    # of containers; the first that fits is taken
///   - name: crash              # told in traces
///     match:                   # all must fit; absent: any. * and ? in texts
///       image: "crash*"
///       container: main
///       pod: web-*
///       namespace: default
///       labels: {app: web}       # of the pod
///       annotations: {a: b}
///     from: running            # created or running
///     on: time                 # start, stop, or time: by itself
///     delay: 5s                # 1h2m3s4ms; default 0
///     jitter: 500ms            # up to so much more, told by seed and id
///     delayFrom: example/after # an annotation of the pod that says the delay
///     to: exited               # running or exited
///     exitCode: 1
///     exitCodeFrom: example/code
///     signal: 0
///     reason: Error            # default by exit code
///     message: out of luck
///     log: |                   # what it writes at that moment
///       giving up
///   execs:                     # commands in a container
///   - match: {image: "*"}
///     command: "cat /ready*"   # words with one space between
///     delay: 1ms
///     exitCode: 0
///     stdout: ok
///     stderr: ""
///   images:                    # references that cannot be had, or are slow
///   - image: "missing*"
///     delay: 100ms
///     error: no such image
///   sandboxes:
///   - match: {pod: slow-*}
///     delay: 20ms
///
/// What no stage says: a created container runs at once when started, a running
/// one goes on until it is stopped, then exits at once with 143. Commands exit
/// with 0, images exist, sandboxes are there at once.
namespace troupe::simulation {

/// Text with * and ? against another.
bool fits(const std::string& pattern, const std::string& text);

using texts = google::protobuf::Map<std::string, std::string>;

/// Whom a rule is asked about.
struct subject {
  const std::string& image;
  const std::string& container;
  const std::string& pod;
  const std::string& ns;
  const texts& labels; ///< of the pod
  const texts& annotations;
};

struct match {
  std::string image;
  std::string container;
  std::string pod;
  std::string ns;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  bool accepts(const subject& who) const;
};

enum class cause : uint8_t { start, stop, time };
enum class place : uint8_t { created, running, exited };

struct stage {
  std::string name;
  match who;
  place from = place::created;
  cause on = cause::start;
  std::chrono::nanoseconds delay{0};
  std::chrono::nanoseconds jitter{0};
  std::string delay_from;
  place to = place::running;
  int32_t exit_code = 0;
  std::string exit_code_from;
  int32_t signal = 0;
  std::string reason;
  std::string message;
  std::vector<std::string> log; ///< lines

  /// How long it takes for this one; `chance` decides the jitter.
  std::chrono::nanoseconds delay_of(const subject& who, uint64_t chance) const;
  int32_t exit_code_of(const subject& who) const;
};

struct exec_rule {
  match who;
  std::string command = "*";
  std::chrono::nanoseconds delay{0};
  int32_t exit_code = 0;
  std::string output;
  std::string errors;
};

struct image_rule {
  std::string image;
  std::chrono::nanoseconds delay{0};
  std::string error;
};

struct sandbox_rule {
  match who;
  std::chrono::nanoseconds delay{0};
};

/// A parsed script; does not change.
struct script {
  std::vector<stage> stages;
  std::vector<exec_rule> execs;
  std::vector<image_rule> images;
  std::vector<sandbox_rule> sandboxes;

  /// The first that fits, or what is said above for none; null when nothing
  /// happens by itself.
  const stage* find(place from, cause on, const subject& who) const;
};

/// Refuses with ec::invalid, naming path and reason.
expected<script> parse_script(const std::string& yaml);

/// "1h2m3.5s10ms"; invalid for anything else.
expected<std::chrono::nanoseconds> parse_duration(const std::string& text);

} // namespace troupe::simulation

#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"

#include <algorithm>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr std::string_view one_handler =
    "may not specify more than 1 handler type";

void check_port(const meta::v1::IntOrString& port, const field_path& at,
                findings& out) {
  if (port.type() == 0) {
    for (auto& problem : check_port_number(port.int_val()))
      out.invalid(at, port.int_val(), problem);
  } else {
    out.invalid(at, port.str_val(), check_port_name(port.str_val()));
  }
}

bool header_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '-';
  });
}

void check_http(const HTTPGetAction& action, const field_path& at,
                findings& out) {
  if (action.path().empty())
    out.required(at.child("path"));
  check_port(action.port(), at.child("port"), out);
  if (action.scheme().empty())
    out.required(at.child("scheme"));
  auto list = at.child("httpHeaders");
  for (int i = 0; i < action.http_headers_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    if (!header_name(action.http_headers(i).name()))
      out.invalid(one.child("name"), action.http_headers(i).name(),
                  "a valid HTTP header must consist of alphanumeric characters "
                  "or '-' (e.g. 'X-Header-Name', regex used for validation is "
                  "'[-A-Za-z0-9]+')");
  }
}

/// Counts handlers as it checks them: the second one is refused.
class handlers {
public:
  handlers(const field_path& at, findings& out) : at_(at), out_(out) {
    // nop
  }

  bool next(const char* name) {
    if (++count_ == 1)
      return true;
    out_.forbidden(at_.child(name), one_handler);
    return false;
  }

  template <class T>
  void common(const T& from) {
    if (from.has_exec() && next("exec") && from.exec().command().empty())
      out_.required(at_.child("exec.command"));
    if (from.has_http_get() && next("httpGet"))
      check_http(from.http_get(), at_.child("httpGet"), out_);
    if (from.has_tcp_socket() && next("tcpSocket"))
      check_port(from.tcp_socket().port(), at_.child("tcpSocket.port"), out_);
  }

  void end() {
    if (count_ == 0)
      out_.required(at_, "must specify a handler type");
  }

private:
  const field_path& at_;
  findings& out_;
  int count_ = 0;
};

void check_probe_handler(const ProbeHandler& handler, const field_path& at,
                         findings& out) {
  handlers all{at, out};
  all.common(handler);
  if (handler.has_grpc() && all.next("grpc"))
    for (auto& problem : check_port_number(handler.grpc().port()))
      out.invalid(at.child("grpc.port"), handler.grpc().port(), problem);
  all.end();
}

void check_probe(const Probe& probe, const field_path& at, findings& out) {
  check_probe_handler(probe.handler(), at, out);
  auto positive_or_zero = [&](const char* name, int64_t value) {
    if (value < 0)
      out.invalid(at.child(name), value, "must be greater than or equal to 0");
  };
  positive_or_zero("initialDelaySeconds", probe.initial_delay_seconds());
  positive_or_zero("timeoutSeconds", probe.timeout_seconds());
  positive_or_zero("periodSeconds", probe.period_seconds());
  positive_or_zero("successThreshold", probe.success_threshold());
  positive_or_zero("failureThreshold", probe.failure_threshold());
  if (probe.has_termination_grace_period_seconds()
      && probe.termination_grace_period_seconds() <= 0)
    out.invalid(at.child("terminationGracePeriodSeconds"),
                probe.termination_grace_period_seconds(),
                "must be greater than 0");
}

void require_one_success(const Probe& probe, const field_path& at,
                         findings& out) {
  if (probe.success_threshold() != 1)
    out.invalid(at.child("successThreshold"), probe.success_threshold(),
                "must be 1");
}

void check_hook(const LifecycleHandler& hook, int64_t grace_seconds,
                const field_path& at, findings& out) {
  handlers all{at, out};
  all.common(hook);
  if (hook.has_sleep() && all.next("sleep")) {
    auto seconds = hook.sleep().seconds();
    if (seconds < 0 || seconds > grace_seconds)
      out.invalid(at.child("sleep.seconds"), seconds,
                  "must be non-negative and less than "
                  "terminationGracePeriodSeconds ("
                      + std::to_string(grace_seconds) + ")");
  }
  all.end();
}

} // namespace

void check_probes(const Container& container, const field_path& at,
                  findings& out) {
  if (container.has_liveness_probe()) {
    auto one = at.child("livenessProbe");
    check_probe(container.liveness_probe(), one, out);
    require_one_success(container.liveness_probe(), one, out);
  }
  if (container.has_readiness_probe()) {
    auto one = at.child("readinessProbe");
    check_probe(container.readiness_probe(), one, out);
    if (container.readiness_probe().has_termination_grace_period_seconds())
      out.forbidden(one.child("terminationGracePeriodSeconds"),
                    "must not be set for readinessProbes");
  }
  if (container.has_startup_probe()) {
    auto one = at.child("startupProbe");
    check_probe(container.startup_probe(), one, out);
    require_one_success(container.startup_probe(), one, out);
  }
}

void check_lifecycle(const Lifecycle& lifecycle, int64_t grace_seconds,
                     const field_path& at, findings& out) {
  if (lifecycle.has_post_start())
    check_hook(lifecycle.post_start(), grace_seconds, at.child("postStart"),
               out);
  if (lifecycle.has_pre_stop())
    check_hook(lifecycle.pre_stop(), grace_seconds, at.child("preStop"), out);
}

} // namespace troupe::rules

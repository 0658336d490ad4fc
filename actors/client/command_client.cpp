#include "actors/client/command_client.hpp"

#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/actor_config.hpp"

#include <caf/after.hpp>
#include <caf/openssl/all.hpp>

#include <charconv>

namespace troupe {

namespace {

constexpr auto handshake_patience = std::chrono::seconds(10);

struct address {
  std::string host;
  uint16_t port = 0;
};

expected<address> parse_address(const std::string& text) {
  auto colon = text.rfind(':');
  address result;
  if (colon != std::string::npos) {
    result.host = text.substr(0, colon);
    auto [end, bad] = std::from_chars(text.data() + colon + 1,
                                      text.data() + text.size(), result.port);
    if (bad == std::errc{} && end == text.data() + text.size()
        && !result.host.empty() && result.port != 0)
      return result;
  }
  return make_error(ec::bad_request,
                    "the kubeconfig names no actors' address for this cluster "
                    "(clusters[].cluster.extensions, name troupe): \""
                        + text + "\"");
}

} // namespace

command_client::command_client() = default;

command_client::~command_client() {
  session_ = nullptr;
  self_.reset();
  system_.reset();
}

expected<std::unique_ptr<command_client>>
command_client::connect(const crypto::kubeconfig_access& access) {
  auto where = parse_address(access.cluster.actors);
  if (!where)
    return where.error();
  crypto::credential mine{access.user.key, access.user.certificate};
  if (mine.key.empty() || mine.certificate.empty())
    return make_error(ec::unauthorized,
                      "user \"" + access.user.name
                          + "\" of the kubeconfig has no client certificate");
  std::unique_ptr<command_client> result{new command_client};
  auto credential = crypto::memory_file::make(mine.pem());
  auto authority = crypto::memory_file::make(access.cluster.authority);
  if (!credential)
    return credential.error();
  if (!authority)
    return authority.error();
  result->credential_ =
      std::make_unique<crypto::memory_file>(std::move(*credential));
  result->authority_ =
      std::make_unique<crypto::memory_file>(std::move(*authority));
  result->config_ = std::make_unique<actor_config>(
      1, result->credential_->path(), result->authority_->path());
  result->system_ = std::make_unique<caf::actor_system>(*result->config_);
  auto door = caf::openssl::remote_actor<front_door_actor>(
      *result->system_, where->host, where->port);
  if (!door)
    return make_error(ec::service_unavailable,
                      "The connection to the server " + access.cluster.actors
                          + " was refused - did you specify the right host or "
                            "port? Is the cluster up (troupe up)?");
  result->self_ = std::make_unique<caf::scoped_actor>(*result->system_);
  auto& self = *result->self_;
  caf::error failed;
  std::string nonce;
  self->request(*door, handshake_patience, pb<call::AskNonce>{call::AskNonce{}})
      .receive([&](const pb<call::Nonce>& n) { nonce = n->value(); },
               [&](caf::error& err) { failed = std::move(err); });
  if (failed)
    return failed;
  auto proof = crypto::make_proof(mine, nonce);
  if (!proof)
    return proof.error();
  call::Proof sent;
  sent.set_certificate(proof->certificate);
  sent.set_signature(proof->signature);
  call::OpenSession open;
  open.set_nonce(nonce);
  open.set_proof(sent.SerializeAsString());
  self->request(*door, handshake_patience, pb<call::OpenSession>{open})
      .receive(
          [&](const pb<call::SessionOpened>& opened,
              const session_actor& handle) {
            result->session_ = handle;
            result->secret_ = opened->secret();
            result->user_ = opened->user();
          },
          [&](caf::error& err) { failed = std::move(err); });
  if (failed)
    return failed;
  self->monitor(result->session_);
  return {std::move(result)};
}

expected<answer> command_client::ask(call::Request msg, const object& body,
                                     std::chrono::seconds deadline) {
  msg.set_secret(secret_);
  expected<answer> result{make_error(ec::internal_error, "no answer")};
  auto timeout = deadline.count() > 0 ? caf::duration{deadline}
                                      : caf::duration{caf::infinite};
  (*self_)
      ->request(session_, timeout, pb<call::Request>{std::move(msg)}, body)
      .receive(
          [&](const pb<call::Response>& response,
              const std::vector<object>& objects) {
            result = answer{response, objects};
          },
          [&](caf::error& err) { result = std::move(err); });
  return result;
}

caf::error
command_client::watch(const selection& what, const std::string& version,
                      const std::function<bool(const changes&)>& batch,
                      std::chrono::milliseconds patience) {
  auto& self = *self_;
  call::Watch msg;
  msg.set_api_version(what.kind->api_version());
  msg.set_kind(std::string{what.kind->kind});
  msg.set_namespace_(what.ns);
  msg.set_label_selector(what.label_selector);
  msg.set_field_selector(what.field_selector);
  msg.set_resource_version(version);
  msg.set_stream(++streams_);
  msg.set_secret(secret_);
  auto me = caf::actor_cast<watcher_actor>(
      caf::actor_cast<caf::strong_actor_ptr>(self.ptr()));
  caf::error failed;
  self->request(session_, handshake_patience, pb<call::Watch>{msg}, me)
      .receive([](const pb<call::WatchStarted>&) {},
               [&](caf::error& err) { failed = std::move(err); });
  bool going = !failed;
  while (going) {
    self->receive(
        [&](const changes& x) {
          if (x.stream != msg.stream())
            return;
          if (!x.ended.empty()) {
            meta::v1::Status status;
            status.ParseFromString(x.ended);
            failed = from_status(status);
            going = false;
            return;
          }
          call::Ack ack;
          ack.set_stream(x.stream);
          ack.set_sequence(x.sequence);
          self->send(session_, pb<call::Ack>{std::move(ack)}, me);
          going = batch(x);
        },
        [&](const caf::down_msg&) {
          failed = make_error(ec::service_unavailable,
                              "the connection to the server was lost");
          going = false;
        },
        caf::after(patience) >>
            [&] {
              failed = make_error(ec::timeout, "nothing came in time");
              going = false;
            });
  }
  call::StopWatch stop;
  stop.set_stream(msg.stream());
  self->send(session_, pb<call::StopWatch>{std::move(stop)}, me);
  return failed;
}

expected<system::ActorList> command_client::actors() {
  expected<system::ActorList> result{make_error(ec::internal_error, "")};
  system::ListActors msg;
  msg.set_secret(secret_);
  (*self_)
      ->request(session_, handshake_patience, pb<system::ListActors>{msg})
      .receive([&](const pb<system::ActorList>& list) { result = *list; },
               [&](caf::error& err) { result = std::move(err); });
  return result;
}

expected<system::Killed> command_client::kill(const std::string& path) {
  expected<system::Killed> result{make_error(ec::internal_error, "")};
  system::Kill msg;
  msg.set_path(path);
  msg.set_secret(secret_);
  (*self_)
      ->request(session_, handshake_patience, pb<system::Kill>{msg})
      .receive([&](const pb<system::Killed>& killed) { result = *killed; },
               [&](caf::error& err) { result = std::move(err); });
  return result;
}

expected<system::Explanation> command_client::explain(const std::string& kind,
                                                      const std::string& key) {
  expected<system::Explanation> result{make_error(ec::internal_error, "")};
  system::Explain msg;
  msg.set_kind(kind);
  msg.set_key(key);
  msg.set_secret(secret_);
  (*self_)
      ->request(session_, handshake_patience, pb<system::Explain>{msg})
      .receive([&](const pb<system::Explanation>& e) { result = *e; },
               [&](caf::error& err) { result = std::move(err); });
  return result;
}

} // namespace troupe

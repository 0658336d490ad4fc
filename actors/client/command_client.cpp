#include "actors/client/command_client.hpp"

#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/actor_config.hpp"

#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/openssl/all.hpp>

#include <charconv>
#include <future>
#include <utility>

namespace troupe {

namespace {

constexpr auto handshake_patience = std::chrono::seconds(10);
/// Front doors that may end while a session is being opened.
constexpr int most_doors = 5;

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

/// What a waiting thread is told, once.
template <class T>
class told {
public:
  void set(expected<T> what) {
    if (!std::exchange(done_, true))
      promise_.set_value(std::move(what));
  }

  expected<T> wait() { return promise_.get_future().get(); }

private:
  std::promise<expected<T>> promise_;
  bool done_ = false;
};

caf::error connection_lost() {
  return make_error(ec::service_unavailable,
                    "the connection to the server was lost");
}

} // namespace

command_client::command_client() = default;

command_client::~command_client() {
  session_ = nullptr;
  door_ = nullptr;
  self_.reset();
  system_.reset();
}

expected<std::unique_ptr<command_client>>
command_client::connect(const crypto::kubeconfig_access& access) {
  auto where = parse_address(access.cluster.actors);
  if (!where)
    return where.error();
  std::unique_ptr<command_client> result{new command_client};
  auto& mine = result->mine_;
  mine = {access.user.key, access.user.certificate};
  if (mine.key.empty() || mine.certificate.empty())
    return make_error(ec::unauthorized,
                      "user \"" + access.user.name
                          + "\" of the kubeconfig has no client certificate");
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
  result->door_ = *door;
  result->self_ = std::make_unique<caf::scoped_actor>(*result->system_);
  if (auto err = result->open_session())
    return err;
  return {std::move(result)};
}

caf::error command_client::open_session() {
  caf::error failed;
  // A front door that ends in between knows nothing of its nonces any more.
  for (int tries = 0; !session_ && tries < most_doors; ++tries) {
    failed = caf::none;
    auto nonce = ask_nonce(failed);
    if (!failed)
      prove(nonce, failed);
    if (failed && failed != caf::sec::request_receiver_down
        && !is(failed, ec::unauthorized))
      break;
  }
  return failed;
}

std::string command_client::ask_nonce(caf::error& failed) {
  std::string result;
  (*self_)
      ->request(door_, handshake_patience, pb<call::AskNonce>{call::AskNonce{}})
      .receive([&](const pb<call::Nonce>& n) { result = n->value(); },
               [&](caf::error& err) { failed = std::move(err); });
  return result;
}

void command_client::prove(const std::string& nonce, caf::error& failed) {
  auto proof = crypto::make_proof(mine_, nonce);
  if (!proof) {
    failed = proof.error();
    return;
  }
  call::Proof sent;
  sent.set_certificate(proof->certificate);
  sent.set_signature(proof->signature);
  call::OpenSession open;
  open.set_nonce(nonce);
  open.set_proof(sent.SerializeAsString());
  (*self_)
      ->request(door_, handshake_patience, pb<call::OpenSession>{open})
      .receive(
          [&](const pb<call::SessionOpened>& opened,
              const session_actor& handle) {
            session_ = handle;
            secret_ = opened->secret();
            user_ = opened->user();
          },
          [&](caf::error& err) { failed = std::move(err); });
}

template <class... Out, class... Ts>
expected<std::tuple<Out...>> command_client::call(std::chrono::seconds patience,
                                                  const Ts&... xs) {
  // An answer that is lost with whoever owed it would be waited for until the
  // deadline: whoever asks hears of both.
  auto result = std::make_shared<told<std::tuple<Out...>>>();
  auto lost = std::make_shared<bool>(false);
  auto deadline = patience.count() > 0 ? caf::duration{patience}
                                       : caf::duration{caf::infinite};
  system_->spawn([=, to = session_](caf::event_based_actor* asker) {
    asker->monitor(to);
    asker->set_down_handler([=](const caf::down_msg&) {
      *lost = true;
      result->set(connection_lost());
      asker->quit();
    });
    asker->request(to, deadline, xs...)
        .then(
            [=](const Out&... out) {
              result->set(std::make_tuple(out...));
              asker->quit();
            },
            [=](caf::error& err) {
              result->set(std::move(err));
              asker->quit();
            });
  });
  auto answered = result->wait();
  if (!answered && *lost)
    session_ = nullptr;
  return answered;
}

expected<answer> command_client::ask(call::Request msg, const object& body,
                                     std::chrono::seconds deadline) {
  if (auto err = open_session())
    return err;
  msg.set_secret(secret_);
  auto answered = call<pb<call::Response>, std::vector<object>>(
      deadline, pb<call::Request>{std::move(msg)}, body);
  if (!answered)
    return answered.error();
  return answer{std::get<0>(*answered), std::get<1>(*answered)};
}

caf::error
command_client::watch(const selection& what, const std::string& version,
                      const std::function<bool(const changes&)>& batch,
                      std::chrono::milliseconds patience) {
  if (auto err = open_session())
    return err;
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
  auto started = call<pb<call::WatchStarted>>(handshake_patience,
                                              pb<call::Watch>{msg}, me);
  if (!started)
    return started.error();
  self->monitor(session_);
  caf::error failed;
  bool lost = false;
  for (bool going = true; going;) {
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
        [&](const caf::down_msg& down) {
          if (down.source != session_.address())
            return;
          failed = connection_lost();
          lost = true;
          going = false;
        },
        caf::after(patience) >>
            [&] {
              failed = make_error(ec::timeout, "nothing came in time");
              going = false;
            });
  }
  self->demonitor(session_.address());
  call::StopWatch stop;
  stop.set_stream(msg.stream());
  self->send(session_, pb<call::StopWatch>{std::move(stop)}, me);
  if (lost)
    session_ = nullptr;
  return failed;
}

template <class Out, class In>
expected<Out> command_client::ask_system(In msg) {
  if (auto err = open_session())
    return err;
  msg.set_secret(secret_);
  auto answered = call<pb<Out>>(handshake_patience, pb<In>{std::move(msg)});
  if (!answered)
    return answered.error();
  return *std::get<0>(*answered);
}

expected<system::ActorList> command_client::actors() {
  return ask_system<system::ActorList>(system::ListActors{});
}

expected<system::Killed> command_client::kill(const std::string& path) {
  system::Kill msg;
  msg.set_path(path);
  return ask_system<system::Killed>(std::move(msg));
}

expected<system::Explanation> command_client::explain(const std::string& kind,
                                                      const std::string& key) {
  system::Explain msg;
  msg.set_kind(kind);
  msg.set_key(key);
  return ask_system<system::Explanation>(std::move(msg));
}

} // namespace troupe

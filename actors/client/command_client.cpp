#include "actors/client/command_client.hpp"

#include "messages/api/meta.pb.h"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/store_desk.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/secure_network.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <charconv>
#include <future>
#include <tuple>
#include <utility>

namespace troupe {

namespace {

constexpr auto handshake_patience = std::chrono::seconds(10);
/// A server that is stopped or cut off keeps nobody from the others for longer.
constexpr auto first_patience = std::chrono::seconds(2);
/// A container may have to be found first.
constexpr auto stream_patience = std::chrono::seconds(30);
/// A member of the store that is gone is found to be by then.
constexpr auto store_patience = std::chrono::seconds(60);
/// Objects in one answer, so that it is not too large for a connection.
constexpr int64_t page_size = 500;
/// How long a client looks for another session when its own ended.
constexpr auto reopen_patience = std::chrono::seconds(15);

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

} // namespace

/// Somebody who asks, and what is answered.
template <class... Out>
struct command_client::asking {
  caf::actor by;
  std::shared_ptr<told<std::tuple<Out...>>> answer;
};

template <class... Out, class Handle, class... Ts>
command_client::asking<Out...>
command_client::start_asking(const Handle& whom, std::chrono::seconds patience,
                             bool stays, const Ts&... xs) {
  // An answer that is lost with whoever owed it would be waited for until the
  // deadline: whoever asks hears of both.
  auto result = std::make_shared<told<std::tuple<Out...>>>();
  auto deadline = patience.count() > 0 ? caf::duration{patience}
                                       : caf::duration{caf::infinite};
  auto by = system_->spawn([=](caf::event_based_actor* asker) {
    auto over = [=](expected<std::tuple<Out...>> what) {
      result->set(std::move(what));
      if (!stays)
        asker->quit();
    };
    asker->monitor(whom);
    asker->set_down_handler([=](const caf::down_msg&) {
      over(make_error(caf::sec::request_receiver_down));
    });
    asker->request(whom, deadline, xs...)
        .then([=](const Out&... out) { over(std::make_tuple(out...)); },
              [=](caf::error& err) { over(std::move(err)); });
    return caf::behavior{[](caf::unit_t) {}};
  });
  return {std::move(by), std::move(result)};
}

template <class... Out, class Handle, class... Ts>
expected<std::tuple<Out...>>
command_client::ask_of(const Handle& whom, std::chrono::seconds patience,
                       const Ts&... xs) {
  return start_asking<Out...>(whom, patience, false, xs...).answer->wait();
}

namespace {

/// A limit makes a version exact that is a lower bound otherwise.
bool wants_pages(const call::Request& msg) {
  return msg.verb() == call::LIST && msg.limit() == 0
         && msg.continue_token().empty()
         && (msg.resource_version().empty()
             || msg.resource_version_match() == "Exact");
}

template <class Ask>
expected<answer> list_once(call::Request msg, Ask ask) {
  msg.set_limit(page_size);
  answer all;
  while (true) {
    auto page = ask(msg);
    if (!page)
      return page;
    all.objects.insert(all.objects.end(),
                       std::make_move_iterator(page->objects.begin()),
                       std::make_move_iterator(page->objects.end()));
    msg.set_continue_token(page->response->continue_token());
    if (msg.continue_token().empty()) {
      all.response = page->response;
      return all;
    }
    // The token says where and when.
    msg.clear_resource_version();
    msg.clear_resource_version_match();
  }
}

/// Everything, though no answer is too large for a connection.
template <class Ask>
expected<answer> list_in_pages(const call::Request& msg, Ask ask) {
  auto result = list_once(msg, ask);
  // What was there at the beginning is not remembered any more.
  for (int tries = 0; !result && is(result.error(), ec::expired)
                      && msg.resource_version().empty() && tries < 3;
       ++tries)
    result = list_once(msg, ask);
  return result;
}

} // namespace

bool is_lost(const caf::error& err) {
  return err == caf::sec::request_receiver_down
         || is(err, ec::service_unavailable);
}

command_client::command_client() = default;

command_client::~command_client() {
  session_ = nullptr;
  door_ = nullptr;
  end_owner();
  self_.reset();
  network_.reset();
  system_.reset();
}

expected<std::unique_ptr<command_client>>
command_client::connect(const crypto::kubeconfig_access& access) {
  auto addresses = crypto::addresses_of(access.cluster);
  for (auto& each : addresses)
    if (auto where = parse_address(each); !where)
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
  result->config_ = std::make_unique<actor_config>(1, reach::other_processes);
  result->system_ = std::make_unique<caf::actor_system>(*result->config_);
  result->network_ = std::make_unique<secure_network>(
      *result->system_,
      secure_files{result->credential_->path(), result->authority_->path()});
  result->self_ = std::make_unique<caf::scoped_actor>(*result->system_);
  result->addresses_ = std::move(addresses);
  result->key_ = std::move(mine);
  if (auto err = result->dial())
    return err;
  auto err = result->open_session();
  // That server went; there are others.
  if (err && is_lost(err))
    err = result->reopen();
  if (err)
    return err;
  return {std::move(result)};
}

caf::error command_client::dial() {
  auto all = addresses_.size();
  // All of them may be slow: a second round has more time.
  for (size_t i = 0; i < (all > 1 ? 2 * all : 1); ++i) {
    auto where = parse_address(addresses_[turn_]);
    if (!where)
      return where.error();
    auto patience = all == 1  ? handshake_patience
                    : i < all ? first_patience
                              : handshake_patience - first_patience;
    auto door =
        network_->dial<front_door_actor>(where->host, where->port, patience);
    if (door) {
      door_ = *door;
      return caf::none;
    }
    turn_ = (turn_ + 1) % all;
  }
  return make_error(ec::service_unavailable,
                    "The connection to the server " + addresses_[turn_]
                        + " was refused - did you specify the right host or "
                          "port? Is the cluster up (troupe up)?");
}

caf::error command_client::open_session() {
  auto nonce = ask_of<pb<call::Nonce>>(door_, handshake_patience,
                                       pb<call::AskNonce>{call::AskNonce{}});
  if (!nonce)
    return nonce.error();
  auto proof = crypto::make_proof(key_, std::get<0>(*nonce)->value());
  if (!proof)
    return proof.error();
  call::Proof sent;
  sent.set_certificate(proof->certificate);
  sent.set_signature(proof->signature);
  call::OpenSession open;
  open.set_nonce(std::get<0>(*nonce)->value());
  open.set_proof(sent.SerializeAsString());
  // The session lives as long as whoever asks for it.
  end_owner();
  auto asked = start_asking<pb<call::SessionOpened>, session_actor>(
      door_, handshake_patience, true, pb<call::OpenSession>{open});
  owner_ = asked.by;
  auto session = asked.answer->wait();
  if (!session)
    return session.error();
  session_ = std::get<1>(*session);
  secret_ = std::get<0>(*session)->secret();
  user_ = std::get<0>(*session)->user();
  (*self_)->monitor(session_);
  return caf::none;
}

void command_client::end_owner() {
  if (owner_)
    caf::anon_send_exit(owner_, caf::exit_reason::kill);
  owner_ = nullptr;
}

caf::error command_client::reopen() {
  // Whoever stands behind the door may be on its way back.
  auto deadline = system_->clock().now() + reopen_patience;
  caf::error err;
  do {
    err = open_session();
    // A door that ended in between knows nothing of its nonces any more.
    if (err && is(err, ec::unauthorized))
      err = open_session();
    if (err && !is_lost(err))
      return err;
    // The door itself went, with its process.
    if (err)
      if (auto refused = dial())
        return refused;
  } while (err && system_->clock().now() < deadline);
  return err;
}

template <class... Out, class... Ts>
expected<std::tuple<Out...>> command_client::call(std::chrono::seconds patience,
                                                  const Ts&... xs) {
  if (!session_)
    if (auto err = reopen())
      return err;
  auto answered = ask_of<Out...>(session_, patience, xs...);
  if (!answered && answered.error() == caf::sec::request_receiver_down)
    session_ = nullptr;
  return answered;
}

caf::error command_client::begin_watch(const call::Watch& msg,
                                       const watcher_actor& by) {
  auto begun = ask_of<pb<call::WatchStarted>>(session_, handshake_patience,
                                              pb<call::Watch>{msg}, by);
  return begun ? caf::none : begun.error();
}

expected<command_client::opened_stream>
command_client::open_stream(call::OpenStream msg,
                            const container_stream_actor& to) {
  if (!session_)
    if (auto err = reopen())
      return err;
  msg.set_secret(secret_);
  return ask_of<pb<container::StreamOpened>, stream_source_actor>(
      caf::actor_cast<command_session_actor>(session_), stream_patience,
      pb<call::OpenStream>{std::move(msg)}, to);
}

expected<answer> command_client::ask(call::Request msg, const object& body,
                                     std::chrono::seconds deadline) {
  auto once = [&](call::Request each) -> expected<answer> {
    auto reads = each.verb() == call::GET || each.verb() == call::LIST;
    for (int tries = 0;; ++tries) {
      if (!session_)
        if (auto err = reopen())
          return err;
      each.set_secret(secret_);
      auto answered = call<pb<call::Response>, std::vector<object>>(
          deadline, pb<call::Request>{each}, body);
      if (answered)
        return answer{std::get<0>(*answered), std::get<1>(*answered)};
      // Reading again does no harm.
      if (!reads && answered.error() == caf::sec::request_receiver_down)
        return make_error(ec::service_unavailable,
                          "the server went away before it answered: it is not "
                          "known whether the change was made");
      if (!reads || !is_lost(answered.error()) || tries > 0)
        return answered.error();
    }
  };
  return wants_pages(msg) ? list_in_pages(msg, once) : once(std::move(msg));
}

template <class Out, class In>
expected<Out> command_client::ask_system(In msg) {
  if (!session_)
    if (auto err = reopen())
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

expected<system::Killed> command_client::kill(const std::string& path,
                                              std::chrono::milliseconds away) {
  system::Kill msg;
  msg.set_path(path);
  msg.set_away_ms(away.count());
  return ask_system<system::Killed>(std::move(msg));
}

expected<system::Explanation> command_client::explain(const std::string& kind,
                                                      const std::string& key) {
  system::Explain msg;
  msg.set_kind(kind);
  msg.set_key(key);
  return ask_system<system::Explanation>(std::move(msg));
}

expected<call::StoreAnswer>
command_client::ask_store(call::StoreQuestion question) {
  if (!session_)
    if (auto err = reopen())
      return err;
  question.set_secret(secret_);
  auto answered = ask_of<pb<call::StoreAnswer>>(
      caf::actor_cast<command_session_actor>(session_), store_patience,
      pb<call::StoreQuestion>{std::move(question)});
  if (!answered)
    return answered.error();
  return *std::get<0>(*answered);
}

} // namespace troupe

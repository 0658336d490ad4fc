// gRPC behind `rpc_edge`: a shared object of its own, so that whoever does not
// call over gRPC neither links nor loads it. One thread takes what completes.
#include "runtime/rpc/rpc_edge.hpp"

#include <cstdio>
#include <cstring>
#include <deque>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <mutex>
#include <set>
#include <thread>

namespace troupe::rpc {

namespace {

constexpr size_t most_ahead = 16; ///< messages a receiver has not taken
constexpr int keepalive_ms = 30'000;
constexpr int keepalive_timeout_ms = 10'000;

/// gRPC says to everybody what its callers are told anyway; what ends the
/// process is another matter.
void note(gpr_log_func_args* what) {
  if (std::strstr(what->message, "assertion failed") != nullptr)
    std::fprintf(stderr, "gRPC: %s\n", what->message);
}

/// What to do when an operation completes; owned by the queue meanwhile.
using completion = std::function<void(bool ok)>;

void* tag(completion what) {
  return new completion{std::move(what)};
}

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  grpc::Slice slice{bytes};
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  std::string result;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok())
    return result;
  result.reserve(buffer.Length());
  for (auto& slice : slices)
    result.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return result;
}

/// A call that was given to a connection has that connection's address as its
/// peer, any other the name that was to be resolved.
bool was_sent(const grpc::ClientContext& context) {
  return context.peer().rfind("dns:", 0) != 0;
}

status to_status(const grpc::Status& from, const grpc::ClientContext& context) {
  return {static_cast<code>(from.error_code()), from.error_message(),
          from.ok() || was_sent(context)};
}

/// The queue of everything that is under way, and the thread that serves it.
/// Its end cancels all of it; what would begin afterwards does not.
class engine {
public:
  engine() {
    thread_ = std::thread{[this] {
      void* which = nullptr;
      bool ok = false;
      while (queue.Next(&which, &ok)) {
        std::unique_ptr<completion> what{static_cast<completion*>(which)};
        (*what)(ok);
      }
    }};
  }

  ~engine() {
    {
      std::lock_guard guard{mutex_};
      closing_ = true;
      for (auto* context : active_)
        context->TryCancel();
    }
    queue.Shutdown();
    thread_.join();
  }

  /// Begins an operation, unless this is about to end.
  template <class Operation>
  bool begin(Operation operation) {
    std::lock_guard guard{mutex_};
    if (closing_)
      return false;
    operation();
    return true;
  }

  /// Begins the first one of a call.
  template <class Operation>
  void begin(grpc::ClientContext& context, Operation operation) {
    begin([&] {
      active_.insert(&context);
      operation();
    });
  }

  /// A call is over.
  void end(grpc::ClientContext& context) {
    std::lock_guard guard{mutex_};
    active_.erase(&context);
  }

  grpc::CompletionQueue queue;

private:
  std::mutex mutex_;
  bool closing_ = false;
  std::set<grpc::ClientContext*> active_;
  std::thread thread_;
};

struct unary_call {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status result;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

/// A stream's machinery; alive while an operation of it is in flight.
class exchange : public std::enable_shared_from_this<exchange> {
public:
  exchange(engine& by, std::function<void(std::string)> heard,
           std::function<void(status)> ended)
      : engine_(by), heard_(std::move(heard)), ended_(std::move(ended)) {
    // nop
  }

  void begin(grpc::GenericStub& stub, const std::string& method,
             const headers& with) {
    for (auto& [key, value] : with)
      context_.AddMetadata(key, value);
    engine_.begin(context_, [&] {
      calls_ = stub.PrepareCall(&context_, method, &engine_.queue);
      calls_->StartCall(tag([me = shared_from_this()](bool ok) {
        std::lock_guard guard{me->mutex_};
        me->started_ = ok;
        if (!ok)
          return me->finish();
        me->read();
        me->write();
      }));
    });
  }

  void send(std::string message) {
    std::lock_guard guard{mutex_};
    outgoing_.push_back(std::move(message));
    write();
  }

  void took() {
    std::lock_guard guard{mutex_};
    --ahead_;
    read();
  }

  void cancel() { context_.TryCancel(); }

private:
  // Called with the mutex held.

  void read() {
    if (!started_ || reading_ || finishing_ || ahead_ >= most_ahead)
      return;
    reading_ = engine_.begin([this] {
      calls_->Read(&incoming_, tag([me = shared_from_this()](bool ok) {
        me->on_read(ok);
      }));
    });
  }

  void write() {
    if (!started_ || writing_ || finishing_ || outgoing_.empty())
      return;
    writing_ = engine_.begin([this] {
      calls_->Write(to_buffer(outgoing_.front()),
                    tag([me = shared_from_this()](bool ok) {
                      std::lock_guard guard{me->mutex_};
                      // One that fails is followed by a read that does.
                      me->writing_ = !ok;
                      me->write();
                    }));
      outgoing_.pop_front();
    });
  }

  void finish() {
    if (std::exchange(finishing_, true))
      return;
    engine_.begin([this] {
      calls_->Finish(&result_, tag([me = shared_from_this()](bool) {
        me->engine_.end(me->context_);
        me->ended_(to_status(me->result_, me->context_));
      }));
    });
  }

  // Called without.

  void on_read(bool ok) {
    std::string message;
    {
      std::lock_guard guard{mutex_};
      reading_ = false;
      if (!ok)
        return finish();
      message = to_bytes(incoming_);
      ++ahead_;
    }
    heard_(std::move(message));
    std::lock_guard guard{mutex_};
    read();
  }

  engine& engine_;
  std::mutex mutex_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> calls_;
  std::function<void(std::string)> heard_;
  std::function<void(status)> ended_;
  grpc::ByteBuffer incoming_;
  std::deque<std::string> outgoing_;
  grpc::Status result_;
  size_t ahead_ = 0;
  bool started_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;
};

class grpc_stream : public stream {
public:
  grpc_stream(std::shared_ptr<engine> by, std::shared_ptr<exchange> what)
      : engine_(std::move(by)), what_(std::move(what)) {
    // nop
  }

  ~grpc_stream() override { what_->cancel(); }

  void send(std::string message) override { what_->send(std::move(message)); }

  void took() override { what_->took(); }

private:
  std::shared_ptr<engine> engine_;
  std::shared_ptr<exchange> what_;
};

class grpc_channel : public channel {
public:
  grpc_channel(std::shared_ptr<engine> by,
               const std::shared_ptr<grpc::Channel>& to)
      : engine_(std::move(by)), stub_(to) {
    // nop
  }

  void call(const std::string& method, std::string request,
            std::chrono::milliseconds deadline,
            std::function<void(status, std::string)> done) override {
    auto what = std::make_shared<unary_call>();
    what->context.set_deadline(std::chrono::system_clock::now() + deadline);
    auto finished = [what, by = engine_.get(), done = std::move(done)](bool) {
      by->end(what->context);
      done(to_status(what->result, what->context), to_bytes(what->response));
    };
    engine_->begin(what->context, [&] {
      what->reader = stub_.PrepareUnaryCall(
          &what->context, method, to_buffer(request), &engine_->queue);
      what->reader->StartCall();
      what->reader->Finish(&what->response, &what->result,
                           tag(std::move(finished)));
    });
  }

  std::unique_ptr<stream> open(const std::string& method, const headers& with,
                               std::function<void(std::string)> heard,
                               std::function<void(status)> ended) override {
    auto what = std::make_shared<exchange>(*engine_, std::move(heard),
                                           std::move(ended));
    what->begin(stub_, method, with);
    return std::make_unique<grpc_stream>(engine_, std::move(what));
  }

private:
  std::shared_ptr<engine> engine_;
  grpc::GenericStub stub_;
};

std::shared_ptr<grpc::ChannelCredentials> credentials_for(const endpoint& to) {
  if (!to.tls)
    return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = to.authority;
  options.pem_cert_chain = to.certificate;
  options.pem_private_key = to.key;
  return grpc::SslCredentials(options);
}

class grpc_edge : public rpc_edge {
public:
  std::unique_ptr<channel> connect(const endpoint& to) override {
    grpc::ChannelArguments how;
    // Whoever connects anew knows when; nothing is remembered of earlier tries.
    how.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    how.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    how.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
    how.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    how.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
    // A stream that says nothing for long must still notice its end.
    how.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    how.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    how.SetMaxReceiveMessageSize(-1);
    how.SetMaxSendMessageSize(-1);
    auto ipv6 = to.host.find(':') != std::string::npos;
    auto host = ipv6 ? "[" + to.host + "]" : to.host;
    return std::make_unique<grpc_channel>(
        engine_, grpc::CreateCustomChannel("dns:///" + host + ":" + to.port,
                                           credentials_for(to), how));
  }

private:
  std::shared_ptr<engine> engine_ = std::make_shared<engine>();
};

} // namespace

} // namespace troupe::rpc

extern "C" __attribute__((visibility("default"))) troupe::rpc::rpc_edge*
troupe_open_rpc_edge() {
  gpr_set_log_function(troupe::rpc::note);
  return new troupe::rpc::grpc_edge;
}

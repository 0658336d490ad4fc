#include "runtime/net/probe_edge.hpp"
#include "runtime/net/service_edge.hpp"
#include "runtime/net/socket_edges.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <future>

using namespace troupe::net;

TEST(SocketEdges, LiveOnWhileOneOfThemIsUsed) {
  auto edges = make_socket_edges();
  auto server = plain_listener();
  auto place = free_place();
  edges.services->update(
      {{{protocol::tcp, place}, {local_endpoint(server.get())}}}, {});
  auto probes = edges.probes;
  edges = {};
  probe_request request;
  request.address = "127.0.0.1";
  request.port = place.port;
  std::promise<bool> told;
  probes->probe(request, [&](const probe_result& x) { told.set_value(x.ok); });
  EXPECT_TRUE(told.get_future().get());
}

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/signing_request.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::crypto;
using namespace std::chrono_literals;

namespace {

const time_point now = time_point{std::chrono::seconds{1'800'000'000}};
const identity node{"system:node:node-1", {"system:nodes"}};

struct signing : ::testing::Test {
  credential ca = *make_authority("test", now);
  credential other = *make_authority("other", now);
};

} // namespace

using SigningRequest = signing;
using ServerChain = signing;
using Return = signing;

TEST_F(SigningRequest, SaysWhoAsksAndUnderWhichNames) {
  server_names names{{"localhost"}, {"127.0.0.1", "::1"}};
  auto asked = request_certificate(node, names);
  ASSERT_TRUE(asked) << message_of(asked.error());
  auto found = inspect_request(asked->request);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->who, node);
  EXPECT_EQ(found->names, names);
  EXPECT_EQ(asked->request.find("PRIVATE KEY"), std::string::npos);
}

TEST_F(SigningRequest, IsRefusedWhenItWasChanged) {
  auto asked = *request_certificate(node);
  for (auto place : {size_t{80}, asked.request.size() / 2}) {
    auto bad = asked.request;
    bad[place] = bad[place] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(inspect_request(bad));
    EXPECT_FALSE(sign_request(ca, bad, node, {}, now));
  }
  EXPECT_FALSE(inspect_request(""));
  EXPECT_FALSE(inspect_request(ca.certificate));
  EXPECT_FALSE(request_certificate({"", {}}));
}

TEST_F(SigningRequest, IsSignedForWhoeverTheSignerSays) {
  auto asked = *request_certificate({"kubernetes-admin", {"system:masters"}});
  auto signed_one = sign_request(ca, asked.request, node, {}, now, 1h);
  ASSERT_TRUE(signed_one) << message_of(signed_one.error());
  auto who = check_certificate(ca.certificate, *signed_one, now);
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(*who, node);
  EXPECT_EQ(inspect_certificate(*signed_one)->not_after, now + 1h);
  EXPECT_TRUE(is_of_same_key(*signed_one, asked.request));
  EXPECT_FALSE(is_of_same_key(*signed_one, request_certificate(node)->request));
  EXPECT_TRUE(parse_credential(asked.key + *signed_one));
  EXPECT_FALSE(check_certificate(other.certificate, *signed_one, now));
}

TEST_F(SigningRequest, GivesEachCertificateASerialOfItsOwn) {
  auto asked = *request_certificate(node);
  auto one = serial_of(*sign_request(ca, asked.request, node, {}, now));
  auto two = serial_of(*sign_request(ca, asked.request, node, {}, now));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->size(), 32u);
  EXPECT_EQ(one->find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(*one, *two);
}

TEST_F(Return, IsProvedByTheEarlierKey) {
  auto before = *issue(ca, node, {}, now);
  auto asked = *request_certificate(node);
  auto shown = *prove_return(before, asked.request);
  auto who = verify_return(ca.certificate, shown, asked.request, now);
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(*who, node);
  // It was away for longer than the certificate was good.
  EXPECT_TRUE(
      verify_return(ca.certificate, shown, asked.request, now + 24h * 1'000));
  auto another = *request_certificate(node);
  EXPECT_FALSE(verify_return(ca.certificate, shown, another.request, now));
  EXPECT_FALSE(verify_return(other.certificate, shown, asked.request, now));
  auto stolen = *prove_return(*issue(ca, node, {}, now), asked.request);
  stolen.certificate = before.certificate;
  EXPECT_FALSE(verify_return(ca.certificate, stolen, asked.request, now));
  EXPECT_FALSE(verify_return(ca.certificate, {}, asked.request, now));
}

TEST_F(ServerChain, IsGoodWhenTheNamedAuthoritySignedAServer) {
  auto hash = *authority_hash(ca.certificate);
  auto server = *issue(ca, {server_user, {}}, {{"localhost"}, {}}, now);
  auto found =
      check_server_chain(server.certificate + ca.certificate, hash, now);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(*authority_hash(*found), hash);

  struct row {
    const char* what;
    std::string chain;
    time_point at;
  };
  auto client = *issue(ca, node, {}, now);
  auto serving_node = *issue(ca, node, {{"localhost"}, {}}, now);
  auto foreign = *issue(other, {server_user, {}}, {{"localhost"}, {}}, now);
  for (auto& x : {
           row{"nothing", "", now},
           row{"no authority", server.certificate, now},
           row{"another authority", foreign.certificate + other.certificate,
               now},
           row{"another's leaf under ours",
               foreign.certificate + ca.certificate, now},
           row{"a client's", client.certificate + ca.certificate, now},
           row{"a node's", serving_node.certificate + ca.certificate, now},
           row{"the authority alone", ca.certificate, now},
           row{"a leaf in the authority's place",
               server.certificate + server.certificate, now},
           row{"one that is over", server.certificate + ca.certificate,
               now + 24h * 400},
       })
    EXPECT_FALSE(check_server_chain(x.chain, hash, x.at)) << x.what;
}

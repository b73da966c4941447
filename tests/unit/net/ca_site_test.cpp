// SPDX-License-Identifier: Apache-2.0
// http://wstap.ca/ (TLS-2): the certificate in the forms that clients import, and nothing else.
#include "libcore/net/ca_site.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/http_heads.h"
#include "tests/support/temp_dir.h"

namespace wstap::net {
namespace {

tls::Interception interception(const std::string& dir) {
  auto authority = tls::Authority::open_or_create(dir, SystemClock().now_ns());
  if (!authority) throw std::runtime_error(authority.error().text());
  auto made = tls::Interception::make(std::move(*authority), {});
  if (!made) throw std::runtime_error(made.error().text());
  return std::move(*made);
}

class CaSite : public testing::Test {
 protected:
  struct Reply {
    http1::ResponseHead head;
    std::string body;
  };
  Reply get(std::string_view path, std::string_view method = "GET") {
    const auto text = ca_site_reply(method, path, tls_);
    const auto end = text.find("\r\n\r\n") + 4;
    return {test::response(text.substr(0, end)), text.substr(end)};
  }

  test::TempDir dir_;
  tls::Interception tls_ = interception(dir_ / "ca");
};

// TLS-2
TEST_F(CaSite, ServesTheCertificateAsPem) {
  for (const char* path : {"/", "/wstap-ca.pem"}) {
    const auto reply = get(path);
    EXPECT_EQ(reply.head.status, 200);
    EXPECT_EQ(*reply.head.fields.find("Content-Type"), "application/x-x509-ca-cert");
    EXPECT_EQ(reply.body, tls_.authority().pem());
  }
}

// TLS-2
TEST_F(CaSite, ServesTheCertificateAsDerAndAsPkcs12) {
  for (const char* path : {"/wstap-ca.der", "/wstap-ca.cer"})
    EXPECT_EQ(test::bytes(get(path).body), tls_.authority().der());
  const auto p12 = get("/wstap-ca.p12");
  EXPECT_EQ(*p12.head.fields.find("Content-Type"), "application/x-pkcs12");
  EXPECT_EQ(p12.body.substr(0, 1), "\x30") << "a DER sequence";
}

TEST_F(CaSite, NeverServesTheKey) {
  const auto key = test::read_file(dir_ / "ca/wstap-ca.key");
  const auto secret = key.substr(key.find('\n') + 1, 40);
  for (const char* path : {"/", "/wstap-ca.pem", "/wstap-ca.key", "/../wstap-ca.key", "/lock"})
    EXPECT_EQ(get(path).body.find(secret), std::string::npos) << path;
}

TEST_F(CaSite, AnswersOtherPathsAndMethodsWithErrors) {
  EXPECT_EQ(get("/wstap-ca.key").head.status, 404);
  EXPECT_EQ(get("").head.status, 404);
  const auto refused = get("/", "POST");
  EXPECT_EQ(refused.head.status, 405);
  EXPECT_EQ(*refused.head.fields.find("Allow"), "GET, HEAD");
}

TEST_F(CaSite, TellsHeadWhatGetWouldBring) {
  const auto reply = get("/", "HEAD");
  EXPECT_EQ(reply.head.text(), get("/").head.text());
  EXPECT_EQ(reply.body, "");
}

TEST(IsCaSite, KnowsItsOneNameInAnyCaseOnTheHttpPort) {
  for (const char* host : {"wstap.ca", "WSTAP.ca", "wstap.ca:80"}) EXPECT_TRUE(is_ca_site(host)) << host;
  for (const char* host :
       {"", "wstap.ca:8080", "wstap.ca.", "www.wstap.ca", "wstap.ca.example", "wstap.cab", "ca"})
    EXPECT_FALSE(is_ca_site(host)) << host;
}

// FLOW-1
TEST(WebsocketUrl, IsWsOrWssWithTheHostAsWritten) {
  EXPECT_EQ(websocket_url({"http", {"a", 80}, "A.Example", "/chat?x"}), "ws://A.Example/chat?x");
  EXPECT_EQ(websocket_url({"https", {"a", 443}, "a:443", "/"}), "wss://a:443/");
  EXPECT_EQ(websocket_url({"ws", {"::1", 81}, "", "/"}), "ws://[::1]:81/");
  EXPECT_EQ(websocket_url({"wss", {"a", 443}, "a", "/"}), "wss://a/");
}

}  // namespace
}  // namespace wstap::net

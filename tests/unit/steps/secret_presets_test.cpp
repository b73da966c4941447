// SPDX-License-Identifier: Apache-2.0
// SAFE-5: tokens, keys, and headers that carry them.
#include <algorithm>

#include "tests/unit/steps/preset_rules.h"

namespace wstap::steps {
namespace {

constexpr std::string_view kJwt =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_"
    "XgL0n3I9PlFUP0THsR8U";

TEST(BearerToken, IsFound) {
  expect_redacted(
      "bearer-token",
      std::vector<Redacts>{
          {"Bearer mF_9.B5f-4.1JqM", "Bearer [token]"},  // RFC 6750's
          {"Authorization: bearer abcdefgh12345678==\r\nHost: x", "Authorization: bearer [token]\r\nHost: x"},
          {R"({"auth":"Bearer abc12345/6+7="})", R"({"auth":"Bearer [token]"})"},
          {R"({"auth":"Bearer abc12345\/6"})", R"({"auth":"Bearer [token]"})"},
          {R"("\nBearer abc12345")", R"("\nBearer [token]")"},
          {"q=Bearer%20abc12345%3D%3D&x=1", "q=Bearer%20[token]&x=1"},
          {"BEARER abcdefghijklmnopqrstuvwxyz", "BEARER [token]"},
          {"認証Bearer abc12345です", "認証Bearer [token]です"},
          {"Bearer abc12345 Bearer abc12346", "Bearer [token] Bearer [token]"},
          {R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","expires_in":3600})",  // RFC 6749's
           R"({"access_token":"[token]","expires_in":3600})"},
          {R"({\"accessToken\": \"2YotnFZFEjr1zCsicMWpAA\"})", R"({\"accessToken\": \"[token]\"})"},
          {"wss://x/?access_token=abc12345&y", "wss://x/?access_token=[token]&y"},
          {"refresh-token: 'tGzv3JOkF0XG5Qx2TlKWIA'", "refresh-token: '[token]'"},
          {R"({"my_refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"})", R"({"my_refresh_token":"[token]"})"},
      });
}

TEST(BearerToken, IsFoundWhereverAWebTokenIs) {
  const RuleList rules = preset_rules("bearer-token");
  for (const auto& [before, behind] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"t=", "&"},
                                                        {R"({"jwt":")", R"("})"},
                                                        {"\"\\n", "\\n\""},
                                                        {"キー", "です"},
                                                        {"\xff", "\xff"}}) {
    EXPECT_EQ(rules.rewrite(as_bytes(before + std::string(kJwt) + behind)).text, before + "[token]" + behind);
  }
  EXPECT_EQ(redacted("bearer-token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."), "[token]")
      << "without a signature";
  EXPECT_EQ(redacted("bearer-token", "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn"), "[token]") << "RFC 7516";
}

TEST(BearerToken, IsNotFound) {
  expect_untouched("bearer-token", std::vector<std::string_view>{
                                       "",
                                       "Bearer",
                                       "Bearer ",
                                       "the bearer of news",
                                       "Bearer token",
                                       "bearer authentication",
                                       "Bearer abc1",
                                       "forbearer abc12345",
                                       "WWW-Authenticate: Bearer realm=\"x\"",
                                       R"({"access_token":null})",
                                       R"({"accessToken":undefined})",
                                       "access_token_expires_at=12345678",
                                       "valid_token=abcdefgh12345678",
                                       "eyJhbGciOiJub25lIn0",
                                       "heyJude.foo.bar",
                                       "Bearer\nabc12345",
                                   });
}

TEST(AwsKey, IsFound) {
  expect_redacted(
      "aws-key",
      std::vector<Redacts>{
          {"AKIAIOSFODNN7EXAMPLE", "[aws-key]"},
          {"id=ASIAIOSFODNN7EXAMPLE,", "id=[aws-key],"},
          {R"("\nAKIAIOSFODNN7EXAMPLE")", R"("\n[aws-key]")"},
          {"鍵AKIAIOSFODNN7EXAMPLE。", "鍵[aws-key]。"},
          {"AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLF", "[aws-key] [aws-key]"},
          {"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524", "X-Amz-Credential=[aws-key]%2F20130524"},
          {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
           "aws_secret_access_key = [aws-key]\n"},
          {R"({"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"})",
           R"({"SecretAccessKey":"[aws-key]"})"},
          {R"({"secretKey":"wJalrXUtnFEMI\/K7MDENG\/bPxRfiCYEXAMPLEKEY"})", R"({"secretKey":"[aws-key]"})"},
          {R"({\"secretAccessKey\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"})",
           R"({\"secretAccessKey\":\"[aws-key]\"})"},
          {"<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey>",
           "<SecretAccessKey>[aws-key]</SecretAccessKey>"},
          {"AWS_SECRET_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SECRET_KEY=[aws-key]"},
          {R"("SessionToken": "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCE=")",
           R"("SessionToken": "[aws-key]")"},
      });
}

TEST(AwsKey, IsNotFound) {
  expect_untouched("aws-key", std::vector<std::string_view>{
                                  "",
                                  "AKIA",
                                  "AKIAIOSFODNN7EXAMPL",
                                  "AKIAIOSFODNN7EXAMPLEX",
                                  "XAKIAIOSFODNN7EXAMPLE",
                                  "akiaiosfodnn7example",
                                  "AIDAIOSFODNN7EXAMPLEE",
                                  "AROAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                  "secret_access_key=short",
                                  "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEYX",
                                  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                                  "SessionToken=abc",
                              });
}

constexpr std::string_view kKey =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n+/wENDab==\n-----END RSA PRIVATE KEY-----";

TEST(PrivateKey, IsFound) {
  EXPECT_EQ(redacted("private-key", kKey), "[private-key]");
  expect_redacted(
      "private-key",
      std::vector<Redacts>{
          {"a\n-----BEGIN PRIVATE KEY-----\r\nMIIE\r\n-----END PRIVATE KEY-----\r\nb",
           "a\n[private-key]\r\nb"},
          {"-----BEGIN EC PRIVATE KEY-----\nA\n-----END EC PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----",
           "[private-key]\n-----BEGIN CERTIFICATE-----"},
          {R"({"key":"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n","x":1})",
           R"({"key":"[private-key]\n","x":1})"},
          {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
           "AES-128-CBC,0A1B\n\nMIIE\n-----END RSA "
           "PRIVATE KEY-----.",
           "[private-key]."},
          {"k = \"-----BEGIN PRIVATE KEY-----\\n\" +\n  \"MIIE\\n\" +\n  \"-----END PRIVATE KEY-----\";",
           "k = \"[private-key]\";"},
          {"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n-----END PGP PRIVATE KEY BLOCK-----",
           "[private-key]"},
          {"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
           "[private-key]"},
          {"k=-----BEGIN+PRIVATE+KEY-----%0AMIIE%0A-----END+PRIVATE+KEY-----%0A&x", "k=[private-key]%0A&x"},
          {"鍵-----BEGIN PRIVATE KEY-----\xff\n-----END PRIVATE KEY-----鍵", "鍵[private-key]鍵"},
      });
}

TEST(PrivateKey, IsFoundWithoutItsEnd) {
  expect_redacted("private-key", std::vector<Redacts>{
                                     {"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN", "[private-key]"},
                                     {R"({"key":"-----BEGIN PRIVATE KEY-----\nMIIEvENDQ","next":"b"})",
                                      R"({"key":"[private-key]","next":"b"})"},
                                     {"-----BEGIN PRIVATE KEY-----", "[private-key]"},
                                     {"-----BEGIN PRIVATE KEY-----\nMII\n-----BEGIN PRIVATE KEY-----\nMII",
                                      "[private-key][private-key]"},
                                 });
}

TEST(PrivateKey, IsNotFound) {
  expect_untouched("private-key", std::vector<std::string_view>{
                                      "",
                                      "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
                                      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
                                      "BEGIN PRIVATE KEY",
                                      "-----BEGIN private key-----",
                                      "-----END PRIVATE KEY-----",
                                      "a private key",
                                  });
}

TEST(AuthHeaders, LoseTheirValuesAndKeepTheirNames) {
  expect_redacted(
      "auth-headers",
      std::vector<Redacts>{
          {"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dXNlcjpwYXNz\r\nCookie: a=b; c=d\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: [masked]\r\nCookie: [masked]\r\n\r\n"},
          {"HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: id=1; Secure\r\nset-cookie:id=2\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: [masked]\r\nset-cookie:[masked]\r\n\r\n"},
          {"PROXY-AUTHORIZATION : Negotiate YII=\r\n", "PROXY-AUTHORIZATION : [masked]\r\n"},
          {"X-Api-Key:\t1\r\n", "X-Api-Key:\t[masked]\r\n"},
          {"X-Auth-Token: 1\nX-CSRF-Token: 2\nX-Amz-Security-Token: 3\nApi-Key: 4\nX-Client-Secret: 5",
           "X-Auth-Token: [masked]\nX-CSRF-Token: [masked]\nX-Amz-Security-Token: [masked]\nApi-Key: "
           "[masked]\n"
           "X-Client-Secret: [masked]"},
          {"Cookie: a=b;\r\n c=d;\r\n\te=f\r\nHost: x\r\n", "Cookie: [masked]\r\nHost: x\r\n"},
          {"Cookie:\r\n a=b\r\nHost: x\r\n", "Cookie:\r\n [masked]\r\nHost: x\r\n"},
          {"Cookie: a=b\rc=d\r\nHost: x\r\n", "Cookie: [masked]\r\nHost: x\r\n"},
          {"Cookie: \xff\xfe; \xe3\x81\r\n", "Cookie: [masked]\r\n"},
          {"Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.YWJj, v4.channel.k8s.io\r\n",
           "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.[masked], v4.channel.k8s.io\r\n"},
      });
}

TEST(AuthHeaders, LeaveOthersAlone) {
  expect_untouched("auth-headers", std::vector<std::string_view>{
                                       "",
                                       "Authorization",
                                       "Authorization:",
                                       "Authorization: \r\nHost: x\r\n",
                                       "X-Authorization-Not: 1\r\n",
                                       "Host: authorization: x\r\n",
                                       "User-Agent: Cookie: a\r\n",
                                       "GET /cookie: HTTP/1.1\r\n",
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                                       "Cookies: a\r\n",
                                       "WWW-Authenticate: Basic\r\n",
                                   });
}

TEST(AuthHeaders, AreLeftWhenTheyAreMaskedAlready) {
  expect_untouched("email", std::vector<std::string_view>{"[email]"});
  const auto again = preset_rules("auth-headers").rewrite(as_bytes("Cookie: [masked]\r\n"));
  EXPECT_EQ(again.text, "Cookie: [masked]\r\n");
  EXPECT_TRUE(again.replaced.empty());
}

TEST(Presets, AreThoseOfTheSpecification) {
  const std::vector<std::string_view> names(preset_names().begin(), preset_names().end());
  EXPECT_EQ(names, (std::vector<std::string_view>{"destructive-sql", "destructive-os-command", "credit-card",
                                                  "email", "japan-my-number", "japan-phone", "bearer-token",
                                                  "aws-key", "private-key", "auth-headers"}));
  for (const Preset& preset : all_presets()) {
    EXPECT_EQ(find_preset(preset.name), &preset);
    EXPECT_EQ(preset.kind == PresetKind::input, preset.name.starts_with("destructive-")) << preset.name;
    EXPECT_EQ(preset.kind == PresetKind::input, preset.replacement.empty()) << preset.name;
    EXPECT_FALSE(preset.meaning.empty()) << preset.name;
  }
  EXPECT_EQ(find_preset("credit-cards"), nullptr);
}

TEST(Presets, ReplaceWithTextInWhichNoneOfThemFindsAnything) {
  std::vector<RuleSpec> specs;
  for (const Preset& preset : all_presets()) specs.push_back(preset.rule());
  const RuleList rules = *RuleList::compile(specs);
  for (const Preset& preset : all_presets()) EXPECT_TRUE(rules.matches(as_bytes(preset.replacement)).empty());
}

}  // namespace
}  // namespace wstap::steps

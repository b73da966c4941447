// SPDX-License-Identifier: Apache-2.0
// Output presets of what opens doors: tokens, keys, headers that carry them.
#include "libcore/steps/preset_patterns.h"

namespace wstap::steps {
namespace {

// Between a name and its value: `name=`, `name: `, `"name": "`, `\"name\":\"` (JSON in JSON), `name => '`,
// `<name>`, `name%3D`.
const std::string kIs = R"re((?:\\*["'])?\s*(?:=>|[:=>]|%3[ADad])\s*(?:\\*["'])?)re";

}  // namespace

std::vector<PatternSpec> bearer_token_patterns() {
  // b64token of RFC 6750, section 2.1, with the escapes that JSON and URLs have for its characters.
  const std::string token = R"re((?P<secret>(?:[A-Za-z0-9._~+/-]|\\/|%2[BFbf])+(?:=|%3[Dd])*))re";
  return {
      // No dot begins the third part where there is no signature, and encrypted ones have five (RFC 7516).
      {kBegin + R"re((?P<secret>eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}))re", nullptr},
      {"(?i)" + kBegin + R"re(bearer(?:[\t :=+]|%20|\\t)+)re" + token, locate_token},
      // RFC 6750, sections 2.2 and 2.3, RFC 6749, section 5.1, and OpenID Connect.
      {R"re((?i)(?:access|refresh|\bid|\\[nrt]id)[_-]?token)re" + kIs + token, locate_token},
  };
}

std::vector<PatternSpec> aws_key_patterns() {
  return {
      // AKIA: for long; ASIA: for a session; ABIA, ACCA: for a service. The others (AIDA, AROA, ...) name
      // users
      // and roles, and open nothing.
      {kBegin + R"re((?P<secret>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b)re", nullptr},
      // Forty characters of base64 are anything, so only by name.
      {R"re((?i)(?:aws_?secret|secret_?(?:access_?)?key)(?:_?(?:access_?)?key)?)re" + kIs +
           R"re((?P<secret>(?:[A-Za-z0-9/+]|\\/){40})(?:[^A-Za-z0-9/+]|$))re",
       nullptr},
      {R"re((?i)(?:session_?token|x-amz-security-token))re" + kIs +
           R"re((?P<secret>(?:[A-Za-z0-9/+=]|\\/|%[0-9a-f]{2}){64,}))re",
       nullptr},
  };
}

std::vector<PatternSpec> private_key_patterns() {
  // RFC 7468, OpenSSL's and OpenSSH's labels, PGP's blocks (RFC 9580, section 6.2), and SSH2's four hyphens
  // (RFC 4716). What is inside may have been cut into strings of some language, so it is anything without two
  // hyphens. A block without its end, cut off by whoever sent it, is a find too.
  const std::string blank = R"re((?: |\+|%20))re";
  const std::string label = "(?:[A-Z0-9]+" + blank + "){0,4}PRIVATE" + blank + "KEY(?:" + blank + "BLOCK)?";
  return {{"-{4,5} ?BEGIN" + blank + label + R"re( ?-{4,5}(?:[^-]|-[^-])*)re" + "(?:-{4,5} ?END" + blank +
               label + " ?-{4,5})?",
           locate_pem_block}};
}

std::vector<PatternSpec> auth_headers_patterns() {
  const std::string names =
      "(?:(?:proxy-)?authorization|(?:set-)?cookie2?|authentication|"
      "(?:x-)?(?:[a-z0-9]+-)*(?:api-?key|token|secret|password|session(?:-?id)?)|"
      "x-functions-key|ocp-apim-subscription-key|cf-access-jwt-assertion|x-amzn-oidc-data)";
  return {
      // To the end of the line, and of those that continue it (RFC 9112, section 5.2); a CR alone ends none.
      {R"re((?im)^)re" + names +
           R"re([ \t]*:(?:[ \t]|\r?\n[ \t])*(?P<secret>[^ \t\r\n](?:[^\r\n]|\r[^\n]|\r?\n[ \t])*))re",
       nullptr},
      // What browsers, which cannot set headers of a WebSocket, have for Kubernetes instead.
      {R"re(base64url\.bearer\.authorization\.k8s\.io\.(?P<secret>[A-Za-z0-9_-]+))re", nullptr},
  };
}

}  // namespace wstap::steps

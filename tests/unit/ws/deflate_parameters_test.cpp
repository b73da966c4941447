// SPDX-License-Identifier: Apache-2.0
// What responses agree on, and which of them are answers to what was offered (DEF-1, RFC 7692 7.1).
#include "libcore/ws/deflate_parameters.h"

#include <gtest/gtest.h>

#include "libcore/ws/handshake.h"

namespace wstap::ws {
namespace {

struct AgreementRow {
  const char* response;
  DeflateParameters client, server;
};
class Agreement : public testing::TestWithParam<AgreementRow> {};

// DEF-1
TEST_P(Agreement, IsWhatTheResponseSays) {
  const auto& row = GetParam();
  const auto agreed = deflate_agreement(parse_extensions(row.response)[0]);
  EXPECT_EQ(agreed[0], row.client) << row.response;
  EXPECT_EQ(agreed[1], row.server) << row.response;
}
INSTANTIATE_TEST_SUITE_P(
    Of, Agreement,
    testing::Values(
        AgreementRow{"permessage-deflate", {}, {}},
        AgreementRow{"permessage-deflate; client_no_context_takeover", {false, 15}, {}},
        AgreementRow{"permessage-deflate; SERVER_no_context_takeover", {}, {false, 15}},
        AgreementRow{"permessage-deflate; client_max_window_bits=8", {true, 8}, {}},
        AgreementRow{
            "permessage-deflate; server_max_window_bits=\"9\"; client_max_window_bits=15", {}, {true, 9}},
        AgreementRow{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                     "server_max_window_bits=10; client_max_window_bits=11",
                     {false, 11},
                     {false, 10}},
        // What cannot be meant says nothing.
        AgreementRow{"permessage-deflate; client_max_window_bits=7", {}, {}},
        AgreementRow{"permessage-deflate; client_max_window_bits=16; server_max_window_bits=08", {}, {}},
        AgreementRow{"permessage-deflate; client_max_window_bits; server_max_window_bits=x", {}, {}},
        AgreementRow{
            "permessage-deflate; client_max_window_bits=9; client_max_window_bits=10", {true, 9}, {}},
        AgreementRow{"permessage-deflate; mode=fast", {}, {}}));

struct AnswerRow {
  const char* offer;
  const char* answer;
  bool good;
};
class Answer : public testing::TestWithParam<AnswerRow> {};

// DEF-1, FRM-5
TEST_P(Answer, IsJudgedByTheOffer) {
  const auto& row = GetParam();
  EXPECT_EQ(answers_an_offer(parse_extensions(row.offer), parse_extensions(row.answer)), row.good)
      << row.offer << " / " << row.answer;
}
constexpr const char* kPlain = "permessage-deflate";
constexpr const char* kChromium = "permessage-deflate; client_max_window_bits";
INSTANTIATE_TEST_SUITE_P(
    Of, Answer,
    testing::Values(
        AnswerRow{kPlain, "", true}, AnswerRow{"", "", true}, AnswerRow{kPlain, kPlain, true},
        AnswerRow{"x-other, permessage-deflate", "PerMessage-Deflate", true}, AnswerRow{"", kPlain, false},
        AnswerRow{"x-webkit-deflate-frame", kPlain, false},
        AnswerRow{kPlain, "permessage-deflate, permessage-deflate", false},
        // A server may restrict itself and its client without being asked, but not the client's window.
        AnswerRow{kPlain, "permessage-deflate; client_no_context_takeover; server_no_context_takeover", true},
        AnswerRow{kPlain, "permessage-deflate; server_max_window_bits=9", true},
        AnswerRow{kPlain, "permessage-deflate; client_max_window_bits=15", false},
        AnswerRow{kChromium, "permessage-deflate; client_max_window_bits=9", true},
        AnswerRow{kChromium, kPlain, true},
        AnswerRow{kChromium, kChromium, false},  // a response says how many
        AnswerRow{"permessage-deflate; client_max_window_bits=10",
                  "permessage-deflate; client_max_window_bits=10", true},
        AnswerRow{"permessage-deflate; client_max_window_bits=10",
                  "permessage-deflate; client_max_window_bits=11", false},
        // What the client demands of the server has to be granted.
        AnswerRow{"permessage-deflate; server_no_context_takeover", kPlain, false},
        AnswerRow{"permessage-deflate; server_no_context_takeover",
                  "permessage-deflate; server_no_context_takeover", true},
        AnswerRow{"permessage-deflate; server_max_window_bits=10", kPlain, false},
        AnswerRow{"permessage-deflate; server_max_window_bits=10",
                  "permessage-deflate; server_max_window_bits=11", false},
        AnswerRow{"permessage-deflate; server_max_window_bits=10",
                  "permessage-deflate; server_max_window_bits=9", true},
        // The second of two offers may be the one that is answered.
        AnswerRow{"permessage-deflate; server_max_window_bits=10, permessage-deflate", kPlain, true},
        // Nonsense, in the answer and in the offer
        AnswerRow{kPlain, "permessage-deflate; unheard_of", false},
        AnswerRow{kPlain, "permessage-deflate; server_no_context_takeover=1", false},
        AnswerRow{kPlain, "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                  false},
        AnswerRow{kPlain, "permessage-deflate; server_max_window_bits", false},
        AnswerRow{kPlain, "permessage-deflate; server_max_window_bits=7", false},
        AnswerRow{kPlain, "permessage-deflate; server_max_window_bits=09", false},
        AnswerRow{"permessage-deflate; server_max_window_bits",
                  "permessage-deflate; server_max_window_bits=9", false},
        AnswerRow{"permessage-deflate; unheard_of", kPlain, false},
        // Other extensions are others' concern.
        // Another extension must have been offered as well; what is no extension was not.
        AnswerRow{kPlain, "x-other", false}, AnswerRow{"X-Other; a=1", "x-other; b", true},
        AnswerRow{kPlain, "permessage-deflate;", false}, AnswerRow{kPlain, "permessage-deflate x", false}));

}  // namespace
}  // namespace wstap::ws

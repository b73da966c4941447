// SPDX-License-Identifier: Apache-2.0
// INS-2: fields as columns.
#include "libcore/filter/column.h"

#include <gtest/gtest.h>

#include "tests/support/filter_subject.h"

namespace wstap::filter {
namespace {

std::string row(const test::FilterSubject& about, std::string_view list) {
  const auto columns = parse_columns(list);
  EXPECT_TRUE(columns) << list;
  std::string out;
  for (const auto& column : *columns) {
    if (&column != &columns->front()) out += '|';
    column.print(out, about.subject, test::kVocabulary);
  }
  return out;
}

TEST(Column, PrintsEveryTypeAsItIsWrittenInAFilter) {
  test::FilterSubject about;
  about.tags = {"a", "b\n"};
  about.subject.tags = about.tags;
  about.subject.anomalies = 0b110;
  EXPECT_EQ(row(about, "flow,seq,time"), "3|7|2026-01-31T12:00:00.000000000Z");
  EXPECT_EQ(row(about, "dir,opcode,fin,held,verdict"), "send|text|true|false|forwarded");
  EXPECT_EQ(row(about, "url, host, path"),
            "wss://api.example.com:8443/chat/v1?token=1|api.example.com|/chat/v1");
  EXPECT_EQ(row(about, "tag,anomaly"), "a,b\\n|after_close,text_not_utf8");
  EXPECT_EQ(row(about, "length,payload.length"), "71|71");
  about.subject.verdict = 9;
  EXPECT_EQ(row(about, "verdict"), "9");
}

TEST(Column, LeavesOutWhatIsNotThere) {
  const test::FilterSubject about;
  EXPECT_EQ(row(about, "subprotocol,close.code,cause,tag,anomaly"), "||||");
}

TEST(Column, PrintsValuesOfJson) {
  const test::FilterSubject about;
  EXPECT_EQ(
      row(about, "json(\"/role\"),json(\"/age\"),json(\"/tags\"),json(\"/no,comma\"),json(\"/deep/on\")"),
      "user|42|[\"a\",\"b\"]||true");
}

// INS-5
TEST(Column, ShowsNoControlCharacters) {
  test::FilterSubject about;
  about.say("a\tb\x1b[2J\n");
  EXPECT_EQ(row(about, "text,payload"), "a\\tb\\x1b[2J\\n|a\\tb\\x1b[2J\\n");
}

TEST(Column, SaysWhereAListIsWrong) {
  const auto columns = parse_columns("flow,seqq,time");
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().offset, 5U);
  EXPECT_NE(columns.error().text().find("'seq'"), std::string::npos);
  for (const char* list : {"", "flow,", ",flow", "flow seq", "json(\"a\")", "text == \"a\""})
    EXPECT_FALSE(parse_columns(list)) << list;
}

}  // namespace
}  // namespace wstap::filter

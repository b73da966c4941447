// SPDX-License-Identifier: Apache-2.0
// The table of anomalies, and sets of them.
#include "libcore/ws/anomaly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace wstap::ws {
namespace {

std::vector<std::string_view> names(AnomalySet set) {
  std::vector<std::string_view> found;
  set.for_each([&](const AnomalyInfo& entry) { found.push_back(entry.name); });
  return found;
}

TEST(AnomalyTable, IsInTheOrderOfTheEnumeration) {
  const auto table = all_anomalies();
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(table[i].anomaly), i) << table[i].name;
    EXPECT_EQ(&info(table[i].anomaly), &table[i]);
  }
  EXPECT_EQ(static_cast<std::size_t>(Anomaly::wrong_accept) + 1, table.size())
      << "the last of the enumeration";
  EXPECT_LE(table.size(), 32U) << "AnomalySet holds 32";
}

TEST(AnomalyTable, NamesAreUniqueAndOfOneShape) {
  std::set<std::string_view> seen;
  for (const auto& entry : all_anomalies()) {
    EXPECT_TRUE(seen.insert(entry.name).second) << entry.name;
    EXPECT_THAT(std::string(entry.name), testing::MatchesRegex("[a-z][a-z0-9_]*[a-z0-9]"));
  }
}

// FRM-5: listed by name and RFC section.
TEST(AnomalyTable, EachNamesASectionAndSaysWhatIsWrong) {
  for (const auto& entry : all_anomalies()) {
    EXPECT_THAT(std::string(entry.section), testing::MatchesRegex("RFC (6455|7692) [0-9]+(\\.[0-9]+)*"));
    EXPECT_GT(entry.meaning.size(), 10U) << entry.name;
    EXPECT_EQ(entry.meaning.find('\n'), std::string_view::npos) << entry.name;
    EXPECT_NE(entry.meaning.back(), '.') << entry.name;
  }
}

TEST(AnomalySet, HasWhatWasAddedAndNothingElse) {
  for (const auto& added : all_anomalies()) {
    AnomalySet set;
    EXPECT_TRUE(set.empty());
    set.add(added.anomaly);
    EXPECT_FALSE(set.empty());
    for (const auto& other : all_anomalies())
      EXPECT_EQ(set.has(other.anomaly), other.anomaly == added.anomaly) << added.name << ' ' << other.name;
  }
}

TEST(AnomalySet, JoinsSetsAndVisitsInOrderOnce) {
  AnomalySet set;
  set.add(Anomaly::wrong_accept);
  set.add(Anomaly::masked_from_server);
  set.add(Anomaly::masked_from_server);
  AnomalySet other;
  other.add(Anomaly::reserved_opcode);
  other.add(Anomaly::wrong_accept);
  set.add(other);
  EXPECT_THAT(names(set), testing::ElementsAre("masked_from_server", "reserved_opcode", "wrong_accept"));
  EXPECT_THAT(names(AnomalySet()), testing::IsEmpty());
}

TEST(AnomalySet, EqualsByContent) {
  AnomalySet one;
  AnomalySet other;
  EXPECT_EQ(one, other);
  one.add(Anomaly::after_close);
  EXPECT_NE(one, other);
  other.add(Anomaly::after_close);
  EXPECT_EQ(one, other);
}

TEST(AnomalySet, LeavesOutWhatAnotherHas) {
  AnomalySet set, other;
  set.add(Anomaly::text_not_utf8);
  set.add(Anomaly::reserved_opcode);
  other.add(Anomaly::reserved_opcode);
  other.add(Anomaly::after_close);
  EXPECT_THAT(names(set.without(other)), testing::ElementsAre("text_not_utf8"));
}

TEST(AnomalyTable, IsSearchedByName) {
  for (const auto& entry : all_anomalies()) EXPECT_EQ(find_anomaly(entry.name), &entry);
  EXPECT_EQ(find_anomaly("of_a_later_version"), nullptr);
}

}  // namespace
}  // namespace wstap::ws

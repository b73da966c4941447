// SPDX-License-Identifier: Apache-2.0
// Input presets: statements and commands that destroy something.
#include "libcore/steps/preset_patterns.h"

namespace wstap::steps {
namespace {

// Between two words of SQL: blanks, escaped or not, and comments, which are blanks to a database; also the
// end of one that kSqlBegin began.
const std::string kGap =
    R"re((?:[\s\v+]|\\[fnrt]|\\u00(?:0[9a-d]|20|a0)|%(?:20|0[9a-d]|a0)|/\*(?s:.*?)\*/|\*/|--[^\n]*?(?:\n|\\n))+)re";
// As kBegin, and in MySQL's /*!50000DROP*/, which is a comment to everybody else.
const std::string kSqlBegin = R"re((?:/\*!\d{0,6}|)re" + kBegin + ")";
// Of a table: in any quotes, with its schema.
const std::string kNamePart =
    R"re((?:\\?"[^"\\]+\\?"|'[^'\\]+'(?:@'[^']*')?|`[^`]+`|\[[^\]]+\]|[\w$#@-]+))re";
const std::string kName = kNamePart + R"re((?:\.)re" + kNamePart + "){0,3}";
// A statement may begin: the text, a string, a bracket, behind a statement or a line.
const std::string kStatement = R"re((?:^|[;"'`(\n{}]|\\[nrt]|\*/)(?:)re" + kGap + ")?";
// A statement ends: with the text, its string, a bracket, a comment to the end.
const std::string kEnd = "(?:" + kGap + R"re()?(?:$|[;)}]|\\?["'`]|(?:--|#)[^\n\\]*$|(?:--|#)[^\n\\"]*"))re";

// Arguments of a command: blanks, or how an array of strings and a shell's variable put them apart.
const std::string kSpace = R"re((?:[\s\v]|\\[nrt]|\\?["']\s*,\s*\\?["']|\$\{?IFS\}?|\+|%20)+)re";
const std::string kWord = R"re((?:[^\s;|&"'\\,]+|\\/))re";
const std::string kOthers = "(?:" + kSpace + kWord + "){0,8}?";
// A command may begin: not inside of a word, a path's last part, or an option.
const std::string kCommand = R"re((?:^|[^\w.-]|\\[nrt]|%[0-9a-f]{2}))re";
const std::string kDisk =
    R"re(\\?/dev\\?/(?:[shv]d[a-z]|xvd|nvme|mmcblk|disk|r?disk\d|mapper|dm-|loop|md\d|sg\d|zd\d))re";
const std::string kRoot = R"re((?:\\?/|~|\$HOME|\*|[a-z]:\\*))re";
const std::string kArgumentEnd = R"re((?:[\s;|&"'`)]|\\["nrt]|$))re";

/// As one, since a text is read once for each pattern, however much that looks for.
PatternSpec any_of(const std::vector<std::string>& patterns, Locator locator = nullptr) {
  std::string all;
  for (const auto& pattern : patterns) all += (all.empty() ? "(?i)(?:" : "|") + pattern;
  return {all + ")", locator};
}

}  // namespace

std::vector<PatternSpec> destructive_sql_patterns() {
  const std::string if_exists = "(?:if" + kGap + "exists" + kGap + ")?";
  const std::string always = R"re(\(?(?:(?:1\s*=\s*1|'(\w?)'\s*=\s*'(\w?)'|true|1)\)?))re";
  const std::string table_of =
      "(?:only" + kGap + "|low_priority" + kGap + "|quick" + kGap + "|ignore" + kGap + ")*";
  const std::vector<std::string> statements = {
      // With these, data go: wherever they stand, since some dialects need nothing between statements.
      kSqlBegin + "drop" + kGap + "(?:(?:temp|temporary|external|foreign|materialized)" + kGap + ")?" +
          R"re((?:table|database|schema|tablespace|keyspace|column|partition|owned(?:\s+by)?)\b)re" + kGap +
          if_exists + R"re([\w"'`\[\\$#@(])re",
      // With these, definitions and people; also words of English, so only as a statement of their own.
      kStatement + kSqlBegin + "drop" + kGap + "(?:materialized" + kGap + ")?" +
          R"re((?:view|index|user|role|login|function|procedure|trigger|sequence|type|extension|server)\b)re" +
          kGap + if_exists + kName + "(?:" + kEnd + "|" + kGap + R"re((?:cascade|restrict|on)\b))re",
      kSqlBegin + "truncate" + kGap + "table" + kGap + if_exists + R"re([\w"`\[\\$#@])re",
      kStatement + kSqlBegin + "truncate" + kGap + "(?:only" + kGap + ")?" + kName + "(?:" + kEnd + "|" +
          kGap + R"re((?:cascade|restrict|restart|continue)\b))re",
      kSqlBegin + "alter" + kGap + "(?:table|database)" + kGap + if_exists + kName + kGap + R"re(drop\b)re",
      // All rows: no WHERE, or one that holds for all.
      kSqlBegin + "delete" + kGap + "from" + kGap + table_of + kName + "(?:" + kEnd + "|" + kGap +
          R"re(returning\b)re" + ")",
      kSqlBegin + "(?:delete" + kGap + "from|update)" + kGap + kName + "[^;]*?" + kBegin + "where" + kGap +
          always + kEnd,
  };
  const std::string update = kSqlBegin + "update" + kGap + table_of + kName + kGap +
                             R"re((?:(?:as\s+)?\w+\s+)?set)re" + kGap + kName + R"re(\s*=)re";
  return {any_of(statements), any_of({update}, locate_statement_without_where)};
}

std::vector<PatternSpec> destructive_os_command_patterns() {
  const auto command = [](const std::string& rest) { return kCommand + rest; };
  return {any_of({
      // rm -r, wherever the option stands; rm of everything here.
      command("rm" + kOthers + kSpace + R"re((?:\\?["'])?(?:-[a-z]*r[a-z]*|--recursive)\b)re"),
      command("rm" + kOthers + kSpace + R"re((?:[^\s"'\\]*/)?\*)re" + kArgumentEnd),
      command(R"re(find\b[^;|&\n]{0,300}?)re" + kSpace + R"re((?:-delete\b|-(?:exec|execdir|ok)\b)re" +
              kSpace + R"re((?:[\w/]*/)?(?:rm|shred|unlink)\b))re"),
      command("xargs" + kOthers + kSpace + R"re((?:[\w/]*/)?(?:rm|shred|unlink)\b)re"),
      // Disks.
      command(R"re(mkfs(?:\.[a-z0-9]+)?)re" + kOthers + kSpace + R"re(\\?/)re"),
      command("dd" + kOthers + kSpace + "of=" + kDisk),
      R"re(>\s*)re" + kDisk,
      command("(?:shred|blkdiscard|mke2fs|mkswap|wipefs)" + kOthers + kSpace +
              R"re((?:\\?/|-[a-z]*[uz]|--remove|--all\b|-a\b))re"),
      command("(?:sgdisk" + kOthers + kSpace + R"re((?:-z|-o|--zap|--clear)|(?:s?g?parted))re" + kOthers +
              kSpace + R"re((?:mklabel|mktable|rm)\b))re"),
      command("(?:cryptsetup" + kOthers + kSpace + "(?:erase|lukserase|luksformat)|(?:zpool|zfs)" + kSpace +
              "destroy|(?:lv|vg|pv)remove" + kSpace + R"re([\w/-]|hdparm)re" + kOthers + kSpace +
              "--security-erase)"),
      // Owners and modes of everything; files without which nothing runs.
      command("ch(?:mod|own|grp)" + kOthers + kSpace + "(?:-[a-z]*r[a-z]*|--recursive)" + kOthers + kSpace +
              kRoot + kArgumentEnd),
      R"re((?:^|[^>])>\s*\\?/(?:etc\\?/(?:passwd|shadow|sudoers|fstab)\b|boot\\?/))re",
      command("mv" + kOthers + kSpace + R"re(\\?/dev\\?/null\b)re"),
      command("truncate" + kOthers + kSpace + R"re((?:-s|--size)[= ]?0\b)re"),
      command("crontab" + kOthers + kSpace + R"re(-r\b)re"),
      // The machine.
      R"re(:\s*\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:)re",
      // The bare words are English: as a command line, behind another command, with an option, by their path.
      R"re((?:^|["'])\s*(?:reboot|halt|poweroff)\s*?(?:[\r\n]|\\[rn]))re",
      R"re([;&|`]\s*(?:reboot|halt|poweroff))re" + kArgumentEnd,
      command("(?:reboot|halt|poweroff)" + kSpace + "--?[a-z]"),
      command(R"re(\\?/(?:usr\\?/)?s?bin\\?/(?:reboot|halt|poweroff))re" + kArgumentEnd),
      command("(?:ba|da|z|k)?sh" + kOthers + kSpace + "-[a-z]*c" + kSpace +
              R"re((?:\\?["'])?(?:reboot|halt|poweroff))re" + kArgumentEnd),
      command("(?:stop|restart)-computer" + kArgumentEnd),
      command("shutdown" + kSpace + R"re((?:[-/][a-z]|now\b|\+?\d))re"),
      command("(?:systemctl" + kOthers + kSpace + "(?:poweroff|reboot|halt|kexec)|(?:tel)?init" + kSpace +
              R"re([06]|sudo)re" + kSpace + "(?:reboot|halt|poweroff)|kill" + kSpace +
              "(?:-9|-kill|-sigkill)" + kSpace + "-1)" + kArgumentEnd),
      // Windows.
      command("(?:del|erase)" + kOthers + kSpace + R"re(/[sfq]\b)re"),
      command("(?:rd|rmdir)" + kOthers + kSpace + R"re(/s\b)re"),
      command(R"re(format(?:\.com)?)re" + kSpace + "[a-z]:" + kArgumentEnd),
      command("(?:remove-item|ri)" + kOthers + kSpace + R"re(-(?:recurse|force)\b)re"),
      command("(?:format-volume|clear-disk|remove-partition|initialize-disk)" + kSpace + "-"),
      command("(?:vssadmin|wbadmin|wmic" + kSpace + "shadowcopy|reg)" + kSpace + R"re(delete\b)re"),
      command("cipher" + kSpace + R"re(/w\b)re"),
  })};
}

}  // namespace wstap::steps

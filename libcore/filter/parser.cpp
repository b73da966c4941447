// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "libcore/base/nearest.h"
#include "libcore/filter/errors.h"

namespace wstap::filter {
namespace {

constexpr std::size_t kMostComparisons = 1000, kDeepest = 100, kLongest = std::size_t{64} * 1024;

struct OpName {
  std::string_view written;
  Op op;
};
// As symbols, and as Wireshark has them in words.
constexpr std::array<OpName, 16> kOps = {{{"==", Op::eq},
                                          {"!=", Op::ne},
                                          {"<", Op::lt},
                                          {"<=", Op::le},
                                          {">", Op::gt},
                                          {">=", Op::ge},
                                          {"contains", Op::contains},
                                          {"matches", Op::matches},
                                          {"~", Op::matches},
                                          {"in", Op::in},
                                          {"eq", Op::eq},
                                          {"ne", Op::ne},
                                          {"lt", Op::lt},
                                          {"le", Op::le},
                                          {"gt", Op::gt},
                                          {"ge", Op::ge}}};

struct BareWord {
  std::string_view word;
  Field field;
};
// Comparisons that are said so often that the value alone will do.
constexpr std::array<BareWord, 8> kBareWords = {{{"text", Field::opcode},
                                                 {"binary", Field::opcode},
                                                 {"continuation", Field::opcode},
                                                 {"ping", Field::opcode},
                                                 {"pong", Field::opcode},
                                                 {"close", Field::opcode},
                                                 {"send", Field::dir},
                                                 {"receive", Field::dir}}};

std::vector<std::string_view> known_words() {
  std::vector<std::string_view> words;
  for (const auto& field : all_fields()) words.push_back(field.name);
  for (const auto& field : all_fields())
    if (!field.alias.empty()) words.push_back(field.alias);
  for (const auto& entry : kBareWords) words.push_back(entry.word);
  return words;
}

std::string shown(const Token& token) {
  if (token.kind == Token::Kind::end) return "the end";
  return token.kind == Token::Kind::string ? "a string" : fmt::format("'{}'", token.text);
}

template <class T>
using Parsed = Result<T>;
using Node = std::unique_ptr<Expression>;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Parsed<Node> expression() {
    auto all = any_of(0);
    if (all && token().kind != Token::Kind::end) return expected("'and', 'or' or the end");
    return all;
  }

  Parsed<FieldUse> lone_field() {
    auto use = field();
    if (use && token().kind != Token::Kind::end) return expected("the end");
    return use;
  }

 private:
  const Token& token() const noexcept { return tokens_[at_]; }
  const Token& following() const noexcept { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool skip(std::string_view word_or_symbol) {
    if (!token().is(word_or_symbol)) return false;
    take();
    return true;
  }
  std::unexpected<Error> expected(std::string_view what) const {
    return fail(Errc::syntax, fmt::format("{} where {} is expected", shown(token()), what), token().at);
  }

  Parsed<Node> any_of(std::size_t depth) {
    return chain(Expression::Kind::any_of, {"or", "||"}, depth, &Parser::all_of);
  }
  Parsed<Node> all_of(std::size_t depth) {
    return chain(Expression::Kind::all_of, {"and", "&&"}, depth, &Parser::one);
  }

  Parsed<Node> chain(Expression::Kind kind, std::array<std::string_view, 2> joints, std::size_t depth,
                     Parsed<Node> (Parser::*part)(std::size_t)) {
    auto left = (this->*part)(depth);
    while (left && (skip(joints[0]) || skip(joints[1]))) {
      auto right = (this->*part)(depth);
      if (!right) return right;
      auto both = std::make_unique<Expression>();
      both->kind = kind;
      both->left = std::move(*left);
      both->right = std::move(*right);
      left = std::move(both);
    }
    return left;
  }

  Parsed<Node> one(std::size_t depth) {
    if (depth > kDeepest) return fail(Errc::too_complex, "too many levels", token().at);
    if (skip("not") || skip("!")) {
      auto operand = one(depth + 1);
      if (!operand) return operand;
      auto negation = std::make_unique<Expression>();
      negation->kind = Expression::Kind::negation;
      negation->left = std::move(*operand);
      return negation;
    }
    if (token().is("(")) {
      const std::size_t opened = take().at;
      auto inner = any_of(depth + 1);
      if (!inner) return inner;
      if (token().kind == Token::Kind::end) return fail(Errc::syntax, "'(' is never closed", opened);
      if (!skip(")")) return expected("'and', 'or' or ')'");
      return inner;
    }
    return comparison();
  }

  static const OpName* op_of(const Token& token) {
    const auto found =
        std::ranges::find_if(kOps, [&](const OpName& entry) { return token.is(entry.written); });
    return found == kOps.end() ? nullptr : &*found;
  }

  Parsed<Node> comparison() {
    if (++comparisons_ > kMostComparisons)
      return fail(Errc::too_complex, fmt::format("more than {} comparisons", kMostComparisons), token().at);
    if (token().kind != Token::Kind::word) return expected("a field");
    auto node = std::make_unique<Expression>();
    Comparison& made = node->comparison;
    const auto bare = std::ranges::find(kBareWords, token().text, &BareWord::word);
    if (bare != kBareWords.end() && op_of(following()) == nullptr) {
      made.use = {.field = bare->field, .pointer = {}, .at = token().at};
      made.op = Op::eq;
      made.values.push_back({take(), std::nullopt});
      return node;
    }
    if (bare != kBareWords.end() && !find_field(token().text))
      return fail(Errc::syntax,
                  fmt::format("'{}' stands by itself; with a comparison it is '{} == {}'", bare->word,
                              info(bare->field).name, bare->word),
                  token().at);
    auto use = field();
    if (!use) return std::unexpected(std::move(use.error()));
    made.use = std::move(*use);
    const OpName* op = op_of(token());
    if (op == nullptr) return node;
    take();
    made.op = op->op;
    auto values = made.op == Op::in ? set() : single();
    if (!values) return std::unexpected(std::move(values.error()));
    made.values = std::move(*values);
    return node;
  }

  Parsed<FieldUse> field() {
    if (token().kind != Token::Kind::word) return expected("a field");
    const Token name = take();
    const auto known = find_field(name.text);
    if (!known)
      return fail(Errc::unknown_name,
                  fmt::format("'{}'{}", name.text, did_you_mean(name.text, known_words())), name.at);
    FieldUse use{.field = *known, .pointer = {}, .at = name.at};
    if (*known != Field::json) return use;
    if (!skip("(")) return expected("'(' as in json(\"/name\")");
    if (token().kind != Token::Kind::string)
      return expected("a JSON pointer in quotes, as in json(\"/name\")");
    use.pointer_at = token().at;
    use.pointer = take().text;
    if (!skip(")")) return expected("')'");
    return use;
  }

  Parsed<std::vector<Value>> single() {
    if (!is_value(token())) return expected("a value");
    std::vector<Value> values;
    values.push_back({take(), std::nullopt});
    return values;
  }

  Parsed<std::vector<Value>> set() {
    const bool braces = skip("{");
    if (!braces && !skip("(")) return expected("a set, as in {1, 2, 5..9}");
    std::vector<Value> values;
    do {
      if (!is_value(token())) return expected("a value");
      values.push_back({take(), std::nullopt});
      if (!skip("..")) continue;
      if (!is_value(token())) return expected("the end of the range");
      values.back().last = take();
    } while (skip(","));
    if (!skip(braces ? "}" : ")")) return expected(braces ? "',' or '}'" : "',' or ')'");
    return values;
  }

  static bool is_value(const Token& token) noexcept {
    return token.kind == Token::Kind::word || token.kind == Token::Kind::number ||
           token.kind == Token::Kind::string;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t comparisons_ = 0;
};

}  // namespace

Result<std::unique_ptr<Expression>> parse(std::string_view expression) {
  if (expression.size() > kLongest)
    return fail(Errc::too_complex, fmt::format("longer than {} bytes", kLongest));
  auto words = tokens(expression);
  if (!words) return std::unexpected(std::move(words.error()));
  return Parser(std::move(*words)).expression();
}

Result<FieldUse> parse_field(std::string_view text) {
  auto words = tokens(text);
  if (!words) return std::unexpected(std::move(words.error()));
  return Parser(std::move(*words)).lone_field();
}

}  // namespace wstap::filter

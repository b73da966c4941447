// SPDX-License-Identifier: Apache-2.0
// The load generator of tests/bench/relay: takes orders on standard input, one a line, and answers each with
// a line of JSON. Its first line names the ports at which its server listens.
//   open port=8080 connections=64 tls=1 http2=1
//   flood payload=65536 to_server=1000 to_client=1000 per_write=1 check=all|ends|count
//   echo payload=64 rounds=10000
//   set_up port=8080 count=1000 connections=4 tls=1
//   close
#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>
#include <iostream>
#include <map>
#include <sstream>

#include "tests/bench/loadgen/load.h"

namespace wstap::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};

/// An order: its verb, and its words of the form name=value.
class Order {
 public:
  explicit Order(const std::string& line) {
    std::istringstream words(line);
    words >> verb;
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) throw std::runtime_error("not name=value: " + word);
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }

  std::string verb;

  std::uint64_t number(const std::string& name, std::uint64_t otherwise = 0) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const std::string& text = found->second;
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size())
      throw std::runtime_error("not a number: " + name + "=" + text);
    return value;
  }
  Check check() const {
    static const std::map<std::string, Check> kChecks = {
        {"all", Check::all}, {"ends", Check::ends}, {"count", Check::count}};
    const auto found = values_.find("check");
    return found == values_.end() ? Check::ends : kChecks.at(found->second);
  }
  OpenOrder opening() const {
    return {static_cast<std::uint16_t>(number("port")), static_cast<unsigned>(number("connections", 1)),
            number("tls") != 0, number("http2") != 0};
  }
  TrafficOrder traffic() const {
    return {number("payload"), number("to_server", number("rounds")), number("to_client"),
            number("per_write"), check()};
  }

 private:
  std::map<std::string, std::string> values_;
};

Outcome carry_out(Load& load, const Order& order) {
  if (order.verb == "open") return load.open(order.opening());
  if (order.verb == "flood") return load.flood(order.traffic());
  if (order.verb == "echo") return load.echo(order.traffic());
  if (order.verb == "set_up") return load.set_up(order.opening(), order.number("count"));
  if (order.verb == "close") return load.close();
  throw std::runtime_error("no such order: " + order.verb);
}

std::string answer(Load& load, const std::string& line) {
  try {
    const Outcome done = carry_out(load, Order(line));
    return fmt::format(
        R"({{"ok":true,"wall_ns":{},"cpu_ns":{},"frames":{},"bytes":{},"p50_ns":{},"p99_ns":{}}})",
        done.wall_ns, done.cpu_ns, done.frames, done.bytes, done.p50_ns, done.p99_ns);
  } catch (const std::exception& failed) {
    load.abandon();
    std::string why = failed.what();
    for (char& c : why)
      if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = ' ';
    return fmt::format(R"({{"ok":false,"error":"{}"}})", why);
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, char** argv) {
  raise_descriptor_limit();
  std::optional<TlsSettings> tls;
  if (argc > 1) tls.emplace(argv[1]);
  Load load(tls ? &*tls : nullptr, kPatience);
  std::cout << fmt::format(R"({{"plain":{},"tls":{}}})", load.plain_port(), load.tls_port()) << std::endl;
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(load, line) << std::endl;
  return 0;
}

}  // namespace
}  // namespace wstap::bench

int main(int argc, char** argv) {
  try {
    return wstap::bench::run(argc, argv);
  } catch (const std::exception& failed) {
    std::cerr << "loadgen: " << failed.what() << '\n';
    return 1;
  }
}

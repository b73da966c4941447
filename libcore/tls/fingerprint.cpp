// SPDX-License-Identifier: Apache-2.0
// JA3 and JA4 of a ClientHello: how clients are told apart by the way they say hello.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "libcore/base/hex.h"
#include "libcore/tls/client_hello.h"

namespace wstap::tls {
namespace {

constexpr std::uint16_t kServerName = 0x0000;
constexpr std::uint16_t kAlpn = 0x0010;

std::string digest(const EVP_MD* algorithm, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &length, algorithm, nullptr) != 1) return {};
  return to_hex(std::as_bytes(std::span(bytes.data(), length)));
}

std::vector<std::uint16_t> without_grease(std::vector<std::uint16_t> values) {
  std::erase_if(values, is_grease);
  return values;
}

/// "002f,0035", sorted; JA4 hashes the first 12 digits of its SHA-256.
std::string hex_list(std::vector<std::uint16_t> values, bool sort) {
  if (sort) std::sort(values.begin(), values.end());
  return fmt::format("{:04x}", fmt::join(values, ","));
}

std::string short_hash(std::string_view text) {
  return text.empty() ? std::string(12, '0') : digest(EVP_sha256(), text).substr(0, 12);
}

std::string ja4_version(const ClientHello& hello) {
  const auto offered = without_grease(hello.versions);
  const auto version =
      offered.empty() ? hello.legacy_version : *std::max_element(offered.begin(), offered.end());
  switch (version) {
    case 0x0304: return "13";
    case 0x0303: return "12";
    case 0x0302: return "11";
    case 0x0301: return "10";
    case 0x0300: return "s3";
    default: return "00";
  }
}

/// The first and the last character of the first protocol; of its hex form when one is not alphanumeric.
std::string ja4_alpn(const ClientHello& hello) {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  const auto& protocol = hello.alpn.front();
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (plain(protocol.front()) && plain(protocol.back())) return {protocol.front(), protocol.back()};
  const auto hex = to_hex(as_bytes(protocol));
  return {hex.front(), hex.back()};
}

}  // namespace

std::string ja3_text(const ClientHello& hello) {
  return fmt::format("{},{},{},{},{}", hello.legacy_version, fmt::join(without_grease(hello.ciphers), "-"),
                     fmt::join(without_grease(hello.extensions), "-"),
                     fmt::join(without_grease(hello.groups), "-"), fmt::join(hello.point_formats, "-"));
}

std::string ja3(const ClientHello& hello) {
  return digest(EVP_md5(), ja3_text(hello));
}

std::string ja4(const ClientHello& hello) {
  const auto ciphers = without_grease(hello.ciphers);
  const auto extensions = without_grease(hello.extensions);
  const bool named = std::ranges::find(extensions, kServerName) != extensions.end();
  auto hashed = extensions;
  std::erase_if(hashed, [](std::uint16_t type) { return type == kServerName || type == kAlpn; });
  std::string tail = hex_list(hashed, true);
  const auto algorithms = without_grease(hello.signature_algorithms);
  if (!algorithms.empty()) tail += "_" + hex_list(algorithms, false);
  return fmt::format("t{}{}{:02}{:02}{}_{}_{}", ja4_version(hello), named ? 'd' : 'i',
                     std::min<std::size_t>(ciphers.size(), 99), std::min<std::size_t>(extensions.size(), 99),
                     ja4_alpn(hello), short_hash(hex_list(ciphers, true)),
                     short_hash(hashed.empty() ? "" : tail));
}

}  // namespace wstap::tls

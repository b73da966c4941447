// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/leaf_cache.h"

#include <algorithm>

#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"

namespace wstap::tls {
namespace {

constexpr UnixNs kDay = 86'400LL * 1'000'000'000;
constexpr UnixNs kLifetime = 7 * kDay;
constexpr UnixNs kBackdated = kDay;  // for clients whose clocks are behind
constexpr UnixNs kRenewBefore = kDay;
constexpr std::size_t kMaxNames = 100;
constexpr std::size_t kMaxNameBytes = 253;

bool usable(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// The wanted name first, the others behind it, each once.
std::vector<std::string> combined(const std::string& name, const std::vector<std::string>& others) {
  std::vector<std::string> names = {name};
  for (const auto& other : others) {
    if (names.size() == kMaxNames) break;
    if (usable(other) && std::find(names.begin(), names.end(), other) == names.end()) names.push_back(other);
  }
  return names;
}

}  // namespace

LeafCache::LeafCache(const Authority& authority, std::size_t capacity)
    : authority_(authority), capacity_(capacity), key_(new_p256_key().release(), EVP_PKEY_free) {}

Result<std::shared_ptr<const Leaf>> LeafCache::get(const std::string& name,
                                                   std::vector<std::string> other_names, UnixNs now) {
  if (!usable(name)) return fail(Errc::openssl, "no certificate can be made for the name '" + name + "'");
  const auto names = combined(name, other_names);
  std::string id;
  for (const auto& each : names) id += each + '\n';

  const std::lock_guard guard(lock_);
  if (const auto known = by_names_.find(id); known != by_names_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    if (now < recent_.front().second->renew_at_ns()) return recent_.front().second;
    recent_.pop_front();
    by_names_.erase(known);
  }
  auto leaf = mint(names, now);
  if (!leaf) return leaf;
  recent_.emplace_front(id, *leaf);
  by_names_[id] = recent_.begin();
  if (recent_.size() > capacity_) {
    by_names_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return leaf;
}

std::uint64_t LeafCache::minted() const {
  const std::lock_guard guard(lock_);
  return minted_;
}

Result<std::shared_ptr<const Leaf>> LeafCache::mint(const std::vector<std::string>& names, UnixNs now) {
  if (!key_) return fail(Errc::openssl, "cannot make a key");
  const UnixNs end = std::min(now + kLifetime, not_after_ns(authority_.certificate()));
  const CertificateRequest request{names.front(), names, now - kBackdated, end, false};
  auto certificate = issue(request, key_.get(), authority_.certificate(), authority_.key());
  if (!certificate) return std::unexpected(certificate.error());
  ++minted_;
  return std::make_shared<const Leaf>(std::shared_ptr<x509_st>(certificate->release(), X509_free), key_,
                                      end - kRenewBefore);
}

}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// Leaf certificates for the hosts clients visit: minted once, kept while they are used (TLS-1).
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "libcore/base/result.h"
#include "libcore/tls/authority.h"

struct x509_st;
struct evp_pkey_st;

namespace wstap::tls {

/// A certificate and its key, ready for a handshake.
class Leaf {
 public:
  Leaf(std::shared_ptr<x509_st> certificate, std::shared_ptr<evp_pkey_st> key, UnixNs renew_at)
      : certificate_(std::move(certificate)), key_(std::move(key)), renew_at_ns_(renew_at) {}
  x509_st* certificate() const noexcept { return certificate_.get(); }
  evp_pkey_st* key() const noexcept { return key_.get(); }
  UnixNs renew_at_ns() const noexcept { return renew_at_ns_; }

 private:
  std::shared_ptr<x509_st> certificate_;
  std::shared_ptr<evp_pkey_st> key_;
  UnixNs renew_at_ns_;
};

/// Thread-safe. All leaves share one key, made when the cache is.
class LeafCache {
 public:
  /// @param authority  outlives the cache.
  explicit LeafCache(const Authority& authority, std::size_t capacity = 1024);

  /// A leaf for `name` (DNS name or IP address) that also holds `other_names`, as many as fit.
  /// @error openssl
  Result<std::shared_ptr<const Leaf>> get(const std::string& name, std::vector<std::string> other_names,
                                          UnixNs now);
  /// How many leaves were made so far.
  std::uint64_t minted() const;

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const Leaf>>;
  Result<std::shared_ptr<const Leaf>> mint(const std::vector<std::string>& names, UnixNs now);

  const Authority& authority_;
  const std::size_t capacity_;
  std::shared_ptr<evp_pkey_st> key_;
  mutable std::mutex lock_;
  std::list<Entry> recent_;  ///< most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_names_;
  std::uint64_t minted_ = 0;
};

}  // namespace wstap::tls

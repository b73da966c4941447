// SPDX-License-Identifier: Apache-2.0
// The pipeline that flows work by at the moment; another one may take its place while they are open (PIPE-3).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "libcore/pipeline/step.h"

namespace wstap::pipeline {

/// Thread-safe. Flows ask for the version at every turn, and for the pipeline when it is another one.
class CurrentPipeline {
 public:
  struct Numbered {
    std::shared_ptr<const Pipeline> pipeline;
    std::uint64_t version = 0;
  };

  CurrentPipeline() : pipeline_(std::make_shared<const Pipeline>()) {}

  void replace(Pipeline pipeline) {
    auto next = std::make_shared<const Pipeline>(std::move(pipeline));
    const std::lock_guard guard(lock_);
    limiter_.use(next->limits());
    pipeline_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }
  Numbered get() const {
    const std::lock_guard guard(lock_);
    return {pipeline_, version_.load(std::memory_order_relaxed)};
  }
  /// What the pipelines' limits have counted so far.
  Limiter& limiter() noexcept { return limiter_; }
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex lock_;
  std::shared_ptr<const Pipeline> pipeline_;
  std::atomic<std::uint64_t> version_{0};
  Limiter limiter_;
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "cmd/logging.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "formats/json_text.h"
#include "libcore/base/printable.h"

namespace wstap::cmd {
namespace {

LogLevel least_level(const LogOptions& options) {
  if (options.quiet) return LogLevel::error;
  return options.verbose ? LogLevel::info : LogLevel::notice;
}

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::info: return "info";
    case LogLevel::notice: return "notice";
    case LogLevel::warning: return "warning";
    case LogLevel::error: break;
  }
  return "error";
}

class StderrLog final : public Log {
 public:
  StderrLog(std::string_view command, const LogOptions& options)
      : command_(command),
        least_(least_level(options)),
        format_(options.format),
        logger_("wstap", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    // Level and time are part of the line where they are wanted.
    logger_.set_pattern(format_ == LogFormat::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",%v}" : "%v",
                        spdlog::pattern_time_type::utc);
    logger_.set_level(spdlog::level::trace);
    logger_.flush_on(spdlog::level::trace);
  }

  bool wants(LogLevel level) const noexcept override { return level >= least_; }

  void line(LogLevel level, std::string_view text) override {
    if (!wants(level)) return;
    if (format_ == LogFormat::json) {
      logger_.info("\"level\":\"{}\",\"command\":\"{}\",\"text\":{}", name(level), command_,
                   formats::json_string(text));
    } else if (level >= LogLevel::warning) {
      logger_.info("wstap {}: {}: {}", command_, name(level), printable(text));
    } else {
      logger_.info("wstap {}: {}", command_, printable(text));
    }
  }

 private:
  std::string_view command_;
  LogLevel least_;
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> make_log(std::string_view command, const LogOptions& options) {
  return std::make_unique<StderrLog>(command, options);
}

}  // namespace wstap::cmd

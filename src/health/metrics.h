// What the worker counts, for /metrics. Counters may be touched from any shard; gauges are read when somebody
// scrapes. Names follow Prometheus' conventions with the prefix wa_; the label for an account is never
// "instance", which belongs to the scrape target.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace worker {

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Counters.
  void connection_closed(std::string_view reason);
  void reconnected();
  void decrypt_failed(std::string_view error);
  /// `direction` "in": a peer could not read us; "out": we could not read a peer.
  void retry_receipt(std::string_view direction);
  /// Of the budget for questions to WhatsApp: `result` "granted", "delayed", "denied" (by ourselves),
  /// "refused".
  void query(std::string_view kind, std::string_view result);
  /// `direction` "in" or "out", `result` a stable word: "sent", "marked", "failed", "delivered", "duplicate".
  void message(std::string_view direction, std::string_view result);
  /// `operation` "acquire", "renew" or "release"; `result` "ok", "conflict" or "error".
  void lock(std::string_view operation, std::string_view result);
  /// `status` 0: no answer.
  void edge_request(std::string_view route, int status, std::chrono::duration<double> took);

  // Gauges, set before rendering.
  void set_instances(std::string_view state, std::size_t count);
  void set_loop_lag(std::size_t shard, std::chrono::duration<double> lag);
  void set_inbound_backlog(std::uint64_t messages);
  void set_log_dropped(std::size_t lines);

  /// The text exposition format, process figures included.
  std::string render();

 private:
  void read_process();

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& closes_;
  prometheus::Counter& reconnects_;
  prometheus::Family<prometheus::Counter>& decrypt_failures_;
  prometheus::Family<prometheus::Counter>& retry_receipts_;
  prometheus::Family<prometheus::Counter>& queries_;
  prometheus::Family<prometheus::Counter>& messages_;
  prometheus::Family<prometheus::Counter>& locks_;
  prometheus::Family<prometheus::Histogram>& edge_seconds_;
  prometheus::Family<prometheus::Gauge>& instances_;
  prometheus::Family<prometheus::Gauge>& loop_lag_;
  prometheus::Gauge& inbound_backlog_;
  prometheus::Gauge& log_dropped_;
  prometheus::Gauge& resident_bytes_;
  prometheus::Gauge& cpu_seconds_;
  prometheus::Gauge& open_fds_;
  prometheus::Gauge& start_time_;
};

}  // namespace worker

#include "health/metrics.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace worker {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

const prometheus::Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                       0.5,   1,    2.5,   5,    10};

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t open_fds() {
  std::error_code error;
  std::size_t count = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
    ++count;
  return count;
}

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Metrics::Metrics()
    : closes_(BuildCounter()
                  .Name("wa_connection_closes_total")
                  .Help("Connections to WhatsApp that ended, by reason")
                  .Register(registry_)),
      reconnects_(BuildCounter()
                      .Name("wa_reconnects_total")
                      .Help("Connection attempts after an ended connection")
                      .Register(registry_)
                      .Add({})),
      decrypt_failures_(BuildCounter()
                            .Name("wa_decrypt_failures_total")
                            .Help("Messages that could not be decrypted, by class")
                            .Register(registry_)),
      retry_receipts_(BuildCounter()
                          .Name("wa_retry_receipts_total")
                          .Help("Requests to send a message again, by direction")
                          .Register(registry_)),
      queries_(BuildCounter()
                   .Name("wa_query_budget_total")
                   .Help("Questions to WhatsApp under a budget, by kind and result")
                   .Register(registry_)),
      messages_(BuildCounter()
                    .Name("wa_messages_total")
                    .Help("Messages by direction and result")
                    .Register(registry_)),
      locks_(BuildCounter()
                 .Name("wa_lease_operations_total")
                 .Help("Lock requests to the edge, by operation and result")
                 .Register(registry_)),
      edge_seconds_(BuildHistogram()
                        .Name("wa_edge_request_seconds")
                        .Help("Time of requests to the edge, by route and status")
                        .Register(registry_)),
      instances_(BuildGauge().Name("wa_instances").Help("Instances by state").Register(registry_)),
      loop_lag_(BuildGauge()
                    .Name("wa_loop_lag_seconds")
                    .Help("How late the event loop of a shard was at its last check")
                    .Register(registry_)),
      inbound_backlog_(BuildGauge()
                           .Name("wa_inbound_backlog")
                           .Help("Messages taken in that the edge has not accepted yet")
                           .Register(registry_)
                           .Add({})),
      log_dropped_(BuildGauge()
                       .Name("wa_log_dropped")
                       .Help("Log lines dropped because standard output was stuck")
                       .Register(registry_)
                       .Add({})),
      resident_bytes_(BuildGauge()
                          .Name("process_resident_memory_bytes")
                          .Help("Resident memory of the process")
                          .Register(registry_)
                          .Add({})),
      cpu_seconds_(BuildGauge()
                       .Name("process_cpu_seconds_total")
                       .Help("User and system time of the process")
                       .Register(registry_)
                       .Add({})),
      open_fds_(
          BuildGauge().Name("process_open_fds").Help("Open file descriptors").Register(registry_).Add({})),
      start_time_(BuildGauge()
                      .Name("process_start_time_seconds")
                      .Help("Start of the process, Unix time")
                      .Register(registry_)
                      .Add({})) {
  start_time_.Set(unix_now());
}

void Metrics::connection_closed(std::string_view reason) {
  closes_.Add({{"reason", std::string{reason}}}).Increment();
}
void Metrics::reconnected() { reconnects_.Increment(); }
void Metrics::decrypt_failed(std::string_view error) {
  decrypt_failures_.Add({{"class", std::string{error}}}).Increment();
}
void Metrics::retry_receipt(std::string_view direction) {
  retry_receipts_.Add({{"dir", std::string{direction}}}).Increment();
}
void Metrics::query(std::string_view kind, std::string_view result) {
  queries_.Add({{"kind", std::string{kind}}, {"result", std::string{result}}}).Increment();
}
void Metrics::message(std::string_view direction, std::string_view result) {
  messages_.Add({{"dir", std::string{direction}}, {"result", std::string{result}}}).Increment();
}
void Metrics::lock(std::string_view operation, std::string_view result) {
  locks_.Add({{"operation", std::string{operation}}, {"result", std::string{result}}}).Increment();
}
void Metrics::edge_request(std::string_view route, int status, std::chrono::duration<double> took) {
  edge_seconds_.Add({{"route", std::string{route}}, {"code", fmt::format("{}", status)}}, kSeconds)
      .Observe(took.count());
}

void Metrics::set_instances(std::string_view state, std::size_t count) {
  instances_.Add({{"state", std::string{state}}}).Set(static_cast<double>(count));
}
void Metrics::set_loop_lag(std::size_t shard, std::chrono::duration<double> lag) {
  loop_lag_.Add({{"shard", fmt::format("{}", shard)}}).Set(lag.count());
}
void Metrics::set_inbound_backlog(std::uint64_t messages) {
  inbound_backlog_.Set(static_cast<double>(messages));
}
void Metrics::set_log_dropped(std::size_t lines) { log_dropped_.Set(static_cast<double>(lines)); }

void Metrics::read_process() {
  resident_bytes_.Set(static_cast<double>(resident_bytes()));
  cpu_seconds_.Set(cpu_seconds());
  open_fds_.Set(static_cast<double>(open_fds()));
}

std::string Metrics::render() {
  read_process();
  return prometheus::TextSerializer{}.Serialize(registry_.Collect());
}

}  // namespace worker

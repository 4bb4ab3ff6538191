#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apps/ate-bench/ateapi_process.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/counting_client.h"
#include "apps/ate-bench/list_run.h"

namespace atestore {
namespace {

// Pages that one cluster gives before it is the other one's turn.
constexpr int64_t kTurnPages = 50;

// Listings, page by page, from an ateapi of its own.
class MeasuredService {
 public:
  static absl::StatusOr<MeasuredService> Start(const std::vector<std::string>& addresses,
                                               const BenchOptions& options) {
    absl::StatusOr<AteapiProcess> ateapi = AteapiProcess::Start(addresses);
    if (!ateapi.ok()) return ateapi.status();
    absl::StatusOr<std::unique_ptr<CountingClient>> client =
        CountingClient::Connect(ateapi->endpoint(), options);
    if (!client.ok()) return client.status();
    return MeasuredService(*std::move(ateapi), *std::move(client));
  }

  // Up to so many pages, no further than to the end of a listing.
  absl::Status FetchPages(int64_t count) {
    auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
      return client_->ListPage(token, actors, next_token);
    };
    const absl::Time begin = absl::Now();
    do {
      if (absl::Status status = FetchOnePage(fetch, &token_, &run_); !status.ok()) return status;
    } while (--count > 0 && !token_.empty());
    run_.seconds += absl::ToDoubleSeconds(absl::Now() - begin);
    if (token_.empty()) ++listings_;
    return absl::OkStatus();
  }

  int64_t listings() const { return listings_; }
  double Latency(double part) const { return Percentile(run_.page_ms, part); }
  double PeakMib() const { return PeakRssMib(absl::StrCat(ateapi_.pid())); }
  void AddTo(Report* report) const {
    report->Add("listings", listings_);
    run_.AddTo(report);
    report->Add("ateapi_peak_rss_mib", PeakMib());
  }

 private:
  MeasuredService(AteapiProcess ateapi, std::unique_ptr<CountingClient> client)
      : ateapi_(std::move(ateapi)), client_(std::move(client)) {}

  AteapiProcess ateapi_;
  std::unique_ptr<CountingClient> client_;
  ListRun run_;
  std::string token_;
  int64_t listings_ = 0;  // complete
};

}  // namespace
absl::StatusOr<Report> BenchMemory(const BenchOptions& options, const MemoryOptions& memory) {
  absl::StatusOr<MeasuredService> service = MeasuredService::Start(options.addresses, options);
  if (!service.ok()) return service.status();
  std::optional<MeasuredService> against;
  if (!memory.against.empty()) {
    absl::StatusOr<MeasuredService> started = MeasuredService::Start(memory.against, options);
    if (!started.ok()) return started.status();
    against.emplace(*std::move(started));
  }
  while (service->listings() < memory.times) {
    if (absl::Status status = service->FetchPages(kTurnPages); !status.ok()) return status;
    if (!against) continue;
    if (absl::Status status = against->FetchPages(kTurnPages); !status.ok()) return status;
  }
  Report report;
  service->AddTo(&report);
  if (!against) return report;
  Report second;
  against->AddTo(&second);
  report.Add("against_", second);
  report.Add("page_p50_ratio", service->Latency(0.5) / against->Latency(0.5));
  report.Add("page_p99_ratio", service->Latency(0.99) / against->Latency(0.99));
  report.Add("ateapi_peak_rss_ratio", service->PeakMib() / against->PeakMib());
  return report;
}

}  // namespace atestore

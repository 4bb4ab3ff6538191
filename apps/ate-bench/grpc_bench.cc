#include <optional>
#include <string>

#include "apps/ate-bench/ateapi_process.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/counting_client.h"
#include "apps/ate-bench/list_run.h"

namespace atestore {

absl::StatusOr<Report> BenchGrpc(const BenchOptions& options, bool page_by_page,
                                 const std::string& endpoint) {
  std::optional<AteapiProcess> own;
  std::string where = endpoint;
  if (endpoint.empty()) {
    absl::StatusOr<AteapiProcess> started = AteapiProcess::Start(options.addresses);
    if (!started.ok()) return started.status();
    own.emplace(*std::move(started));
    where = own->endpoint();
  }
  absl::StatusOr<std::unique_ptr<CountingClient>> client = CountingClient::Connect(where, options);
  if (!client.ok()) return client.status();
  auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
    return page_by_page ? (*client)->ListPage(token, actors, next_token)
                        : (*client)->ReadPage(actors, next_token);
  };
  ListRun run;
  if (absl::Status status = RunListing(fetch, &run); !status.ok()) return status;
  Report report;
  run.AddTo(&report);
  return report;
}

}  // namespace atestore

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/node_socket.h"
#include "apps/ate-bench/processor_load.h"
#include "apps/ate-bench/target.h"
#include "core/status.h"
#include "store/advanced.h"

namespace atestore {
namespace {

// A primary and some GET commands for keys that it holds.
struct Primary {
  Endpoint endpoint;
  std::vector<std::string> gets;
};

absl::StatusOr<std::vector<Primary>> SamplePrimaries(Target& target) {
  absl::StatusOr<std::vector<Reply>> scans =
      target.RunEverywhere({"SCAN", "0", "MATCH", "actor:*", "COUNT", "2000"});
  if (!scans.ok()) return scans.status();
  std::vector<Primary> primaries;
  std::vector<Endpoint> endpoints = target.Primaries();
  for (size_t i = 0; i < endpoints.size(); ++i) {
    Primary primary{.endpoint = endpoints[i]};
    for (ReplyView key : (*scans)[i].view()[1]) {
      AppendCommand(&primary.gets.emplace_back(), {"GET", key.text()});
    }
    if (primary.gets.empty()) return FailedPreconditionError("populate the cluster first");
    primaries.push_back(std::move(primary));
  }
  return primaries;
}

// The clients of the foreground, each with a connection to one primary and one GET at a time.
class Foreground {
 public:
  explicit Foreground(const std::vector<Primary>& primaries) : primaries_(primaries) {}

  absl::Status Connect(size_t clients) {
    for (size_t client = 0; client < clients; ++client) {
      const Primary& primary = primaries_[client % primaries_.size()];
      absl::StatusOr<NodeSocket> socket = NodeSocket::Connect(primary.endpoint);
      if (!socket.ok()) return socket.status();
      poll_.push_back({.fd = socket->descriptor(), .events = POLLIN, .revents = 0});
      clients_.push_back({.primary = &primary, .socket = *std::move(socket)});
    }
    return absl::OkStatus();
  }

  // Their latencies in milliseconds.
  absl::StatusOr<std::vector<double>> RunUntil(absl::Time end) {
    for (Client& client : clients_) {
      if (absl::Status status = Ask(client); !status.ok()) return status;
    }
    std::vector<double> latencies_ms;
    while (absl::Now() < end) {
      if (poll(poll_.data(), poll_.size(), -1) < 0) return absl::ErrnoToStatus(errno, "poll");
      for (size_t index = 0; index < clients_.size(); ++index) {
        if (poll_[index].revents == 0) continue;
        Client& client = clients_[index];
        absl::Status status = client.socket.SkipGetReplies(1, &strings_);
        latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - client.asked));
        if (status.ok()) status = Ask(client);
        if (!status.ok()) return status;
      }
    }
    return latencies_ms;
  }

 private:
  struct Client {
    const Primary* primary;
    NodeSocket socket;
    absl::Time asked = absl::InfinitePast();
  };

  absl::Status Ask(Client& client) {
    const std::vector<std::string>& gets = client.primary->gets;
    client.asked = absl::Now();
    return client.socket.Send(gets[random_() % gets.size()]);
  }

  const std::vector<Primary>& primaries_;
  std::vector<Client> clients_;
  std::vector<pollfd> poll_;
  std::minstd_rand random_;
  int64_t strings_ = 0;
};

// Lists again and again until told to stop. The number of actors listed.
absl::StatusOr<int64_t> ListUntil(ActorStore& store, const BenchOptions& options,
                                  const std::atomic<bool>& stop) {
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_atespace(options.atespace);
  int64_t actors = 0;
  std::unique_ptr<ActorReader> reader;
  ActorPage page;
  while (!stop) {
    if (page.response.next_page_token().empty()) {
      absl::StatusOr<std::unique_ptr<ActorReader>> begun = store.ReadActors(request);
      if (!begun.ok()) return begun.status();
      reader = *std::move(begun);
    }
    absl::StatusOr<ActorPage> next = Recycling::Next(*reader, std::move(page));
    if (!next.ok()) return next.status();
    page = *std::move(next);
    actors += page.response.actors_size();
  }
  return actors;
}

// The servers' own record of commands that took more than a millisecond.
class SlowLog {
 public:
  explicit SlowLog(Target& target) : target_(target) {}
  ~SlowLog() { (void)Threshold("10000"); }  // the default of the servers

  absl::Status Begin() {
    if (absl::Status status = Threshold("1000"); !status.ok()) return status;
    return target_.RunEverywhere({"SLOWLOG", "RESET"}).status();
  }

  // What was recorded since Begin(), as figures called `phase`_….
  absl::Status AddTo(Report* report, const std::string& phase) {
    absl::StatusOr<std::vector<Reply>> logs = target_.RunEverywhere({"SLOWLOG", "GET", "1000"});
    if (!logs.ok()) return logs.status();
    int64_t commands = 0;
    int64_t slowest_us = 0;
    std::string slowest = "none";
    for (const Reply& log : *logs) {
      for (ReplyView entry : log.view()) {  // [id, time, microseconds, [argument, …], …]
        ++commands;
        if (entry[2].integer() <= slowest_us) continue;
        slowest_us = entry[2].integer();
        slowest = std::string(entry[3][0].text());
      }
    }
    report->Add(phase + "_commands_over_1ms", commands);
    report->Add(phase + "_slowest_command", slowest);
    report->Add(phase + "_slowest_ms", static_cast<double>(slowest_us) / 1000);
    return absl::OkStatus();
  }

 private:
  absl::Status Threshold(std::string_view microseconds) {
    return target_.RunEverywhere({"CONFIG", "SET", "slowlog-log-slower-than", microseconds})
        .status();
  }

  Target& target_;
};

struct Phase {
  double gets = 0;
  double p99_ms = 0;
  // Kept busy by the foreground, the servers and what else this process does.
  double processors = 0;
};

// The foreground for its time. Everything measured goes to figures called `phase`_… too.
absl::StatusOr<Phase> RunPhase(const std::string& phase, Target& target,
                               const std::vector<Primary>& primaries, const ImpactOptions& impact,
                               Report* report) {
  SlowLog slow_log(target);
  if (absl::Status status = slow_log.Begin(); !status.ok()) return status;
  const double before = ClientCpuSeconds() + ServerCpuSeconds(target);
  Foreground foreground(primaries);
  absl::Status connected = foreground.Connect(static_cast<size_t>(impact.clients));
  if (!connected.ok()) return connected;
  absl::StatusOr<std::vector<double>> ms =
      foreground.RunUntil(absl::Now() + absl::Seconds(impact.seconds));
  if (!ms.ok()) return ms.status();
  const double used = ClientCpuSeconds() + ServerCpuSeconds(target) - before;
  const Phase result{.gets = static_cast<double>(ms->size()),
                     .p99_ms = Percentile(*ms, 0.99),
                     .processors = used / impact.seconds};
  report->Add(phase + "_gets", static_cast<int64_t>(ms->size()));
  report->Add(phase + "_ms_p50", Percentile(*ms, 0.5));
  report->Add(phase + "_ms_p99", result.p99_ms);
  report->Add(phase + "_ms_max", Percentile(*ms, 1));
  if (absl::Status status = slow_log.AddTo(report, phase); !status.ok()) return status;
  return result;
}

}  // namespace

absl::StatusOr<Report> BenchImpact(const BenchOptions& options, const ImpactOptions& impact) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<ActorStore>> store = OpenStore(options.addresses);
  if (!store.ok()) return store.status();
  absl::StatusOr<std::vector<Primary>> primaries = SamplePrimaries(**target);
  if (!primaries.ok()) return primaries.status();

  Report report;
  report.Add("server", ServerName(**target));
  absl::StatusOr<Phase> alone = RunPhase("alone", **target, *primaries, impact, &report);
  if (!alone.ok()) return alone.status();

  std::atomic<bool> stop{false};
  absl::StatusOr<int64_t> listed;
  std::thread listing([&] { listed = ListUntil(**store, options, stop); });
  absl::StatusOr<Phase> together = RunPhase("listing", **target, *primaries, impact, &report);
  stop = true;
  listing.join();
  if (!together.ok()) return together.status();
  if (!listed.ok()) return listed.status();
  report.Add("actors_listed", *listed);
  report.Add("p99_ratio", together->p99_ms / alone->p99_ms);

  // How much of it is contention for processors: as much use of them, without a request.
  const double foreground = alone->processors * together->gets / alone->gets;
  const double processors = std::max(together->processors - foreground, 0.1);
  const ProcessorLoad load(processors);
  absl::StatusOr<Phase> loaded = RunPhase("load", **target, *primaries, impact, &report);
  if (!loaded.ok()) return loaded.status();
  report.Add("load_processors", processors);
  report.Add("load_p99_ratio", loaded->p99_ms / alone->p99_ms);
  return report;
}

}  // namespace atestore

// A cluster of real servers for tests in other languages: starts it, prints one line of JSON that
// says where it is, then obeys commands from standard input, one a line, words separated by tabs,
// each answered by "ok …" or an error in one line. Ends with its input.
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/listing_audit.h"
#include "tests/support/real_cluster.h"

namespace atestore {
namespace {

using Words = std::vector<std::string>;
using Answer = absl::StatusOr<std::string>;

Answer Ok(const absl::Status& status) {
  if (!status.ok()) return status;
  return std::string();
}

Answer Done(const std::function<void()>& act) {
  act();
  return std::string();
}

absl::StatusOr<size_t> NodeNumber(const Words& words, const RealCluster& cluster) {
  size_t node = 0;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &node) || node >= cluster.size()) {
    return absl::InvalidArgumentError("which node?");
  }
  return node;
}

Answer Restart(RealCluster& cluster, size_t node) {
  if (absl::Status status = cluster.Stop(node, StopMode::kKill); !status.ok()) return status;
  return Ok(cluster.Launch(node));
}

// Every primary's replica takes over.
Answer FailAllOver(RealCluster& cluster) {
  const absl::StatusOr<std::vector<size_t>> primaries = cluster.Primaries();
  if (!primaries.ok()) return primaries.status();
  for (const size_t primary : *primaries) {
    const absl::StatusOr<std::vector<size_t>> replicas = cluster.ReplicasOf(primary);
    if (!replicas.ok()) return replicas.status();
    if (replicas->empty()) return absl::FailedPreconditionError("a primary has no replica");
    if (absl::Status status = cluster.Failover(replicas->front(), FailoverMode::kGraceful);
        !status.ok()) {
      return status;
    }
  }
  return Ok(cluster.WaitUntilSettled());
}

Answer SetRecords(RealCluster& cluster, const Words& words) {
  std::vector<std::pair<std::string, std::string>> records;
  for (size_t i = 1; i + 1 < words.size(); i += 2) records.emplace_back(words[i], words[i + 1]);
  return Ok(cluster.SetAll(records));
}

// "fill N": actors a-0 … of the atespace "bulk".
Answer Fill(RealCluster& cluster, const Words& words) {
  int64_t actors = 0;
  if (words.size() != 2 || !absl::SimpleAtoi(words[1], &actors)) {
    return absl::InvalidArgumentError("how many?");
  }
  std::vector<std::pair<std::string, std::string>> records;
  for (int64_t i = 0; i < actors; ++i) {
    records.emplace_back(absl::StrCat("actor:bulk:a-", i),
                         absl::StrCat(R"({"actorId":"a-)", i, R"(","version":"1","status":)",
                                      R"("STATUS_SUSPENDED","atespace":"bulk"})"));
  }
  return Ok(cluster.SetAll(records));
}

// "fill-slot SLOT N": actors that are all in one slot.
Answer FillSlot(RealCluster& cluster, const Words& words) {
  uint32_t slot = 0;
  uint32_t actors = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[1], &slot) || slot >= kSlotCount ||
      !absl::SimpleAtoi(words[2], &actors)) {
    return absl::InvalidArgumentError("which slot, and how many?");
  }
  return Ok(
      cluster.SetAll(ActorRecordsInSlot(static_cast<Slot>(slot), static_cast<size_t>(actors))));
}

Answer Obey(RealCluster& cluster, const Words& words) {
  if (words[0] == "set") return SetRecords(cluster, words);
  if (words[0] == "fill") return Fill(cluster, words);
  if (words[0] == "fill-slot") return FillSlot(cluster, words);
  if (words[0] == "settled") return Ok(cluster.WaitUntilSettled());
  if (words[0] == "failover-all") return FailAllOver(cluster);
  const absl::StatusOr<size_t> node = NodeNumber(words, cluster);
  if (!node.ok()) return node.status();
  if (words[0] == "kill") return Ok(cluster.Stop(*node, StopMode::kKill));
  if (words[0] == "launch") return Ok(cluster.Launch(*node));
  if (words[0] == "restart") return Restart(cluster, *node);
  if (words[0] == "pause") return Done([&] { cluster.Pause(*node); });
  if (words[0] == "resume") return Done([&] { cluster.Resume(*node); });
  if (words[0] == "run") return Ok(cluster.Run(*node, {words.begin() + 2, words.end()}).status());
  return absl::InvalidArgumentError(absl::StrCat("no command ", words[0]));
}

void PrintFacts(const RealCluster& cluster) {
  const auto address = [](std::string* text, const Endpoint& endpoint) {
    absl::StrAppend(text, ToString(endpoint));
  };
  std::cout << R"({"address":")" << absl::StrJoin(cluster.endpoints(), ",", address) << '"';
  if (cluster.options().tls) {
    const TlsFiles& files = cluster.tls_files();
    for (const auto& [name, path] : {std::pair("ca", files.ca),
                                     {"server", files.server_bundle},
                                     {"client", files.client_bundle}}) {
      std::cout << ",\"" << name << "\":" << path;  // operator<< quotes a path
    }
  }
  std::cout << "}" << std::endl;
}

int Run(RealClusterOptions options) {
  const absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
      RealCluster::Start(std::move(options));
  if (!cluster.ok()) {
    std::cerr << cluster.status() << "\n";
    return 1;
  }
  PrintFacts(**cluster);
  for (std::string line; std::getline(std::cin, line);) {
    const Answer answer = Obey(**cluster, absl::StrSplit(line, '\t'));
    if (answer.ok()) {
      std::cout << "ok " << *answer << std::endl;
    } else {
      std::cout << absl::StrJoin(absl::StrSplit(answer.status().ToString(), '\n'), " ")
                << std::endl;
    }
  }
  return 0;
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) {
  atestore::RealClusterOptions options;
  CLI::App app("A cluster of real servers, steered from standard input.");
  app.add_option("--kind", options.kind)
      ->transform(CLI::CheckedTransformer(std::map<std::string, atestore::ServerKind>{
          {"redis", atestore::ServerKind::kRedis},
          {"valkey", atestore::ServerKind::kValkey},
          {"valkey91", atestore::ServerKind::kValkey91}}));
  app.add_option("--primaries", options.primaries);
  app.add_option("--replicas", options.replicas);
  app.add_flag("--persistent", options.persistent);
  app.add_flag("--tls", options.tls);
  app.add_flag("--tls-client-certificates", options.tls_client_certificates);
  app.add_option("--password", options.password);
  app.add_option("--user", options.users);
  CLI11_PARSE(app, argc, argv);
  return atestore::Run(std::move(options));
}

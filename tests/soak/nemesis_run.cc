#include "tests/soak/nemesis_run.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "tests/soak/idle.h"
#include "tests/soak/key_history.h"
#include "tests/soak/nemesis_cluster.h"
#include "tests/soak/nemesis_judge.h"
#include "tests/soak/nemesis_listing.h"
#include "tests/soak/plain_cluster_client.h"
#include "tests/soak/slot_writers.h"

namespace atestore {
namespace {

constexpr size_t kSlotsMoved = 12;
constexpr size_t kActorsInEach = 60;
constexpr size_t kActorsElsewhere = 1200;
constexpr size_t kActorsChanged = 200;  // of all, every tenth of them in a slot that moves
constexpr size_t kReadAtOnce = 200;
// The machine belongs to the listings.
constexpr absl::Duration kReadInterval = absl::Milliseconds(20);
constexpr absl::Duration kChangeInterval = absl::Milliseconds(1);
constexpr absl::Duration kProbeInterval = absl::Milliseconds(50);
constexpr absl::Duration kReaderTimeout = absl::Milliseconds(300);
constexpr absl::Duration kReadableLimit = absl::Seconds(30);
constexpr size_t kViolationsTold = 10;

// What is in the cluster: ids that stay, ids that come and go, and the slots of many of them.
struct Population {
  std::vector<uint16_t> slots;
  std::vector<std::string> staying;
  std::vector<std::string> changing;

  static Population Make() {
    Population all;
    for (size_t i = 0; i < kSlotsMoved; ++i) {
      all.slots.push_back(static_cast<uint16_t>(i * 16384 / kSlotsMoved + 77));
    }
    std::map<uint16_t, size_t> missing;
    for (const uint16_t slot : all.slots) missing[slot] = kActorsInEach;
    size_t elsewhere = 0;
    for (size_t i = 0; !missing.empty() || elsewhere < kActorsElsewhere; ++i) {
      const bool changes = all.changing.size() < kActorsChanged && i % 4 == 0;
      const std::string id =
          absl::StrCat(std::string(1, changes ? kNemesisChanges : kNemesisStays), i);
      auto wanted = missing.find(PlainSlotOf(NemesisKey(id)));
      if (wanted != missing.end()) {
        if (--wanted->second == 0) missing.erase(wanted);
      } else if (elsewhere++ >= kActorsElsewhere) {
        continue;
      }
      (changes ? all.changing : all.staying).push_back(id);
    }
    return all;
  }
};

// A fault that was applied, or not.
struct Applied {
  NemesisStep step;
  Interval when;
  absl::Status status;
};

std::string InWords(const Interval& when) {
  constexpr char kFormat[] = "%H:%M:%E3S";
  return absl::StrCat(absl::FormatTime(kFormat, when.begin, absl::UTCTimeZone()), "…",
                      absl::FormatTime(kFormat, when.end, absl::UTCTimeZone()));
}

// Valkey 8.0 at times writes a nodes.conf in which a replica has another shard-id than its primary,
// and refuses it when it starts again. One may happen in half an hour, not all the time.
constexpr size_t kClustersMax = 4;
bool WroteWhatItCannotRead(const absl::Status& status) {
  return absl::StrContains(status.message(), "corrupted cluster config file");
}

class Run {
 public:
  explicit Run(const NemesisOptions& options)
      : options_(options), draw_(options.kind, options.seed) {}

  NemesisResult All();

 private:
  bool Goes() const {
    if (options_.stop_at_violation && !result_.Holds()) return false;
    if (options_.replay) return result_.rounds < options_.replay->rounds.size();
    return result_.rounds < options_.rounds_min || absl::Now() < begin_ + options_.time;
  }
  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  absl::Status Start();
  absl::Status StartAnother();
  absl::Status Fill();
  absl::Status Round(const NemesisRound& steps);
  std::vector<Applied> Play(const NemesisRound& steps);
  absl::Status PlayHeld(std::vector<Applied>& faults);
  void Read(PlainClusterClient& client);
  absl::Status ReadEverything();
  void Judge(const std::vector<Applied>& faults);
  NemesisTally JudgeListing(const NemesisListing& listing, const std::vector<Applied>& faults);
  void Violation(const NemesisListing& listing, const std::vector<Applied>& faults,
                 const std::string& what);

  const NemesisOptions options_;
  const Population population_ = Population::Make();
  std::vector<std::string> keys_;
  NemesisDraw draw_;
  absl::Time begin_ = absl::Now();
  KeyHistory history_;
  SlotWriters writers_;  // in this round
  std::unique_ptr<NemesisCluster> cluster_;
  std::vector<std::unique_ptr<NemesisLister>> listers_;
  std::unique_ptr<NemesisChurn> churn_;
  NemesisResult result_;
  size_t clusters_ = 1;

  std::mutex mutex_;
  std::vector<NemesisListing> listings_;  // of this round
  std::atomic<size_t> changes_ = 0;
  std::atomic<size_t> reads_ = 0;
};

absl::Status Run::Start() {
  absl::StatusOr<std::unique_ptr<NemesisCluster>> cluster =
      NemesisCluster::Start(options_.kind, population_.slots,
                            [this](const std::vector<std::string>& keys, Interval when) {
                              for (const std::string& key : keys) history_.WasAbsent(key, when);
                            });
  if (!cluster.ok()) return cluster.status();
  cluster_ = *std::move(cluster);
  const std::vector<uint16_t> ports = cluster_->ports();
  for (const auto* ids : {&population_.staying, &population_.changing}) {
    for (const std::string& id : *ids) keys_.push_back(NemesisKey(id));
  }
  for (size_t i = 0; i < options_.listers; ++i) {
    listers_.push_back(options_.lister == NemesisOptions::Lister::kStore
                           ? NewStoreLister(ports, options_.seed + i)
                           : NewNaiveLister(ports));
  }
  churn_ =
      options_.churn == NemesisOptions::Churn::kPlain ? NewPlainChurn(ports) : NewStoreChurn(ports);
  return Fill();
}

// The round decides nothing. What the one before listed has been judged.
absl::Status Run::StartAnother() {
  for (const auto& [why, times] : cluster_->failed_repairs()) {
    result_.refused["repair: " + why] += times;
  }
  ++result_.refused["a server could not read what it had written, so there is another cluster"];
  churn_.reset();
  listers_.clear();
  cluster_.reset();
  keys_.clear();
  listings_.clear();
  writers_.Clear();
  history_.Clear();
  return Start();
}

// What is not there, also after a failover to a replica that lacked it.
absl::Status Run::Fill() {
  PlainClusterClient client(cluster_->ports(), kReaderTimeout);
  client.Refresh();
  PlainAnswer answer =
      client.Execute({"SET", absl::StrCat("atespace:", kNemesisAtespace), R"({"name":"nemesis"})"});
  for (const std::string& id : population_.staying) {
    const std::string key = NemesisKey(id);
    const absl::Time begin = absl::Now();
    history_.WriteTried(key, 1, NemesisStatusOf(id, 1), begin);
    if (answer.kind != PlainAnswer::Kind::kReply) break;
    answer = client.Execute({"SET", key, NemesisRecord(id, 1), "NX"});
    if (answer.kind == PlainAnswer::Kind::kReply) history_.WasPresent(key, {begin, absl::Now()});
  }
  return answer.kind == PlainAnswer::Kind::kReply ? absl::OkStatus() : UnavailableError(answer.why);
}

// Every key once.
void Run::Read(PlainClusterClient& client) {
  client.Refresh();
  for (size_t begin = 0; begin < keys_.size(); begin += kReadAtOnce) {
    const std::vector<std::string> keys(
        keys_.begin() + static_cast<ptrdiff_t>(begin),
        keys_.begin() + static_cast<ptrdiff_t>(std::min(begin + kReadAtOnce, keys_.size())));
    const absl::Time asked = absl::Now();
    const std::vector<PlainAnswer> answers = client.GetAll(keys);
    const Interval when{asked, absl::Now()};
    for (size_t i = 0; i < keys.size(); ++i) {
      if (answers[i].kind != PlainAnswer::Kind::kReply) continue;
      ++reads_;
      if (answers[i].reply.is_null) {
        history_.WasAbsent(keys[i], when);
      } else {
        history_.WasPresent(keys[i], when);
      }
    }
  }
}

// Until every key has been answered for, after the listings.
absl::Status Run::ReadEverything() {
  PlainClusterClient client(cluster_->ports(), kReaderTimeout);
  std::string why;
  const bool all = Poll(kReadableLimit, [&] {
    client.Refresh();
    const absl::Time asked = absl::Now();
    const std::vector<PlainAnswer> answers = client.GetAll(keys_);
    const Interval when{asked, absl::Now()};
    why.clear();
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (answers[i].kind != PlainAnswer::Kind::kReply) {
        why = absl::StrCat(keys_[i], ": ", answers[i].why);
        continue;
      }
      const bool is_null = answers[i].reply.is_null;
      is_null ? history_.WasAbsent(keys_[i], when) : history_.WasPresent(keys_[i], when);
      history_.StatusSeen(keys_[i], is_null ? "" : NemesisStatusIn(answers[i].reply.text), when);
    }
    return why.empty();
  });
  return all ? absl::OkStatus() : DeadlineExceededError("after the repair, " + why);
}

std::vector<Applied> Run::Play(const NemesisRound& steps) {
  std::vector<Applied> applied(steps.size());
  std::vector<std::thread> threads;
  const absl::Time begin = absl::Now();
  for (size_t i = 0; i < steps.size(); ++i) {
    Idle(begin + absl::Milliseconds(steps[i].at_ms) - absl::Now());
    threads.emplace_back([&, i] {
      applied[i].step = steps[i];
      applied[i].when.begin = absl::Now();
      applied[i].status = cluster_->Apply(steps[i]);
      applied[i].when.end = absl::Now();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return applied;
}

// What the other faults prevented happens alone, to a cluster that is settled, under the same
// listings: a nemesis whose faults prevent each other proves little.
absl::Status Run::PlayHeld(std::vector<Applied>& faults) {
  for (Applied& fault : faults) {
    if (fault.status.ok()) continue;
    ++result_.refused[absl::StrCat("held until the repair: ", ToAbsl(ToString(fault.step.fault)),
                                   ": ", fault.status.message())];
    fault.when.begin = absl::Now();
    fault.status = cluster_->Apply(fault.step);
    fault.when.end = absl::Now();
    if (absl::Status status = cluster_->Repair(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Run::Round(const NemesisRound& steps) {
  churn_->BeginRound();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (const std::unique_ptr<NemesisLister>& lister : listers_) {
    threads.emplace_back([&] {
      while (!stop) {
        NemesisListing listing = lister->List();
        std::lock_guard lock(mutex_);
        listings_.push_back(std::move(listing));
      }
    });
  }
  threads.emplace_back([&] {
    PlainClusterClient client(cluster_->ports(), kReaderTimeout);
    while (!stop) {
      Read(client);
      Idle(kReadInterval);
    }
  });
  threads.emplace_back([&] {
    for (uint64_t n = options_.seed; !stop; n = n * 6364136223846793005 + 1442695040888963407) {
      const std::vector<std::string>& ids = population_.changing;
      churn_->Change(ids[(n >> 33) % ids.size()], n >> 13, history_);
      ++changes_;
      Idle(kChangeInterval);
    }
  });
  for (const uint16_t port : cluster_->ports()) {
    threads.emplace_back([&, port] {
      SlotWriterProbe probe(port, kReaderTimeout);
      while (!stop) {
        probe.Ask(writers_);
        Idle(kProbeInterval);
      }
    });
  }
  std::vector<Applied> faults = Play(steps);
  absl::Status status = cluster_->Repair();
  if (status.ok()) status = PlayHeld(faults);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  if (status.ok()) status = ReadEverything();
  if (!status.ok()) return status;
  Judge(faults);
  history_.Forget(absl::Now());
  return Fill();
}

void Run::Judge(const std::vector<Applied>& faults) {
  for (const Applied& fault : faults) {
    NemesisTally& tally = result_.by_fault[fault.step.fault];
    for (NemesisTally* each : {&tally, &result_.total}) {
      ++each->planned;
      each->happened += fault.status.ok();
    }
    if (!fault.status.ok()) {
      ++result_.refused[absl::StrCat(ToAbsl(ToString(fault.step.fault)), ": ",
                                     fault.status.message())];
    }
  }
  for (const NemesisListing& listing : listings_) {
    const NemesisTally judged = JudgeListing(listing, faults);
    std::vector<NemesisTally*> tallies{&result_.total, &result_.by_kind[listing.kind]};
    std::map<NemesisFault, bool> met;
    for (const Applied& fault : faults) {
      const bool overlap =
          fault.when.begin <= listing.when.end && fault.when.end >= listing.when.begin;
      if (fault.status.ok() && overlap && !std::exchange(met[fault.step.fault], true)) {
        tallies.push_back(&result_.by_fault[fault.step.fault]);
      }
    }
    for (NemesisTally* tally : tallies) {
      tally->listings += judged.listings;
      tally->demanded += judged.demanded;
      tally->missing += judged.missing;
      tally->two_writers += judged.two_writers;
      tally->duplicates += judged.duplicates;
      tally->wrong += judged.wrong;
      tally->unavailable += judged.unavailable;
      tally->failed += judged.failed;
    }
  }
  listings_.clear();
  writers_.Clear();
  std::vector<std::string> trace = cluster_->TakeTrace();
  if (result_.violations.empty() || !result_.trace.empty()) return;
  for (const Applied& fault : faults) {
    result_.trace.push_back(absl::StrCat(InWords(fault.when), " ",
                                         ToAbsl(ToString(fault.step.fault)), " ", fault.step.first,
                                         " ", fault.step.second));
  }
  result_.trace.insert(result_.trace.end(), trace.begin(), trace.end());
}

NemesisTally Run::JudgeListing(const NemesisListing& listing, const std::vector<Applied>& faults) {
  NemesisTally tally{.unavailable = listing.unavailable};
  if (!listing.status.ok()) {
    ++result_.refused[absl::StrCat("listing: ", listing.status.ToString())];
    // A naive one ends where it meets an error; the store's is repeated until it is complete.
    if (options_.lister == NemesisOptions::Lister::kStore) {
      ++tally.failed;
      Violation(listing, faults, absl::StrCat("ended with ", listing.status.ToString()));
    }
    return tally;
  }
  const NemesisVerdict verdict = atestore::JudgeListing(listing, keys_, history_, writers_);
  for (const std::string& fault : verdict.faults) Violation(listing, faults, fault);
  ++tally.listings;
  tally.demanded = verdict.demanded;
  tally.missing = verdict.missing;
  tally.two_writers = verdict.two_writers;
  tally.duplicates = verdict.duplicates;
  tally.wrong = verdict.wrong;
  return tally;
}

void Run::Violation(const NemesisListing& listing, const std::vector<Applied>& faults,
                    const std::string& what) {
  if (result_.violations.size() >= kViolationsTold) return;
  std::string text =
      absl::StrCat("round ", result_.rounds + 1, ": ", what, "; a listing (",
                   ToAbsl(ToString(listing.kind)), ") of ", InWords(listing.when), " during:");
  for (const Applied& fault : faults) {
    if (fault.when.begin > listing.when.end || fault.when.end < listing.when.begin) continue;
    absl::StrAppend(&text, " ", ToAbsl(ToString(fault.step.fault)));
    if (!fault.status.ok()) text += "(failed)";
  }
  const std::string key = what.substr(0, what.find(' '));
  if (listing.filter) {
    absl::StrAppend(&text, "; filter: ", listing.filter->value, ", statuses:");
    for (const std::string& status : history_.StatusesUntil(key, listing.when.end)) {
      absl::StrAppend(&text, " ", status);
    }
  }
  for (const Interval& two : writers_.TimesOfTwo(PlainSlotOf(key))) {
    absl::StrAppend(&text, "; two nodes took writes ", InWords(two));
  }
  const std::string story = history_.Tell(key);
  if (!story.empty()) absl::StrAppend(&text, "; clients saw:", story);
  result_.violations.push_back(std::move(text));
}

NemesisResult Run::All() {
  result_.schedule.kind = options_.kind;
  result_.status = Start();
  while (result_.status.ok() && Goes()) {
    const NemesisRound steps =
        options_.replay ? options_.replay->rounds[result_.rounds] : draw_.NextRound();
    result_.schedule.rounds.push_back(steps);
    const absl::Time begin = absl::Now();
    result_.status = Round(steps);
    if (WroteWhatItCannotRead(result_.status) && clusters_ < kClustersMax) {
      ++clusters_;
      result_.status = StartAnother();
    }
    ++result_.rounds;
    Log(absl::StrCat("round ", result_.rounds, ": ", result_.total.happened, " faults, ",
                     result_.total.listings, " listings, ", result_.total.missing, " missing (and ",
                     result_.total.two_writers, " where two nodes took writes), ",
                     result_.total.duplicates, " duplicates, ", result_.total.unavailable,
                     " unavailable so far; ", absl::FormatDuration(absl::Now() - begin)));
  }
  if (cluster_ != nullptr) {
    for (const auto& [why, times] : cluster_->failed_repairs()) {
      result_.refused["repair: " + why] += times;
    }
  }
  result_.changes = changes_;
  result_.reads = reads_;
  result_.took = absl::Now() - begin_;
  return std::move(result_);
}

}  // namespace

std::vector<NemesisFault> NemesisResult::NeverHappened() const {
  std::vector<NemesisFault> never;
  for (const auto& [fault, tally] : by_fault) {
    if (tally.happened < tally.planned) never.push_back(fault);
  }
  return never;
}

NemesisResult RunNemesis(const NemesisOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // hiredis writes to connections that are gone
  return Run(options).All();
}

}  // namespace atestore

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"
#include "tests/soak/nemesis_run.h"

namespace atestore {
namespace {

constexpr char kRow[] = "%-24s %-14s %8s %8s %8s %10s %8s %10s %6s %11s %6s\n";
constexpr char kMatrixName[] = "%-24s";
constexpr char kMatrixCell[] = " %28s";
constexpr char kKindRow[] = "%-24s %-14s %26s %10s %8s %10s %6s %11s %6s\n";

std::string Row(const std::string& fault, ServerKind kind, const NemesisTally& tally) {
  return absl::StrFormat(kRow, fault, std::string(ToString(kind)), absl::StrCat(tally.planned),
                         absl::StrCat(tally.happened), absl::StrCat(tally.listings),
                         absl::StrCat(tally.demanded), absl::StrCat(tally.missing),
                         absl::StrCat(tally.duplicates), absl::StrCat(tally.wrong),
                         absl::StrCat(tally.unavailable), absl::StrCat(tally.failed));
}

std::string MatrixCell(const NemesisTally* tally) {
  if (tally == nullptr) return "-";
  return absl::StrCat(tally->listings, ": ", tally->missing, " / ", tally->duplicates, " / ",
                      tally->wrong, " / ", tally->failed, "; ", tally->unavailable);
}

template <typename Key>
const NemesisTally* FindOrNull(const std::map<Key, NemesisTally>& tallies, Key key) {
  const auto found = tallies.find(key);
  return found == tallies.end() ? nullptr : &found->second;
}

void AppendJson(std::string* text, const NemesisTally& tally) {
  absl::StrAppend(text, R"({"planned":)", tally.planned, R"(,"happened":)", tally.happened,
                  R"(,"listings":)", tally.listings, R"(,"demanded":)", tally.demanded,
                  R"(,"missing":)", tally.missing, R"(,"two_writers":)", tally.two_writers,
                  R"(,"duplicates":)", tally.duplicates, R"(,"wrong":)", tally.wrong,
                  R"(,"unavailable":)", tally.unavailable, R"(,"failed":)", tally.failed, "}");
}

}  // namespace

std::string NemesisTable(ServerKind kind, const NemesisResult& result) {
  std::string table =
      absl::StrFormat(kRow, "fault", "server", "planned", "happened", "listings", "demanded",
                      "missing", "duplicates", "wrong", "unavailable", "failed");
  for (const auto& [fault, tally] : result.by_fault) {
    table += Row(std::string(ToString(fault)), kind, tally);
  }
  table += Row("all", kind, result.total);
  table += absl::StrFormat(kKindRow, "listed by", "server", "listings", "demanded", "missing",
                           "duplicates", "wrong", "unavailable", "failed");
  for (const auto& [listed_by, tally] : result.by_kind) {
    table += absl::StrFormat(kKindRow, std::string(ToString(listed_by)),
                             std::string(ToString(kind)), absl::StrCat(tally.listings),
                             absl::StrCat(tally.demanded), absl::StrCat(tally.missing),
                             absl::StrCat(tally.duplicates), absl::StrCat(tally.wrong),
                             absl::StrCat(tally.unavailable), absl::StrCat(tally.failed));
  }
  return table;
}

std::string NemesisMatrix(const std::map<ServerKind, NemesisResult>& results) {
  std::map<NemesisFault, bool> faults;
  std::map<NemesisKind, bool> kinds;
  std::string table = absl::StrFormat(kMatrixName, "fault");
  for (const auto& [server, result] : results) {
    table += absl::StrFormat(kMatrixCell, std::string(ToString(server)));
    for (const auto& [fault, tally] : result.by_fault) faults[fault] = true;
    for (const auto& [kind, tally] : result.by_kind) kinds[kind] = true;
  }
  auto add_row = [&](std::string_view name, const auto& tally_of) {
    absl::StrAppend(&table, "\n", absl::StrFormat(kMatrixName, std::string(name)));
    for (const auto& [server, result] : results) {
      table += absl::StrFormat(kMatrixCell, MatrixCell(tally_of(result)));
    }
  };
  for (const auto& [fault, planned] : faults) {
    add_row(ToString(fault), [&, &row = fault](const NemesisResult& result) {
      return FindOrNull(result.by_fault, row);
    });
  }
  for (const auto& [kind, used] : kinds) {
    add_row(
        "listed by " + std::string(ToString(kind)),
        [&, &row = kind](const NemesisResult& result) { return FindOrNull(result.by_kind, row); });
  }
  add_row("all", [](const NemesisResult& result) { return &result.total; });
  return "listings: missing / duplicates / wrong / failed; calls that said UNAVAILABLE\n" + table +
         "\n";
}

std::string NemesisSummary(ServerKind kind, uint64_t seed, const NemesisResult& result) {
  std::string text = absl::StrCat(R"(nemesis: {"server":")", ToAbsl(ToString(kind)), R"(","seed":)",
                                  seed, R"(,"rounds":)", result.rounds, R"(,"seconds":)",
                                  absl::ToInt64Seconds(result.took), R"(,"changes":)",
                                  result.changes, R"(,"reads":)", result.reads, R"(,"all":)");
  AppendJson(&text, result.total);
  text += R"(,"faults":{)";
  bool first = true;
  for (const auto& [fault, tally] : result.by_fault) {
    absl::StrAppend(&text, first ? "\"" : ",\"", ToAbsl(ToString(fault)), "\":");
    AppendJson(&text, tally);
    first = false;
  }
  text += R"(},"kinds":{)";
  first = true;
  for (const auto& [listed_by, tally] : result.by_kind) {
    absl::StrAppend(&text, first ? "\"" : ",\"", ToAbsl(ToString(listed_by)), "\":");
    AppendJson(&text, tally);
    first = false;
  }
  return text + "}}\n";
}

}  // namespace atestore

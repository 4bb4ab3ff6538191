#include "core/refusal_table.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

using Kind = ServerErrorKind;
using Code = absl::StatusCode;

constexpr std::string_view kUnavailable = "STORE_UNAVAILABLE";
constexpr std::string_view kRefused = "REDIS_REFUSED";

constexpr Refusal Elsewhere(std::string_view prefix, Kind kind) {
  return {prefix,
          kind,
          RefusalMeaning::kElsewhere,
          RefusalOutcome::kNotExecuted,
          Code::kUnavailable,
          kUnavailable,
          ""};
}

constexpr Refusal Wait(std::string_view prefix, Kind kind, std::string_view advice = "") {
  return {
      prefix,       kind,  RefusalMeaning::kWait, RefusalOutcome::kNotExecuted, Code::kUnavailable,
      kUnavailable, advice};
}

constexpr Refusal ForGood(std::string_view prefix, Kind kind, Code code, std::string_view reason,
                          std::string_view advice) {
  return {prefix, kind,  RefusalMeaning::kForGood, RefusalOutcome::kNotExecuted, code,
          reason, advice};
}

constexpr Refusal Refused(std::string_view prefix, std::string_view advice = "") {
  return ForGood(prefix, Kind::kOther, Code::kFailedPrecondition, kRefused, advice);
}

// The first words of error replies are part of the wire protocol; see the "Cluster specification"
// and tests/unit/golden/server_errors, which has the texts of real servers.
constexpr std::array kRows = {
    Elsewhere("MOVED", Kind::kMoved),
    Elsewhere("ASK", Kind::kAsk),
    Wait("TRYAGAIN", Kind::kTryAgain),
    Wait("CLUSTERDOWN", Kind::kClusterDown, "see CLUSTER INFO and CLUSTER NODES"),
    Wait("LOADING", Kind::kLoading),
    Wait("MASTERDOWN", Kind::kMasterDown),
    Wait("READONLY", Kind::kReadOnly),
    Wait("BUSY", Kind::kBusy, "a script or module command is running on the node"),
    Wait("EXECABORT", Kind::kExecAbort),
    Wait("ERR max number of clients*", Kind::kTooManyClients,
         "raise maxclients of the node or find out who holds its connections"),
    Wait("NOREPLICAS", Kind::kWritesRefused,
         "the node refuses writes until min-replicas-to-write replicas follow it"),
    Wait("MISCONF", Kind::kWritesRefused,
         "the node refuses writes because it cannot save them; see its log and disk"),
    Wait("INPROG", Kind::kUnknown),
    Wait("UNBLOCKED", Kind::kUnknown),
    Wait("NOMASTERLINK", Kind::kUnknown),
    ForGood("OOM", Kind::kOutOfMemory, Code::kResourceExhausted, "REDIS_OUT_OF_MEMORY",
            "the node has reached maxmemory: raise it, delete records or add primaries"),
    ForGood("WRONGTYPE", Kind::kWrongType, Code::kDataLoss, "RECORD_UNREADABLE", ""),
    ForGood("NOAUTH", Kind::kNoAuth, Code::kUnauthenticated, "REDIS_UNAUTHENTICATED",
            "check the user name and the password for Redis"),
    ForGood("WRONGPASS", Kind::kNoAuth, Code::kUnauthenticated, "REDIS_UNAUTHENTICATED",
            "check the user name and the password for Redis"),
    ForGood("ERR AUTH <password> called without any password configured*", Kind::kNoAuth,
            Code::kUnauthenticated, "REDIS_UNAUTHENTICATED",
            "the server's default user has no password; give a user name, or no password"),
    ForGood("NOPERM", Kind::kNoPermission, Code::kPermissionDenied, "REDIS_PERMISSION_DENIED",
            "grant it to the user with ACL SETUSER"),
    ForGood("ERR This instance has cluster support disabled*", Kind::kNotCluster,
            Code::kFailedPrecondition, "REDIS_NOT_A_CLUSTER",
            "give the address of a node with cluster-enabled yes"),
    ForGood("DENIED", Kind::kDenied, Code::kFailedPrecondition, kRefused,
            "the node is in protected mode: give its default user a password, or turn "
            "protected-mode off if the network is private"),
    Refused("CROSSSLOT"),
    Refused("NOSCRIPT"),
    Refused("NOTBUSY"),
    Refused("UNKILLABLE"),
    Refused("BUSYKEY"),
    Refused("BUSYGROUP"),
    Refused("NOGROUP"),
    Refused("NOSUB"),
    Refused("NOPROTO"),
    Refused("NOGOODSLAVE"),
    Refused("NOGOODPRIMARY"),
    Refused("NOQUORUM"),
    Refused("INVALIDOBJ"),
    Refused("ERR unknown command*",
            "the server is too old, or has the command renamed or disabled"),
    Refused("ERR unknown subcommand*",
            "the server is too old, or has the command renamed or disabled"),
    Refused("ERR DISABLED*", "the server has the command disabled"),
    // Any other text that begins with ERR: the text itself says what is wrong.
    Refusal{"ERR", Kind::kOther, RefusalMeaning::kForGood, RefusalOutcome::kUnknown,
            Code::kFailedPrecondition, kRefused, ""},
    // An error code of a newer server or of a module.
    Refusal{"", Kind::kUnknown, RefusalMeaning::kWait, RefusalOutcome::kUnknown, Code::kUnavailable,
            kUnavailable, ""},
};

bool Fits(std::string_view prefix, std::string_view text) {
  if (prefix.empty()) return true;
  if (prefix.ends_with('*')) return text.starts_with(prefix.substr(0, prefix.size() - 1));
  return text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == ' ');
}

}  // namespace

std::span<const Refusal> Refusals() { return kRows; }

const Refusal& FindRefusal(std::string_view text) {
  return *std::find_if(kRows.begin(), kRows.end(),
                       [text](const Refusal& row) { return Fits(row.prefix, text); });
}

const Refusal& RefusalOf(ServerErrorKind kind) {
  // The most general rows come last.
  if (kind == Kind::kUnknown) return kRows.back();
  if (kind == Kind::kOther) return *(kRows.end() - 2);
  return *std::find_if(kRows.begin(), kRows.end(),
                       [kind](const Refusal& row) { return row.kind == kind; });
}

std::string ToTableLine(const Refusal& row) {
  const auto meaning = [&] {
    switch (row.meaning) {
      case RefusalMeaning::kElsewhere:
        return "sent to the named node";
      case RefusalMeaning::kWait:
        return "retried";
      case RefusalMeaning::kForGood:
        return "reported at once";
    }
    return "";
  };
  const std::string prefix =
      row.prefix.empty() ? "anything else" : absl::StrCat("`", ToAbsl(row.prefix), "`");
  return absl::StrCat("| ", prefix, " | ", meaning(), " | ",
                      row.outcome == RefusalOutcome::kNotExecuted ? "not executed" : "unknown",
                      " | `", absl::StatusCodeToString(row.code), "` | `", ToAbsl(row.reason),
                      "` | ", ToAbsl(row.advice), row.advice.empty() ? "|" : " |");
}

}  // namespace atestore::inline v0

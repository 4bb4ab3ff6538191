#include "apps/kubectl-ate/count_actors.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/part_readers.h"
#include "apps/kubectl-ate/reading_plan.h"
#include "apps/kubectl-ate/remaining_parts.h"
#include "apps/kubectl-ate/resume_command.h"
#include "apps/kubectl-ate/retry.h"
#include "apps/kubectl-ate/table.h"
#include "apps/kubectl-ate/terminal.h"
#include "store/codec/actor_fields.h"
#include "store/codec/actor_json.h"

namespace atestore::cli {
namespace {

// How a value of the field `path` looks in a table: as in the table of actors.
std::string CellOf(const std::string& path, const std::string& value) {
  const ActorField* field = FindActorField(path);
  if (field == nullptr || field->kind != FieldKind::kEnum) return value;
  const std::string_view prefix = EnumPrefix(*field);
  return value.starts_with(prefix) ? value.substr(prefix.size()) : value;
}

std::string HeaderOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  std::string name = path.substr(dot == std::string::npos ? 0 : dot + 1);
  for (char& c : name) c = c == '_' ? ' ' : absl::ascii_toupper(static_cast<unsigned char>(c));
  return name;
}

void AppendJsonText(const std::string& text, std::string* json) {
  // What the service sends is UTF-8.
  if (!AppendJsonString(text, json)) json->append("\"\"");
}

using Readers = PartReaders<CountPage>;

class Count {
 public:
  Count(const CountActors& command, const Context& context)
      : command_(command), context_(context), progress_(context.err), parts_({}) {}

  int Run() {
    bool reached = false;
    const absl::StatusOr<ReadingPlan> plan = Plan(&reached);
    if (!plan.ok()) return Stop(plan.status());
    parts_ = RemainingParts(plan->page_tokens);
    Readers readers(HowToRead(*plan, reached), context_.interruption);
    while (!parts_.done()) {
      if (context_.interruption.interrupted()) return Stop(absl::CancelledError());
      std::optional<Readers::Event> event = readers.Next();
      if (!event) return Stop(absl::CancelledError());
      if (const auto* failure = std::get_if<absl::Status>(&event->what)) return Stop(*failure);
      if (const auto* waiting = std::get_if<Readers::Waiting>(&event->what)) {
        if (!said_waiting_) SayWaiting(waiting->status);
        said_waiting_ = true;
        continue;
      }
      said_waiting_ = false;
      Add(event->part, std::get<CountPage>(event->what));
    }
    return Finish();
  }

 private:
  absl::StatusOr<ReadingPlan> Plan(bool* reached) {
    Retrier retrier(context_.interruption, context_.deadline, kAttemptTime,
                    [this](const absl::Status& status) { SayWaiting(status); });
    absl::StatusOr<ReadingPlan> plan = PlanReading({.atespace = command_.atespace,
                                                    .filter = command_.filter,
                                                    .page_tokens = command_.page_tokens,
                                                    .parallel = command_.parallel},
                                                   context_, retrier);
    *reached = retrier.reached();
    return plan;
  }

  Readers::Options HowToRead(const ReadingPlan& plan, bool reached) const {
    return {.page_tokens = plan.page_tokens,
            .width = plan.width,
            .make_source = [this]() -> Readers::Source {
              return [this](const std::string& page_token, absl::Time deadline) {
                return Fetch(page_token, deadline);
              };
            },
            .deadline = context_.deadline,
            .reached = reached,
            .cancel = [this] { context_.api.Cancel(); }};
  }

  // Of any thread.
  absl::StatusOr<CountPage> Fetch(const std::string& page_token, absl::Time deadline) const {
    ateapi::CountActorsRequest request;
    request.set_atespace(command_.atespace);
    request.set_filter(command_.filter);
    for (const std::string& field : command_.by) request.add_group_by(field);
    request.set_page_token(page_token);
    absl::StatusOr<CountPage> page = context_.api.CountActors(request, deadline);
    if (absl::IsUnimplemented(page.status())) {
      return absl::FailedPreconditionError(
          "the service is older than this program and cannot count; kubectl-ate get actors -o "
          "name | wc -l counts too, more slowly");
    }
    return page;
  }

  void Add(size_t part, const CountPage& page) {
    for (const ateapi::ActorCount& count : page.response.counts()) {
      sums_[{count.group().begin(), count.group().end()}] += count.count();
      total_ += count.count();
    }
    skipped_records_ += page.skipped_records;
    parts_.Advance(part, page.response.next_page_token());
    began_ = true;
    progress_.Show(parts_.progress(), total_, absl::Now());
  }

  int Finish() {
    progress_.Clear();
    if (!Print()) return kExitFailure;
    if (skipped_records_ > 0) {
      Say(context_, absl::StrCat("warning: ", skipped_records_,
                                 skipped_records_ == 1 ? " record" : " records",
                                 " could not be read and were not counted; the log of ateapi names "
                                 "them"));
    }
    return kExitOk;
  }

  std::vector<std::string> TokensLeft() const {
    return began_ ? parts_.page_tokens() : command_.page_tokens;
  }

  void SayWaiting(const absl::Status& status) {
    progress_.Clear();
    Say(context_, absl::StrCat("waiting for ateapi: ", ErrorText(status, context_.connection)));
  }

  bool Print() {
    const std::string text =
        command_.output.format == OutputFormat::kJson ? JsonText() : TableText();
    return Written(context_, WriteAll(context_.out, text)) == kExitOk;
  }

  std::string TableText() const {
    Row header;
    for (const std::string& path : command_.by) header.push_back(HeaderOf(path));
    header.emplace_back("COUNT");
    std::vector<Row> rows;
    for (const auto& [group, count] : sums_) {
      Row row;
      for (size_t i = 0; i < group.size() && i < command_.by.size(); ++i) {
        row.push_back(CellOf(command_.by[i], group[i]));
      }
      row.push_back(absl::StrCat(count));
      rows.push_back(std::move(row));
    }
    // One number in any case.
    if (command_.by.empty() && rows.empty()) rows.push_back({"0"});
    return Table(command_.output.no_headers ? Row() : header).Format(rows);
  }

  std::string JsonText() const {
    std::string json = "{\"counts\":[";
    bool first = true;
    for (const auto& [group, count] : sums_) {
      absl::StrAppend(&json, first ? "\n{" : ",\n{");
      first = false;
      for (size_t i = 0; i < group.size() && i < command_.by.size(); ++i) {
        AppendJsonText(command_.by[i], &json);
        json += ':';
        AppendJsonText(group[i], &json);
        json += ',';
      }
      absl::StrAppend(&json, "\"count\":", count, "}");
    }
    absl::StrAppend(&json, first ? "" : "\n", "],\"total\":", total_);
    if (const std::vector<std::string> left = TokensLeft(); !left.empty()) {
      json += ",\"nextPageToken\":";
      AppendJsonText(absl::StrJoin(left, ","), &json);
    }
    return json + "}\n";
  }

  int Stop(const absl::Status& status) {
    const bool interrupted = context_.interruption.interrupted();
    progress_.Clear();
    const bool resumable =
        interrupted || (!TokensLeft().empty() && !absl::IsInvalidArgument(status));
    // Nothing that could be taken for the whole count.
    if (resumable && total_ > 0) Print();
    if (interrupted) {
      Say(context_, "interrupted");
    } else {
      SayError(context_, status);
    }
    if (resumable) {
      Say(context_, absl::StrCat("incomplete: ", WithThousands(total_),
                                 " actors counted so far; to count the others:"));
      Say(context_, absl::StrCat("  ", ResumeCommand(command_, context_.connection,
                                                     context_.timeout, TokensLeft())));
    }
    return interrupted ? kExitInterrupted : kExitFailure;
  }

  const CountActors& command_;
  const Context& context_;
  ProgressLine progress_;
  RemainingParts parts_;
  bool began_ = false;         // something of parts_ is counted
  bool said_waiting_ = false;  // since the last answer
  std::map<std::vector<std::string>, int64_t> sums_;
  int64_t total_ = 0;
  int64_t skipped_records_ = 0;
};

}  // namespace

int RunCountActors(const CountActors& command, const Context& context) {
  return Count(command, context).Run();
}

}  // namespace atestore::cli

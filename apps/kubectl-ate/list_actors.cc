#include "apps/kubectl-ate/list_actors.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/actor_source.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/part_readers.h"
#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/reading_plan.h"
#include "apps/kubectl-ate/remaining_parts.h"
#include "apps/kubectl-ate/resume_command.h"
#include "apps/kubectl-ate/retry.h"
#include "apps/kubectl-ate/terminal.h"

namespace atestore::cli {
namespace {

// Rows that are enough to know how wide columns are, as a page has them.
constexpr int64_t kRowsHeldMax = 1000;

using Readers = PartReaders<ListPage>;

struct HeldPage {
  size_t part;
  ListPage page;
};

bool HasColumns(const OutputOptions& output) {
  return output.format == OutputFormat::kTable || output.format == OutputFormat::kWide ||
         output.format == OutputFormat::kCustomColumns;
}

// One run of a listing. The readers are ahead of it on threads of their own; what it has printed
// entirely is behind the tokens of parts_.
class Listing {
 public:
  Listing(const ListActors& command, const Context& context)
      : command_(command),
        context_(context),
        printer_(MakePrinter(command.output, "actors")),
        rows_on_terminal_(isatty(context.out) == 1),
        progress_(context.err),
        parts_({}) {}

  int Run();

 private:
  absl::StatusOr<ReadingPlan> Plan(bool* reached);
  Readers::Options HowToRead(const ReadingPlan& plan, bool reached) const;
  std::optional<int> OnEvent(Readers::Event& event);
  std::optional<int> OnPage(size_t part, ListPage& page);
  bool HoldsEnough() const;
  std::optional<int> ShowHeld();
  bool ReachedLimit() const { return command_.limit && actors_ >= *command_.limit; }
  bool Keep(std::vector<ateapi::Actor> actors);
  bool Write(const std::string& text);
  bool PrintEnd();
  std::vector<std::string> TokensLeft() const;
  void SayWaiting(const absl::Status& status);
  void SayResume();
  void SayIfNoAtespace();
  int Finish();
  int Stop(const absl::Status& status);
  int OutputEnded();
  std::optional<int64_t> RowsOfCutText() const;
  void SayHowToRepeat();
  void SayCommand(const std::vector<std::string>& page_tokens);

  const ListActors& command_;
  const Context& context_;
  const std::unique_ptr<Printer> printer_;
  const bool rows_on_terminal_;  // perhaps the one that shows the progress
  ProgressLine progress_;
  RemainingParts parts_;
  bool began_ = false;  // something of parts_ is behind
  // Pages that were not printed yet. The columns of a table are to fit the first pages of so many
  // parts; 0: each page is printed when it comes.
  std::vector<HeldPage> held_;
  size_t parts_to_hold_ = 0;
  int64_t actors_ = 0;
  int64_t skipped_records_ = 0;
  bool said_waiting_ = false;  // since the last page
  bool asked_for_atespace_ = false;
  std::vector<ateapi::Actor> collected_;  // with --sort
  WriteResult output_ = WriteResult::kWritten;
  bool wrote_ = false;  // something of the document
  int output_errno_ = 0;
  std::string cut_;  // what got out of the text whose writing failed
};

int Listing::Run() {
  if (!Write(printer_->Begin())) return OutputEnded();
  bool reached = false;
  const absl::StatusOr<ReadingPlan> plan = Plan(&reached);
  if (!plan.ok()) return Stop(plan.status());
  if (plan->page_tokens.empty()) return PrintEnd() ? Finish() : OutputEnded();
  parts_ = RemainingParts(plan->page_tokens);
  if (HasColumns(command_.output)) {
    parts_to_hold_ = std::min(plan->width, plan->page_tokens.size());
  }
  Readers readers(HowToRead(*plan, reached), context_.interruption);
  while (!context_.interruption.interrupted()) {
    std::optional<Readers::Event> event = readers.Next();
    if (!event) break;
    if (const std::optional<int> exit_status = OnEvent(*event)) return *exit_status;
  }
  return Stop(absl::CancelledError());
}

absl::StatusOr<ReadingPlan> Listing::Plan(bool* reached) {
  Retrier retrier(context_.interruption, context_.deadline, kAttemptTime,
                  [this](const absl::Status& status) { SayWaiting(status); });
  const WhatToRead what{.atespace = command_.atespace,
                        .filter = command_.filter,
                        .page_tokens = command_.page_tokens,
                        // The first so many actors are those of one chain of pages.
                        .parallel = command_.limit ? 1 : command_.parallel};
  absl::StatusOr<ReadingPlan> plan = PlanReading(what, context_, retrier);
  *reached = retrier.reached();
  return plan;
}

Readers::Options Listing::HowToRead(const ReadingPlan& plan, bool reached) const {
  return {.page_tokens = plan.page_tokens,
          .width = plan.width,
          .make_source = [this, by_stream = !plan.service_is_older]() -> Readers::Source {
            auto source =
                std::make_shared<ActorSource>(command_, context_.api, context_.deadline, by_stream);
            return [source](const std::string& page_token, absl::Time deadline) {
              return source->Next(page_token, deadline);
            };
          },
          .deadline = context_.deadline,
          .reached = reached,
          .cancel = [this] { context_.api.Cancel(); }};
}

// The exit status, when this event is the last.
std::optional<int> Listing::OnEvent(Readers::Event& event) {
  if (const auto* failure = std::get_if<absl::Status>(&event.what)) return Stop(*failure);
  if (const auto* waiting = std::get_if<Readers::Waiting>(&event.what)) {
    if (!said_waiting_) SayWaiting(waiting->status);
    said_waiting_ = true;
    parts_to_hold_ = 0;
    return held_.empty() ? std::nullopt : ShowHeld();
  }
  said_waiting_ = false;
  return OnPage(event.part, std::get<ListPage>(event.what));
}

std::optional<int> Listing::OnPage(size_t part, ListPage& page) {
  held_.push_back({.part = part, .page = std::move(page)});
  return HoldsEnough() ? ShowHeld() : std::nullopt;
}

bool Listing::HoldsEnough() const {
  std::set<size_t> parts;
  int64_t rows = 0;
  for (const HeldPage& held : held_) {
    parts.insert(held.part);
    rows += held.page.response.actors_size();
  }
  return parts.size() >= parts_to_hold_ || rows >= kRowsHeldMax;
}

// The exit status, when these pages are the last.
std::optional<int> Listing::ShowHeld() {
  parts_to_hold_ = 0;
  std::vector<ateapi::Actor> actors;
  for (HeldPage& held : held_) {
    std::move(held.page.response.mutable_actors()->begin(),
              held.page.response.mutable_actors()->end(), std::back_inserter(actors));
    skipped_records_ += held.page.skipped_records;
  }
  if (!Keep(std::move(actors))) return OutputEnded();
  for (const HeldPage& held : held_) {
    parts_.Advance(held.part, held.page.response.next_page_token());
  }
  began_ = true;
  held_.clear();
  if (parts_.done()) return PrintEnd() ? Finish() : OutputEnded();
  if (ReachedLimit()) {
    if (!PrintEnd()) return OutputEnded();
    SayResume();
    return kExitOk;
  }
  // A listing of one small atespace among many may not print for a long time.
  if (ReaderIsGone(context_.out)) return kExitOk;
  SayIfNoAtespace();
  progress_.Show(parts_.progress(), actors_, absl::Now());
  return std::nullopt;
}

bool Listing::Keep(std::vector<ateapi::Actor> actors) {
  const auto count = static_cast<int64_t>(actors.size());
  if (command_.sort) {
    std::move(actors.begin(), actors.end(), std::back_inserter(collected_));
  } else if (!Write(printer_->Print(actors))) {
    return false;
  }
  actors_ += count;
  return true;
}

bool Listing::Write(const std::string& text) {
  if (text.empty()) return true;
  if (rows_on_terminal_) progress_.Clear();
  size_t written = 0;
  output_ = WriteAll(context_.out, text, &written);
  if (output_ == WriteResult::kWritten) {
    wrote_ = true;
    return true;
  }
  output_errno_ = errno;
  cut_ = text.substr(0, written);
  return false;
}

bool Listing::PrintEnd() {
  progress_.Clear();
  if (command_.sort) {
    std::sort(collected_.begin(), collected_.end(),
              [](const ateapi::Actor& left, const ateapi::Actor& right) {
                return std::tie(left.atespace(), left.actor_id()) <
                       std::tie(right.atespace(), right.actor_id());
              });
    if (!Write(printer_->Print(collected_))) return false;
  }
  return Write(printer_->End());
}

void Listing::SayWaiting(const absl::Status& status) {
  progress_.Clear();
  Say(context_, absl::StrCat("waiting for ateapi: ", ErrorText(status, context_.connection)));
}

void Listing::SayResume() {
  Say(context_, absl::StrCat("to continue after ", WithThousands(actors_),
                             actors_ == 1 ? " actor:" : " actors:"));
  SayCommand(TokensLeft());
}

void Listing::SayCommand(const std::vector<std::string>& page_tokens) {
  Say(context_, absl::StrCat("  ", ResumeCommand(command_, context_.connection, context_.timeout,
                                                 page_tokens)));
}

// Where nothing was printed yet, it is still what the command said.
std::vector<std::string> Listing::TokensLeft() const {
  return began_ ? parts_.page_tokens() : command_.page_tokens;
}

int Listing::Finish() {
  if (skipped_records_ > 0) {
    Say(context_,
        absl::StrCat("warning: ", skipped_records_, skipped_records_ == 1 ? " record" : " records",
                     " could not be read and were skipped; the log of ateapi names them"));
  }
  if (actors_ > 0) return kExitOk;
  Say(context_, "No resources found.");
  SayIfNoAtespace();
  return kExitOk;
}

// As soon as a page held nothing: records without an atespace are listed too, but someone who
// mistyped a name need not wait until every actor was looked at.
void Listing::SayIfNoAtespace() {
  if (command_.atespace.empty() || actors_ > 0 || asked_for_atespace_) return;
  asked_for_atespace_ = true;
  const absl::Time deadline = std::min(context_.deadline, absl::Now() + absl::Seconds(5));
  if (!absl::IsNotFound(context_.api.GetAtespace(command_.atespace, deadline).status())) return;
  progress_.Clear();
  Say(context_, absl::StrCat("note: there is no atespace \"", command_.atespace,
                             "\"; kubectl-ate get atespaces lists them"));
}

int Listing::Stop(const absl::Status& status) {
  const bool interrupted = context_.interruption.interrupted();
  if (!PrintEnd()) return OutputEnded();
  if (interrupted) {
    Say(context_, "interrupted");
  } else {
    SayError(context_, status);
  }
  // A token that was refused leads nowhere, and the start needs no token.
  if (interrupted || (!TokensLeft().empty() && !absl::IsInvalidArgument(status))) SayResume();
  return interrupted ? kExitInterrupted : kExitFailure;
}

int Listing::OutputEnded() {
  progress_.Clear();
  if (output_ == WriteResult::kReaderGone) return kExitOk;
  Say(context_,
      absl::StrCat("error: ",
                   absl::ErrnoToStatus(output_errno_, "cannot write the output").message()));
  SayHowToRepeat();
  return kExitFailure;
}

// Whole rows of the text that was cut short; nullopt where a row is not a line.
std::optional<int64_t> Listing::RowsOfCutText() const {
  const OutputFormat format = command_.output.format;
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) return std::nullopt;
  const bool table = format == OutputFormat::kTable || format == OutputFormat::kWide;
  const bool header = table && !command_.output.no_headers && !wrote_;
  const auto lines = static_cast<int64_t>(std::count(cut_.begin(), cut_.end(), '\n'));
  return std::max<int64_t>(0, lines - (header ? 1 : 0));
}

// The page that was cut short comes again as a whole, for a token stands between two pages only.
void Listing::SayHowToRepeat() {
  if (command_.sort) {
    Say(context_, "a sorted list cannot be continued; start again:");
    return SayCommand(command_.page_tokens);
  }
  if (const std::optional<int64_t> rows = RowsOfCutText()) {
    const std::string repeated =
        *rows == 0 ? "none of them again"
                   : absl::StrCat("the last ", WithThousands(*rows), " of them again");
    Say(context_, absl::StrCat(WithThousands(actors_ + *rows), " whole ",
                               actors_ + *rows == 1 ? "row was" : "rows were",
                               " written; this command continues, and prints ", repeated, ":"));
  } else {
    Say(context_, absl::StrCat("the document is incomplete; this prints what follows the first ",
                               WithThousands(actors_), " actors, as a separate document:"));
  }
  SayCommand(TokensLeft());
}

}  // namespace

int RunListActors(const ListActors& command, const Context& context) {
  return Listing(command, context).Run();
}

}  // namespace atestore::cli

#include "apps/kubectl-ate/list_actors.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/output_format.h"
#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/resume_command.h"
#include "apps/kubectl-ate/retry.h"
#include "apps/kubectl-ate/terminal.h"

namespace atestore::cli {
namespace {

constexpr int32_t kPageSizeMax = 1000;

// One run of a listing: the token behind the last page that was printed is its only state that
// matters outside.
class Listing {
 public:
  Listing(const ListActors& command, const Context& context)
      : command_(command),
        context_(context),
        printer_(MakePrinter(command.output, "actors")),
        fields_(FieldsShown(command.output)),
        rows_on_terminal_(isatty(context.out) == 1),
        progress_(context.err),
        retrier_(context.interruption, context.deadline, kAttemptTime,
                 [this](const absl::Status& status) { SayWaiting(status); }),
        token_(command.page_token) {}

  int Run();

 private:
  enum class Next { kPage, kFinished, kLimit };

  absl::StatusOr<ListPage> Fetch();
  Next AfterPage() const;
  bool Keep(ListPage& page);
  bool Write(const std::string& text);
  bool PrintEnd();
  void SayWaiting(const absl::Status& status);
  void SayResume();
  void SayIfNoAtespace();
  int Finish();
  int Stop(const absl::Status& status);
  int OutputEnded();
  std::optional<int64_t> RowsOfCutText() const;
  void SayHowToRepeat();
  void SayCommand();

  const ListActors& command_;
  const Context& context_;
  const std::unique_ptr<Printer> printer_;
  const std::vector<std::string> fields_;  // that are shown; empty: all
  const bool rows_on_terminal_;            // perhaps the one that shows the progress
  ProgressLine progress_;
  Retrier retrier_;
  std::string token_;
  int64_t actors_ = 0;
  int64_t skipped_records_ = 0;
  bool asked_for_atespace_ = false;
  std::vector<ateapi::Actor> collected_;  // with --sort
  WriteResult output_ = WriteResult::kWritten;
  bool wrote_ = false;  // something of the document
  int output_errno_ = 0;
  std::string cut_;  // what got out of the text whose writing failed
};

int Listing::Run() {
  if (!Write(printer_->Begin())) return OutputEnded();
  for (;;) {
    if (context_.interruption.interrupted()) return Stop(absl::CancelledError());
    absl::StatusOr<ListPage> page = Fetch();
    if (!page.ok()) return Stop(page.status());
    if (!Keep(*page)) return OutputEnded();
    token_ = page->response.next_page_token();
    switch (AfterPage()) {
      case Next::kFinished:
        return PrintEnd() ? Finish() : OutputEnded();
      case Next::kLimit:
        if (!PrintEnd()) return OutputEnded();
        SayResume();
        return kExitOk;
      case Next::kPage:
        // A listing of one small atespace among many may not print for a long time.
        if (ReaderIsGone(context_.out)) return kExitOk;
        SayIfNoAtespace();
        progress_.Show(page->progress, actors_, absl::Now());
    }
  }
}

absl::StatusOr<ListPage> Listing::Fetch() {
  ateapi::ListActorsRequest request;
  request.set_atespace(command_.atespace);
  request.set_page_token(token_);
  request.set_page_size(command_.chunk_size);
  request.set_filter(command_.filter);
  for (const std::string& field : fields_) request.mutable_read_mask()->add_paths(field);
  if (command_.limit) {
    const int64_t chunk = command_.chunk_size > 0 ? command_.chunk_size : kPageSizeMax;
    request.set_page_size(static_cast<int32_t>(std::min(chunk, *command_.limit - actors_)));
  }
  absl::StatusOr<ListPage> page = absl::UnknownError("no attempt was made");
  const absl::Status status = retrier_.Run([&](absl::Time deadline) {
    page = context_.api.ListActors(request, deadline);
    return page.status();
  });
  if (status.ok() && !page->response.next_page_token().empty() &&
      page->response.next_page_token() == token_ && page->response.actors_size() > 0) {
    return absl::InternalError("the service answers the same page again and again");
  }
  // Silence is not consent: without the filter these are all actors.
  if (status.ok() && !command_.filter.empty() && !page->filter_applied) {
    return absl::FailedPreconditionError(
        "the service does not know filters, it is older than this program; nothing that it listed "
        "is shown. Without --filter, --field-selector and -l it lists everything");
  }
  return page;
}

Listing::Next Listing::AfterPage() const {
  if (token_.empty()) return Next::kFinished;
  return command_.limit && actors_ >= *command_.limit ? Next::kLimit : Next::kPage;
}

bool Listing::Keep(ListPage& page) {
  skipped_records_ += page.skipped_records;
  std::vector<ateapi::Actor> actors(
      std::make_move_iterator(page.response.mutable_actors()->begin()),
      std::make_move_iterator(page.response.mutable_actors()->end()));
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
  Say(context_, absl::StrCat("to go on after ", WithThousands(actors_),
                             actors_ == 1 ? " actor:" : " actors:"));
  SayCommand();
}

void Listing::SayCommand() {
  Say(context_,
      absl::StrCat("  ", ResumeCommand(command_, context_.connection, context_.timeout, token_)));
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

// As soon as a page held nothing: records without an atespace are listed too, but whoever mistyped
// a name need not wait until every actor was looked at.
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
  if (interrupted || (!token_.empty() && !absl::IsInvalidArgument(status))) SayResume();
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
    Say(context_, "a sorted list cannot be continued; begin anew:");
    token_ = command_.page_token;
  } else if (const std::optional<int64_t> rows = RowsOfCutText()) {
    const std::string repeated =
        *rows == 0 ? "none of them again"
                   : absl::StrCat("the last ", WithThousands(*rows), " of them again");
    Say(context_, absl::StrCat(WithThousands(actors_ + *rows), " whole ",
                               actors_ + *rows == 1 ? "row was" : "rows were",
                               " written; this goes on, and prints ", repeated, ":"));
  } else {
    Say(context_, absl::StrCat("the document is cut short; this prints what follows the first ",
                               WithThousands(actors_), " actors, as a document of its own:"));
  }
  SayCommand();
}

}  // namespace

int RunListActors(const ListActors& command, const Context& context) {
  return Listing(command, context).Run();
}

}  // namespace atestore::cli

#include "apps/kubectl-ate/count_actors.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/error_text.h"
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

class Count {
 public:
  Count(const CountActors& command, const Context& context)
      : command_(command),
        context_(context),
        progress_(context.err),
        retrier_(context.interruption, context.deadline, kAttemptTime,
                 [this](const absl::Status& status) { SayWaiting(status); }),
        token_(command.page_token) {}

  int Run() {
    do {
      if (context_.interruption.interrupted()) return Stop(absl::CancelledError());
      absl::StatusOr<CountPage> page = Fetch();
      if (!page.ok()) return Stop(page.status());
      for (const ateapi::ActorCount& count : page->response.counts()) {
        sums_[{count.group().begin(), count.group().end()}] += count.count();
        total_ += count.count();
      }
      skipped_records_ += page->skipped_records;
      token_ = page->response.next_page_token();
      progress_.Show(page->progress, total_, absl::Now());
    } while (!token_.empty());
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

 private:
  absl::StatusOr<CountPage> Fetch() {
    ateapi::CountActorsRequest request;
    request.set_atespace(command_.atespace);
    request.set_filter(command_.filter);
    for (const std::string& field : command_.by) request.add_group_by(field);
    request.set_page_token(token_);
    absl::StatusOr<CountPage> page = absl::UnknownError("no attempt was made");
    static_cast<void>(retrier_.Run([&](absl::Time deadline) {
      page = context_.api.CountActors(request, deadline);
      return page.status();
    }));
    if (absl::IsUnimplemented(page.status())) {
      return absl::FailedPreconditionError(
          "the service does not count, it is older than this program; kubectl-ate get actors -o "
          "name | wc -l does it the long way");
    }
    return page;
  }

  void SayWaiting(const absl::Status& status) {
    progress_.Clear();
    Say(context_, absl::StrCat("waiting for ateapi: ", ErrorText(status, context_.connection)));
  }

  bool Print() {
    const std::string text =
        command_.output.format == OutputFormat::kJson ? JsonText() : TableText();
    const WriteResult result = WriteAll(context_.out, text);
    if (result == WriteResult::kFailed) Say(context_, "error: cannot write the output");
    return result != WriteResult::kFailed;
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
    if (!token_.empty()) {
      json += ",\"nextPageToken\":";
      AppendJsonText(token_, &json);
    }
    return json + "}\n";
  }

  int Stop(const absl::Status& status) {
    const bool interrupted = context_.interruption.interrupted();
    progress_.Clear();
    const bool resumable = interrupted || (!token_.empty() && !absl::IsInvalidArgument(status));
    // Nothing that could be taken for the whole count.
    if (resumable && total_ > 0) Print();
    if (interrupted) {
      Say(context_, "interrupted");
    } else {
      SayError(context_, status);
    }
    if (resumable) {
      Say(context_, absl::StrCat("this is a part: ", WithThousands(total_),
                                 " are counted; to count the others:"));
      Say(context_, absl::StrCat("  ", ResumeCommand(command_, context_.connection,
                                                     context_.timeout, token_)));
    }
    return interrupted ? kExitInterrupted : kExitFailure;
  }

  const CountActors& command_;
  const Context& context_;
  ProgressLine progress_;
  Retrier retrier_;
  std::string token_;
  std::map<std::vector<std::string>, int64_t> sums_;
  int64_t total_ = 0;
  int64_t skipped_records_ = 0;
};

}  // namespace

int RunCountActors(const CountActors& command, const Context& context) {
  return Count(command, context).Run();
}

}  // namespace atestore::cli

#include "apps/kubectl-ate/run.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/count_actors.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/list_actors.h"
#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/retry.h"
#include "apps/kubectl-ate/terminal.h"
#include "apps/kubectl-ate/text.h"

namespace atestore::cli {
namespace {

int Written(const Context& context, WriteResult result) {
  if (result != WriteResult::kFailed) return kExitOk;
  Say(context,
      absl::StrCat("error: ", absl::ErrnoToStatus(errno, "cannot write the output").message()));
  return kExitFailure;
}

// Lists that are not paged: the service walks the whole cluster for one answer, however large it
// is. A connection that died meanwhile is found out by pings (channel.cc).
constexpr absl::Duration kWholeClusterTime = absl::InfiniteDuration();

// Reads with retries: `read` gets the deadline of an attempt and returns a StatusOr.
template <typename Read>
auto ReadAgain(const Context& context, absl::Duration attempt_time, const Read& read) {
  Retrier retrier(
      context.interruption, context.deadline, attempt_time, [&context](const absl::Status& status) {
        Say(context, absl::StrCat("waiting for ateapi: ", ErrorText(status, context.connection)));
      });
  decltype(read(absl::Time())) result = absl::UnknownError("no attempt was made");
  static_cast<void>(retrier.Run([&](absl::Time deadline) {
    result = read(deadline);
    return result.status();
  }));
  return result;
}

// Prints records that are all in memory.
template <typename Record>
int PrintAll(const Context& context, const OutputOptions& output, std::string_view plural,
             const absl::StatusOr<std::vector<Record>>& records) {
  if (!records.ok()) return Fail(context, records.status());
  const std::unique_ptr<Printer> printer = MakePrinter(output, plural);
  std::string text = printer->Begin();
  text += printer->Print(*records);
  text += printer->End();
  const int exit_status = Written(context, WriteAll(context.out, text));
  if (records->empty()) Say(context, "No resources found.");
  return exit_status;
}

// The same for one record.
template <typename Record>
int PrintOne(const Context& context, const OutputOptions& output, std::string_view plural,
             const absl::StatusOr<Record>& record) {
  if (!record.ok()) return Fail(context, record.status());
  return PrintAll(context, output, plural,
                  absl::StatusOr<std::vector<Record>>(std::vector<Record>{*record}));
}

int Done(const Context& context, const absl::Status& status, const std::string& what) {
  if (!status.ok()) return Fail(context, status);
  return Written(context, WriteAll(context.out, Printable(what) + "\n"));
}

ateapi::CreateActorRequest RequestOf(const CreateActor& command) {
  ateapi::CreateActorRequest request;
  request.mutable_actor_ref()->set_atespace(command.name.atespace);
  request.mutable_actor_ref()->set_name(command.name.id);
  request.set_actor_template_namespace(command.template_namespace);
  request.set_actor_template_name(command.template_name);
  for (const auto& [key, value] : command.worker_selector) {
    (*request.mutable_worker_selector()->mutable_match_labels())[key] = value;
  }
  return request;
}

struct Runner {
  const Context& context;

  int operator()(const ListActors& command) const { return RunListActors(command, context); }

  int operator()(const CountActors& command) const { return RunCountActors(command, context); }

  int operator()(const GetActor& command) const {
    return PrintOne(context, command.output, "actors",
                    ReadAgain(context, kAttemptTime, [&](absl::Time deadline) {
                      return context.api.GetActor(command.name, deadline);
                    }));
  }

  int operator()(const ListAtespaces& command) const {
    return PrintAll(context, command.output, "atespaces",
                    ReadAgain(context, kWholeClusterTime, [&](absl::Time deadline) {
                      return context.api.ListAtespaces(deadline);
                    }));
  }

  int operator()(const GetAtespace& command) const {
    return PrintOne(context, command.output, "atespaces",
                    ReadAgain(context, kAttemptTime, [&](absl::Time deadline) {
                      return context.api.GetAtespace(command.name, deadline);
                    }));
  }

  int operator()(const ListWorkers& command) const {
    return PrintAll(context, command.output, "workers",
                    ReadAgain(context, kWholeClusterTime, [&](absl::Time deadline) {
                      return context.api.ListWorkers(deadline);
                    }));
  }

  int operator()(const CreateAtespace& command) const {
    return Done(context, context.api.CreateAtespace(command.name, context.deadline),
                absl::StrCat("atespace/", command.name, " created"));
  }

  int operator()(const CreateActor& command) const {
    return Done(context, context.api.CreateActor(RequestOf(command), context.deadline).status(),
                absl::StrCat("actor/", command.name.atespace, "/", command.name.id, " created"));
  }

  // Goes on after a failure, so that one actor that cannot be deleted does not keep the others.
  int operator()(const DeleteActors& command) const {
    int exit_status = kExitOk;
    for (const ActorName& name : command.names) {
      if (context.interruption.interrupted()) return Fail(context, absl::CancelledError());
      const int status = Done(context, context.api.DeleteActor(name, context.deadline),
                              absl::StrCat("actor/", name.atespace, "/", name.id, " deleted"));
      if (status != kExitOk) exit_status = status;
    }
    return exit_status;
  }

  int operator()(const DeleteAtespaces& command) const {
    int exit_status = kExitOk;
    for (const std::string& name : command.names) {
      if (context.interruption.interrupted()) return Fail(context, absl::CancelledError());
      const int status = Done(context, context.api.DeleteAtespace(name, context.deadline),
                              absl::StrCat("atespace/", name, " deleted"));
      if (status != kExitOk) exit_status = status;
    }
    return exit_status;
  }

  int operator()(const PrintText& command) const {
    return Written(context, WriteAll(context.out, command.text));
  }

  int operator()(const CompleteWords& command) const { return RunComplete(command, context.out); }
};

}  // namespace

int RunCommand(const Command& command, const Context& context) {
  return std::visit(Runner{context}, command);
}

}  // namespace atestore::cli

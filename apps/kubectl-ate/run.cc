#include "apps/kubectl-ate/run.h"

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/count_actors.h"
#include "apps/kubectl-ate/list_actors.h"
#include "apps/kubectl-ate/list_records.h"
#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/read_again.h"
#include "apps/kubectl-ate/terminal.h"
#include "apps/kubectl-ate/text.h"

namespace atestore::cli {
namespace {

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

  int operator()(const ListAtespaces& command) const { return RunListAtespaces(command, context); }

  int operator()(const GetAtespace& command) const {
    return PrintOne(context, command.output, "atespaces",
                    ReadAgain(context, kAttemptTime, [&](absl::Time deadline) {
                      return context.api.GetAtespace(command.name, deadline);
                    }));
  }

  int operator()(const ListWorkers& command) const { return RunListWorkers(command, context); }

  int operator()(const CreateAtespace& command) const {
    return Done(context, context.api.CreateAtespace(command.name, context.deadline),
                absl::StrCat("atespace/", command.name, " created"));
  }

  int operator()(const CreateActor& command) const {
    return Done(context, context.api.CreateActor(RequestOf(command), context.deadline).status(),
                absl::StrCat("actor/", command.name.atespace, "/", command.name.id, " created"));
  }

  // Continues after a failure, so that one actor that cannot be deleted does not stop the others.
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

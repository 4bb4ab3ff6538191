#pragma once

#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "apps/kubectl-ate/context.h"
#include "apps/kubectl-ate/control_api.h"
#include "gtest/gtest.h"

namespace atestore::cli {

// A pipe whose reader collects everything.
class PipeEnd {
 public:
  PipeEnd() {
    EXPECT_EQ(pipe(fds_), 0);
    reader_ = std::thread([this] {
      char buffer[4096];
      for (ssize_t size; (size = read(fds_[0], buffer, sizeof(buffer))) > 0;) {
        text_.append(buffer, static_cast<size_t>(size));
      }
    });
  }
  ~PipeEnd() { Text(); }
  PipeEnd(const PipeEnd&) = delete;
  PipeEnd& operator=(const PipeEnd&) = delete;

  int fd() const { return fds_[1]; }
  // Ends the writing; what was written.
  const std::string& Text() {
    if (reader_.joinable()) {
      close(fds_[1]);
      reader_.join();
      close(fds_[0]);
    }
    return text_;
  }

 private:
  int fds_[2];
  std::thread reader_;
  std::string text_;
};

// A stream that ends at once with an error.
class FailedStream final : public ActorStream {
 public:
  explicit FailedStream(absl::Status status) : status_(std::move(status)) {}
  absl::StatusOr<ListPage> Next(absl::Time) override { return status_; }

 private:
  const absl::Status status_;
};

// A service that knows no method.
class UnimplementedApi : public ControlApi {
 public:
  absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  std::unique_ptr<ActorStream> ReadActors(const ateapi::ListActorsRequest&, absl::Time) override {
    return std::make_unique<FailedStream>(absl::UnimplementedError(""));
  }
  absl::StatusOr<std::vector<std::string>> PartitionActors(const ateapi::PartitionActorsRequest&,
                                                           absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<ateapi::Actor> GetActor(const ActorName&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest&,
                                            absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::Status DeleteActor(const ActorName&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<AtespacePage> ListAtespaces(const std::string&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<ateapi::Atespace> GetAtespace(const std::string&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::Status CreateAtespace(const std::string&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::Status DeleteAtespace(const std::string&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<WorkerPage> ListWorkers(const std::string&, absl::Time) override {
    return absl::UnimplementedError("");
  }
  void Cancel() override {}
};

struct Result {
  int exit_status;
  std::string out;
  std::string err;
};

// Runs commands against a service in the process.
class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  // `run` is RunListActors(), RunCountActors(), ….
  template <typename Run, typename Command>
  Result RunIt(Run run, ControlApi& api, const Command& command) {
    PipeEnd out;
    PipeEnd err;
    const int exit_status = run(command, ContextFor(api, out.fd(), err.fd()));
    return {exit_status, out.Text(), err.Text()};
  }

  Context ContextFor(ControlApi& api, int out, int err) {
    return {.api = api,
            .interruption = interruption_,
            .out = out,
            .err = err,
            .deadline = absl::InfiniteFuture(),
            .connection = connection_,
            .timeout = absl::InfiniteDuration()};
  }

  Interruption interruption_;
  const ConnectionOptions connection_{};
};

}  // namespace atestore::cli

#include "apps/kubectl-ate/grpc_actor_stream.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <utility>

#include "absl/strings/str_split.h"

namespace atestore::cli {
namespace {

// One operation at a time, with a completion queue of its own: unlike the synchronous stream, it
// can wait for a page until a deadline.
class GrpcActorStream final : public ActorStream {
 public:
  GrpcActorStream(GrpcSession& session, const ateapi::ListActorsRequest& request,
                  absl::Time deadline)
      : call_(session, deadline),
        reader_(session.stub().PrepareAsyncReadActors(&call_.context(), request, &done_)) {
    reader_->StartCall(this);
  }

  ~GrpcActorStream() override {
    call_.context().TryCancel();
    Finish();
    done_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (done_.Next(&tag, &ok)) {
    }
  }

  absl::StatusOr<ListPage> Next(absl::Time deadline) override {
    ListPage page;
    if (!started_ && Wait(deadline) == Outcome::kLate) return Late();
    started_ = true;
    // When the call could not even be started, this fails and Finish() says why.
    reader_->Read(&page.response, this);
    switch (Wait(deadline)) {
      case Outcome::kLate:
        return Late();
      case Outcome::kFailed: {
        Finish();
        if (!status_.ok()) return FromGrpc(status_);
        return absl::UnavailableError("the stream ended before its last page");
      }
      case Outcome::kDone:
        break;
    }
    ReadApplied(call_.context().GetServerInitialMetadata(), &page);
    // Everything is there even if the status gets lost: only what it would tell is missing then.
    if (page.response.next_page_token().empty()) {
      Finish();
      ReadTrailers(call_.context(), &page);
    }
    return page;
  }

 private:
  enum class Outcome { kDone, kFailed, kLate };

  // For the operation that was begun. After kLate the call is cancelled, and the operation over.
  Outcome Wait(absl::Time deadline) {
    void* tag = nullptr;
    bool ok = false;
    const auto until = absl::ToChronoTime(deadline);
    if (done_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::TIMEOUT) {
      return ok ? Outcome::kDone : Outcome::kFailed;
    }
    call_.context().TryCancel();
    done_.Next(&tag, &ok);
    return Outcome::kLate;
  }

  absl::Status Late() {
    started_ = true;
    Finish();
    return MarkConnectionFailure(absl::DeadlineExceededError("no page arrived in time"));
  }

  // Waits for the status. Nothing may be under way but the start.
  void Finish() {
    if (!started_) Wait(absl::InfiniteFuture());
    started_ = true;
    if (finished_) return;
    reader_->Finish(&status_, this);
    Wait(absl::InfiniteFuture());
    finished_ = true;
  }

  grpc::CompletionQueue done_;
  GrpcSession::Call call_;
  const std::unique_ptr<grpc::ClientAsyncReader<ateapi::ListActorsResponse>> reader_;
  grpc::Status status_;
  bool started_ = false;  // the operation that starts the call is over
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ActorStream> OpenActorStream(GrpcSession& session,
                                             const ateapi::ListActorsRequest& request,
                                             absl::Time deadline) {
  return std::make_unique<GrpcActorStream>(session, request, deadline);
}

void ReadApplied(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                 ListPage* page) {
  for (const absl::string_view part :
       absl::StrSplit(ValueOf(metadata, "ate-list-applied").value_or(""), ',')) {
    if (part == "filter") page->filter_applied = true;
    if (part == "read_mask") page->mask_applied = true;
  }
}

}  // namespace atestore::cli

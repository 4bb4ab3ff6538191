#include "apps/ateapi/described_service.h"

#include "apps/ateapi/control_service.h"
#include "apps/ateapi/error_details.h"
#include "core/status.h"
#include "proto/ateapi.grpc.pb.h"

namespace atestore {
namespace {

using ateapi::Control;

template <typename Base>
using Actors1 = Control::WithGenericMethod_ListActors<Control::WithGenericMethod_ReadActors<
    Control::WithGenericMethod_GetActor<Control::WithGenericMethod_CreateActor<Base>>>>;
template <typename Base>
using Actors2 = Control::WithGenericMethod_UpdateActor<Control::WithGenericMethod_DeleteActor<
    Control::WithGenericMethod_PauseActor<Control::WithGenericMethod_ResumeActor<Base>>>>;
template <typename Base>
using Atespaces = Control::WithGenericMethod_CreateAtespace<Control::WithGenericMethod_GetAtespace<
    Control::WithGenericMethod_DeleteAtespace<Control::WithGenericMethod_ListAtespaces<Base>>>>;
template <typename Base>
using Others = Control::WithGenericMethod_ListWorkers<
    Control::WithGenericMethod_DebugClear<Control::WithGenericMethod_CountActors<Base>>>;

class Described final : public Control::WithCallbackMethod_SuspendActor<
                            Actors1<Actors2<Atespaces<Others<Control::Service>>>>> {
 public:
  grpc::ServerUnaryReactor* SuspendActor(grpc::CallbackServerContext* context,
                                         const ateapi::SuspendActorRequest*,
                                         ateapi::SuspendActorResponse*) override {
    const absl::Status status = NoScheduler("SuspendActor");
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish({grpc::StatusCode::UNIMPLEMENTED, std::string(ToStd(status.message())),
                     SerializedErrorDetails(status)});
    return reactor;
  }
};

}  // namespace

std::unique_ptr<grpc::Service> DescribedService() { return std::make_unique<Described>(); }

}  // namespace atestore

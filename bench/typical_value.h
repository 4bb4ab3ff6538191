#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/ateapi.pb.h"

namespace atestore {

// The records that benchmarks fill a cluster with: the shape and the 309 bytes of an actor's value
// as the service writes it, numbered so that each is different. Pure functions of their arguments.
// The value is what EncodeActor() makes of the actor, but quicker, for millions are needed.
ateapi::Actor TypicalActor(int64_t number, std::string_view atespace);
std::string TypicalValue(int64_t number, std::string_view atespace);

// "actor-000012345", "space-045".
std::string TypicalActorId(int64_t number);
std::string TypicalAtespace(int64_t number);

}  // namespace atestore

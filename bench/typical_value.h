#pragma once

#include <string>
#include <string_view>

#include "proto/ateapi.pb.h"

namespace atestore {

// The records that benchmarks fill a cluster with: the shape and the 309 bytes of an actor's value
// as the service writes it, numbered so that each is different. A pure function of its arguments.
ateapi::Actor TypicalActor(int64_t number, std::string_view atespace);
std::string TypicalValue(int64_t number);

}  // namespace atestore

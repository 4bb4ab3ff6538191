#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/actor_store.h"

namespace atestore {

// A store as a program has it that knows all nodes. A small budget makes many short pages.
absl::StatusOr<std::unique_ptr<ActorStore>> NewNemesisStore(
    const std::vector<uint16_t>& ports,
    absl::Duration page_work_budget = StoreOptions{}.page_work_budget);

}  // namespace atestore

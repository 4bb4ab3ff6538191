#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/page_token.h"
#include "core/position.h"

namespace atestore::inline v0 {

// AIP-158: kPageSizeDefault for 0, kPageSizeMax for more. INVALID_ARGUMENT (PAGE_SIZE_NEGATIVE).
absl::StatusOr<size_t> PageSizeOf(int32_t page_size);

// Where a listing goes on: at its beginning without a token. `request_hash`: HashRequest() of what
// must not change. INVALID_ARGUMENT (ReasonOf() the flaw).
absl::StatusOr<Position> PositionOf(const std::string& page_token, uint64_t request_hash,
                                    const PageTokenCodec& tokens);

}  // namespace atestore::inline v0

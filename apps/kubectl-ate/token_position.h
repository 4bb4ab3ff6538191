#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore::cli {

// How many of the 16,384 hash slots a listing that continues from this page token has left; an
// empty token: all of them. nullopt for a token of another format. Tokens are opaque; only the
// progress line looks into their format (docs/page-token.md).
std::optional<uint32_t> SlotsAhead(std::string_view page_token);

}  // namespace atestore::cli

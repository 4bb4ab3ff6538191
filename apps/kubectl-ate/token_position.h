#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore::cli {

// How many of the 16,384 hash slots a listing still has ahead that goes on from this page token;
// empty: all of them. nullopt for a token of another format: tokens are opaque, and this look into
// the format of docs/page-token.md serves the progress line only.
std::optional<uint32_t> SlotsAhead(std::string_view page_token);

}  // namespace atestore::cli

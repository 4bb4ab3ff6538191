#include "apps/kubectl-ate/text.h"

#include <wchar.h>

#include <algorithm>

#include "core/utf8.h"

namespace atestore::cli {
namespace {

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string Printable(std::string_view text) {
  return IsPrintableAscii(text) ? std::string(text) : atestore::Printable(text);
}

size_t DisplayWidth(std::string_view text) {
  if (IsPrintableAscii(text)) return text.size();
  size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    const int columns = point.length == 0 ? 1 : wcwidth(static_cast<wchar_t>(point.value));
    width += columns < 0 ? 1 : static_cast<size_t>(columns);
    text.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  return width;
}

}  // namespace atestore::cli

#include "apps/kubectl-ate/text.h"

#include <wchar.h>

#include "core/utf8.h"

namespace atestore::cli {

size_t DisplayWidth(std::string_view text) {
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

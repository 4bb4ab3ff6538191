#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace atestore::cli {

using Row = std::vector<std::string>;

// Formats rows in aligned columns, batch by batch: a column is as wide as its widest cell so far,
// so what is printed stays and memory does not grow. The last column is not padded.
class Table {
 public:
  // `header` empty: rows only.
  explicit Table(Row header) : header_(std::move(header)) {}

  // The lines of `rows`, each with as many cells, after the header's line the first time. Empty
  // cells become "<none>"; cells are made printable.
  std::string Format(std::vector<Row> rows);

 private:
  void Widen(const Row& row);
  void AppendLine(const Row& row, std::string& text) const;

  const Row header_;
  bool header_printed_ = false;
  std::vector<size_t> widths_;
};

}  // namespace atestore::cli

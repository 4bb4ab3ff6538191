#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace atestore::cli {

using Row = std::vector<std::string>;

// Formats rows in aligned columns, batch by batch. A column is as wide as its widest cell so far,
// so memory does not grow. The last column is not padded.
class Table {
 public:
  // `header` empty: rows only.
  explicit Table(Row header) : header_(std::move(header)) {}

  // The lines of `rows`, which all have the same number of cells; the first call adds the header.
  // Empty cells become "<none>"; cells are made printable.
  std::string Format(std::vector<Row> rows);

 private:
  void Widen(const Row& row);
  void AppendLine(const Row& row, std::string& text) const;

  const Row header_;
  bool header_printed_ = false;
  std::vector<size_t> widths_;
};

}  // namespace atestore::cli

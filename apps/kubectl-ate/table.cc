#include "apps/kubectl-ate/table.h"

#include <algorithm>

#include "apps/kubectl-ate/text.h"

namespace atestore::cli {
namespace {

constexpr size_t kGap = 3;  // columns between columns, as kubectl has it

}  // namespace

std::string Table::Format(std::vector<Row> rows) {
  if (rows.empty()) return "";
  for (Row& row : rows) {
    for (std::string& cell : row) cell = cell.empty() ? "<none>" : Printable(cell);
    Widen(row);
  }
  std::string text;
  if (!header_printed_ && !header_.empty()) {
    Widen(header_);
    AppendLine(header_, text);
    header_printed_ = true;
  }
  for (const Row& row : rows) AppendLine(row, text);
  return text;
}

void Table::Widen(const Row& row) {
  widths_.resize(std::max(widths_.size(), row.size()));
  for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(row[i]));
}

void Table::AppendLine(const Row& row, std::string& text) const {
  for (size_t i = 0; i < row.size(); ++i) {
    text += row[i];
    if (i + 1 < row.size()) text.append(widths_[i] - DisplayWidth(row[i]) + kGap, ' ');
  }
  text += '\n';
}

}  // namespace atestore::cli

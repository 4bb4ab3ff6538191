#include "apps/kubectl-ate/printer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/custom_columns.h"
#include "apps/kubectl-ate/json_path.h"
#include "apps/kubectl-ate/table.h"
#include "apps/kubectl-ate/yaml.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

Row HeaderOf(const ateapi::Actor&, bool wide) { return ActorHeader(wide); }
Row HeaderOf(const ateapi::Atespace&, bool) { return AtespaceHeader(); }
Row HeaderOf(const ateapi::Worker&, bool wide) { return WorkerHeader(wide); }
Row RowOf(const ateapi::Actor& actor, bool wide) { return ActorRow(actor, wide); }
Row RowOf(const ateapi::Atespace& atespace, bool) { return AtespaceRow(atespace); }
Row RowOf(const ateapi::Worker& worker, bool wide) { return WorkerRow(worker, wide); }

// Forwards the three kinds to one template of the format.
template <typename Format>
class PrinterOf : public Printer {
 public:
  std::string Print(const std::vector<ateapi::Actor>& actors) override { return All(actors); }
  std::string Print(const std::vector<ateapi::Atespace>& atespaces) override {
    return All(atespaces);
  }
  std::string Print(const std::vector<ateapi::Worker>& workers) override { return All(workers); }

 private:
  template <typename Record>
  std::string All(const std::vector<Record>& records) {
    return static_cast<Format*>(this)->PrintAll(records);
  }
};

class TablePrinter final : public PrinterOf<TablePrinter> {
 public:
  TablePrinter(bool wide, bool no_headers) : wide_(wide), no_headers_(no_headers) {}

  template <typename Record>
  std::string PrintAll(const std::vector<Record>& records) {
    if (!table_) table_.emplace(no_headers_ ? Row() : HeaderOf(Record(), wide_));
    std::vector<Row> rows;
    rows.reserve(records.size());
    for (const Record& record : records) rows.push_back(RowOf(record, wide_));
    return table_->Format(std::move(rows));
  }

 private:
  const bool wide_;
  const bool no_headers_;
  std::optional<Table> table_;
};

class NamePrinter final : public PrinterOf<NamePrinter> {
 public:
  template <typename Record>
  std::string PrintAll(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) absl::StrAppend(&text, NameOf(record), "\n");
    return text;
  }
};

class JsonLinesPrinter final : public PrinterOf<JsonLinesPrinter> {
 public:
  template <typename Record>
  std::string PrintAll(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) absl::StrAppend(&text, JsonOf(record), "\n");
    return text;
  }
};

// One document, one record a line.
class JsonPrinter final : public PrinterOf<JsonPrinter> {
 public:
  explicit JsonPrinter(std::string_view plural) : plural_(plural) {}

  std::string Begin() override { return absl::StrCat("{\"", plural_, "\":["); }

  template <typename Record>
  std::string PrintAll(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) {
      absl::StrAppend(&text, first_ ? "\n" : ",\n", JsonOf(record));
      first_ = false;
    }
    return text;
  }

  std::string End() override { return first_ ? "]}\n" : "\n]}\n"; }

 private:
  const std::string plural_;
  bool first_ = true;
};

class YamlPrinter final : public PrinterOf<YamlPrinter> {
 public:
  explicit YamlPrinter(std::string_view plural) : plural_(plural) {}

  template <typename Record>
  std::string PrintAll(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) {
      if (first_) absl::StrAppend(&text, plural_, ":\n");
      first_ = false;
      text += YamlSequenceItem(JsonOf(record));
    }
    return text;
  }

  std::string End() override { return first_ ? absl::StrCat(plural_, ": []\n") : ""; }

 private:
  const std::string plural_;
  bool first_ = true;
};

// These two are of actors alone; the command line lets no other records get here.
class CustomColumnsPrinter final : public PrinterOf<CustomColumnsPrinter> {
 public:
  CustomColumnsPrinter(CustomColumns columns, bool no_headers)
      : columns_(std::move(columns)), table_(no_headers ? Row() : columns_.Header()) {}

  std::string PrintAll(const std::vector<ateapi::Actor>& actors) {
    std::vector<Row> rows;
    rows.reserve(actors.size());
    for (const ateapi::Actor& actor : actors) rows.push_back(columns_.RowOf(actor));
    return table_.Format(std::move(rows));
  }
  template <typename Record>
  std::string PrintAll(const std::vector<Record>&) {
    return "";
  }

 private:
  const CustomColumns columns_;
  Table table_;
};

class JsonPathPrinter final : public PrinterOf<JsonPathPrinter> {
 public:
  explicit JsonPathPrinter(JsonPathTemplate text) : template_(std::move(text)) {}

  std::string Begin() override { return template_.Begin(); }
  std::string PrintAll(const std::vector<ateapi::Actor>& actors) {
    std::string text;
    for (const ateapi::Actor& actor : actors) {
      text += template_.TextOf(actor, first_);
      first_ = false;
    }
    return text;
  }
  template <typename Record>
  std::string PrintAll(const std::vector<Record>&) {
    return "";
  }
  std::string End() override { return template_.End(); }

 private:
  const JsonPathTemplate template_;
  bool first_ = true;
};

// What is right for a listing is so for one actor too.
JsonPathTemplate TemplateOf(const std::string& spec) {
  absl::StatusOr<JsonPathTemplate> of_list = JsonPathTemplate::Parse(spec, /*one_actor=*/false);
  if (of_list.ok()) return *std::move(of_list);
  return JsonPathTemplate::Parse(spec, /*one_actor=*/true).value_or(JsonPathTemplate());
}

}  // namespace

std::unique_ptr<Printer> MakePrinter(const OutputOptions& output, std::string_view plural) {
  switch (output.format) {
    case OutputFormat::kTable:
      return std::make_unique<TablePrinter>(false, output.no_headers);
    case OutputFormat::kWide:
      return std::make_unique<TablePrinter>(true, output.no_headers);
    case OutputFormat::kJson:
      return std::make_unique<JsonPrinter>(plural);
    case OutputFormat::kYaml:
      return std::make_unique<YamlPrinter>(plural);
    case OutputFormat::kName:
      return std::make_unique<NamePrinter>();
    case OutputFormat::kJsonLines:
      return std::make_unique<JsonLinesPrinter>();
    case OutputFormat::kCustomColumns:
      return std::make_unique<CustomColumnsPrinter>(
          CustomColumns::Parse(output.spec).value_or(CustomColumns()), output.no_headers);
    case OutputFormat::kJsonPath:
      return std::make_unique<JsonPathPrinter>(TemplateOf(output.spec));
  }
  return nullptr;
}

}  // namespace atestore::cli

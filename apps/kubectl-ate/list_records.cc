#include "apps/kubectl-ate/list_records.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/read_again.h"
#include "apps/kubectl-ate/records.h"
#include "apps/kubectl-ate/terminal.h"

namespace atestore::cli {
namespace {

// An older service walks the whole cluster for one answer, however large it is. A connection that
// died meanwhile is found out by pings (channel.cc).
constexpr absl::Duration kPageTime = absl::InfiniteDuration();

template <typename Record>
void SortByName(std::vector<Record>* records) {
  std::sort(records->begin(), records->end(),
            [](const Record& left, const Record& right) { return NameOf(left) < NameOf(right); });
}

// `list` gets a token and the deadline of an attempt, and returns a StatusOr of a page.
template <typename List>
int PrintPages(const Context& context, const OutputOptions& output, std::string_view plural,
               const List& list) {
  const std::unique_ptr<Printer> printer = MakePrinter(output, plural);
  std::string text = printer->Begin();
  std::string token;
  bool found = false;
  bool wrote = false;
  do {
    auto page =
        ReadAgain(context, kPageTime, [&](absl::Time deadline) { return list(token, deadline); });
    if (!page.ok()) {
      // What was written is to be a whole document.
      if (wrote) WriteAll(context.out, printer->End());
      return Fail(context, page.status());
    }
    // Where one page is everything, it can as well be in order.
    if (token.empty() && page->next_page_token.empty()) SortByName(&page->records);
    found = found || !page->records.empty();
    text += printer->Print(page->records);
    token = page->next_page_token;
    if (token.empty()) text += printer->End();
    const WriteResult result = WriteAll(context.out, text);
    if (result != WriteResult::kWritten) return Written(context, result);
    if (ReaderIsGone(context.out)) return kExitOk;
    text.clear();
    wrote = true;
  } while (!token.empty());
  if (!found) Say(context, "No resources found.");
  return kExitOk;
}

}  // namespace

int RunListAtespaces(const ListAtespaces& command, const Context& context) {
  return PrintPages(context, command.output, "atespaces",
                    [&](const std::string& page_token, absl::Time deadline) {
                      return context.api.ListAtespaces(page_token, deadline);
                    });
}

int RunListWorkers(const ListWorkers& command, const Context& context) {
  return PrintPages(context, command.output, "workers",
                    [&](const std::string& page_token, absl::Time deadline) {
                      return context.api.ListWorkers(page_token, deadline);
                    });
}

}  // namespace atestore::cli

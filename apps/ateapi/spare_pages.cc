#include "apps/ateapi/spare_pages.h"

#include <utility>

namespace atestore {

SparePages::Page SparePages::Take() {
  const std::lock_guard lock(mutex_);
  if (pages_.empty()) return {};
  Page page = std::move(pages_.back());
  pages_.pop_back();
  return page;
}

void SparePages::Give(Page page) {
  if (++page.uses >= kUsesMax) return;
  const std::lock_guard lock(mutex_);
  if (pages_.size() < kPagesMax) pages_.push_back(std::move(page));
}

}  // namespace atestore

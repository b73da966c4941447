// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/field.h"

#include <algorithm>

namespace wstap::h2 {

const std::string* find(const Fields& fields, std::string_view name) noexcept {
  const auto at = std::ranges::find(fields, name, &Field::name);
  return at == fields.end() ? nullptr : &at->value;
}

std::size_t list_size(const Fields& fields) noexcept {
  std::size_t size = 0;
  for (const auto& field : fields) size += field.name.size() + field.value.size() + kFieldOverhead;
  return size;
}

}  // namespace wstap::h2

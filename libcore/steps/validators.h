// SPDX-License-Identifier: Apache-2.0
// Arithmetic that tells numbers somebody issued from digits that only look like them (SAFE-4).
#pragma once

#include <cstddef>
#include <string_view>

namespace wstap::steps {

/// The check digit of payment card numbers: ISO/IEC 7812-1, annex B (Luhn's formula, US patent 2950048). From
/// the right, every second digit is doubled, the digits of what comes out are summed, and the sum ends in 0.
/// Finds every wrong digit. Spaces and hyphens are stepped over; false for anything else, and for less than
/// two digits.
bool luhn_holds(std::string_view number) noexcept;

/// The check digit of a Japanese individual number: ordinance 85 of the Ministry of Internal Affairs and
/// Communications of 2014 (平成26年総務省令第85号), article 5. With P(n) the n-th of the other eleven digits
/// from the right, and Q(n) = n + 1 for n up to 6 and n - 5 above it, it is 11 less the remainder of the sum
/// of P(n) Q(n) divided by 11; 0 where the remainder is 0 or 1. So about every tenth number of twelve digits
/// has it. Spaces and hyphens are stepped over; false for anything else, and for other than twelve digits.
bool my_number_holds(std::string_view number) noexcept;

/// Some issuer of payment cards gives out numbers of this length with this beginning (ISO/IEC 7812-1, as the
/// networks publish their ranges). Spaces and hyphens are stepped over.
bool has_card_issuer(std::string_view number) noexcept;

}  // namespace wstap::steps

// A folder of letters outside of the pipelines that write them: read page by page, and told what became of letters.
// Control path; waits for the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace byteor::run {

// The records behind number `after`, or from the first on: as many as fit some 256 KiB, at least one where there is
// one. Each is | number u64 | length u32 | zero u32 | bytes |, padded to 8. Takes no lock. Throws CodedError.
std::vector<std::byte> read_letters(const std::string& folder, std::optional<std::uint64_t> after);

// Removes the files whose records are all before number `before`, from the oldest on; the number of the first record
// that is left, or will be the next. Throws CodedError: JOURNAL_LOCKED while a pipeline writes.
std::uint64_t prune_letters(const std::string& folder, std::uint64_t before);

// Appends a record, and syncs it. The folder must be there. Throws CodedError: JOURNAL_LOCKED while a pipeline writes.
void append_letter(const std::string& folder, std::span<const std::byte> record);

}  // namespace byteor::run

// What has to be done in a folder before a writer may go on, as recovery found it. Every step may be done again by the
// next opening when this one fails in the middle. Control path; throws CodedError.
#pragma once

#include "core/coded_error.hpp"
#include "journal/folder.hpp"
#include "journal/recovery.hpp"

namespace byteor::journal {

// A sync of a segment has failed: the device may have none of what the system holds of it.
struct SyncFailed : core::CodedError {
  using core::CodedError::CodedError;
};

// Gives other names to segments that cannot be gone on with, and removes those that were about to be made.
void set_aside(const Folder& folder, const Recovered& found);

// Cuts the last segment where its records end; the device has it so.
void cut_end(const Folder& folder, const Recovered& found);

// Syncs the segments that hold records from found.synced on. `rewrites`: writes these again first, in their places: a
// sync that failed earlier may have left them in the system's memory as if the device had them.
void prove_again(const Folder& folder, const Recovered& found, bool rewrites);

}  // namespace byteor::journal

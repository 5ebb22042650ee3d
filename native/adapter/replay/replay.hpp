// The adapter `replay`: an ingress that gets the records of a journal, from the beginning or from where its
// configuration says. Keys: folder, from?, last?, pace? ("fast", "recorded"). Control path.
#pragma once

#include <memory>

#include "adapter/config.hpp"
#include "adapter/end.hpp"
#include "graph/description.hpp"

namespace byteor::adapter {

// What the ingress's codec is, the journal's must be. open() throws CodedError: the journal's codes, JOURNAL_GAP also
// for a `from` behind the journal's end.
std::unique_ptr<SourceEnd> replay_source(const Config& config, const graph::BoundaryDescription& boundary);

}  // namespace byteor::adapter

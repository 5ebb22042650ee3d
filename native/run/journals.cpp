#include "run/journals.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/coded_error.hpp"
#include "journal/fed_letters.hpp"
#include "journal/letters_agent.hpp"
#include "op/hash.hpp"
#include "op/key.hpp"
#include "platform/disk.hpp"

namespace byteor::run {
namespace {

// `byteor-run-<plan>-<UTC time>-<process>`: sorted by time.
std::string run_name(const std::string& plan) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[32];
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
  return "byteor-run-" + plan + "-" + text + "-" + std::to_string(::getpid());
}

// More runs than a process opens in a second.
constexpr int kRunFoldersMax = 10'000;

// A folder of this run alone: made here (0700), so no other pipeline has it, however many are opened in one second and
// whatever process ids other containers have. `-2`, `-3` and so on behind the name of one that is there.
std::string make_run_folder(const std::string& plan) {
  const std::string name = run_name(plan);
  std::string folder = name;
  int error = platform::Disk::system().make_folder(folder.c_str());
  for (int number = 2; error == -EEXIST && number <= kRunFoldersMax; ++number) {
    folder = name + "-" + std::to_string(number);
    error = platform::Disk::system().make_folder(folder.c_str());
  }
  if (error == 0) return folder;
  throw core::CodedError(abi::ErrorCode::kJournalOpen,
                         "cannot make the folder " + folder +
                             " for journal lanes: " + std::generic_category().message(-error) +
                             "; give journal.folder (--journal), or start where folders can be made");
}

// `from.to`: no id holds a dot, so the name says where one ends, and no shell takes it for a redirection.
std::string folder_name(const std::string& lane) {
  const std::size_t arrow = lane.find("->");
  return arrow == std::string::npos ? lane : lane.substr(0, arrow) + "." + lane.substr(arrow + 2);
}

// Made with the folders in it, so that an opening that fails leaves none.
std::string parent_folder(const std::string& plan, const Options& options) {
  const std::string folder = options.journal_folder.empty() ? make_run_folder(plan) : options.journal_folder;
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(folder, error);
  return error ? folder : whole.lexically_normal().string();
}

// A journal that is replayed into itself would never end.
void refuse_own_journal(const std::string& folder, const Ports& ports) {
  for (const Port& port : ports.all()) {
    const std::string read = port.end() == nullptr ? std::string() : port.end()->reads_folder();
    std::error_code error;
    if (read.empty() || !std::filesystem::equivalent(read, folder, error) || error) continue;
    throw core::CodedError(abi::ErrorCode::kSameFile,
                           "the journal " + read + ", which ingress " + port.options.id +
                               " replays, is one that this plan writes; name another folder for its journal "
                               "lanes");
  }
}

graph::Letters open_letters(std::vector<graph::LetterLane> lanes, const graph::RegionLayout& layout,
                            const Options& options) {
  graph::Letters letters{std::move(lanes), nullptr, options.version_id};
  if (letters.lanes.empty()) return letters;
  if (options.letters_folder.empty())
    throw core::CodedError(abi::ErrorCode::kNoDeadLetters,
                           std::string(letters.lanes.front().kind) + " " + letters.lanes.front().element +
                               " has on_error dead_letter, and there is no folder for letters; give "
                               "deadLetters.folder (--dead-letters)");
  std::uint64_t longest = 0;
  for (std::size_t i = layout.parts.size() - letters.lanes.size(); i < layout.parts.size(); ++i)
    longest = std::max<std::uint64_t>(longest, layout.parts[i].record_max);
  journal::JournalOptions files;
  files.folder = options.letters_folder;
  files.type = journal::kLettersType;
  files.record_max = static_cast<std::uint32_t>(journal::letter_record_max(longest));
  files.disk = options.journal_disk;
  letters.files = journal::JournalFiles::open(files);
  return letters;
}

// Of the ingress that is fed letters.
const PortOptions* fed_port(const Options& options) {
  const auto found = std::ranges::find_if(
      options.ports, [](const PortOptions& port) { return !port.config.word("letters", "").empty(); });
  return found == options.ports.end() ? nullptr : &*found;
}

// Those that a redrive feeds, in its order: to `each` with those that the ingress takes, and kept apart are those that
// it does not, which get no place among its records. `record_max`, `record_bytes`: of its shards or its lane.
template <class Each>
void each_fed(const Options& options, graph::Letters& letters, std::uint32_t record_max, std::uint32_t record_bytes,
              const Each& each) {
  if (const PortOptions* const port = fed_port(options)) letters.fed = port->id;
  journal::FedLetters fed(options.letters_folder, options.letters_fed, options.journal_disk);
  while (const std::optional<journal::FedLetter> letter = fed.next()) {
    if (letter->length <= record_max && (record_bytes == 0 || letter->length == record_bytes))
      each(*letter);
    else
      letters.refused.push_back(letter->origin);
  }
  if (fed.failed()) throw fed.failure();
}

}  // namespace

graph::Journals open_journals(const graph::LaneGraphDescription& graph, const graph::RegionLayout& layout,
                              const Options& options, const Ports& ports) {
  graph::Journals journals(graph.lanes.size());
  std::string parent;
  for (std::size_t i = 0; i < graph.lanes.size(); ++i) {
    const graph::LaneDescription& lane = graph.lanes[i];
    if (lane.kind != abi::LaneKindCode::kJournal) continue;
    if (parent.empty()) parent = parent_folder(graph.name, options);
    journal::JournalOptions files;
    refuse_own_journal(parent + "/" + folder_name(lane.id), ports);
    files.folder = parent + "/" + folder_name(lane.id);
    files.type = {lane.codec, lane.layout_hash};
    files.fsync = lane.fsync;
    files.fsync_interval_ms = lane.fsync_interval_ms;
    files.segment_bytes = lane.segment_bytes;
    files.retain_bytes = lane.retain_bytes;
    files.retain_ms = lane.retain_ms;
    files.record_max = layout.parts[i].record_max;
    files.disk = options.journal_disk;
    try {
      journals[i] = journal::JournalFiles::open(files);
    } catch (...) {
      for (auto made = journals.rbegin(); made != journals.rend(); ++made)
        if (*made != nullptr) (*made)->take_back();
      throw;
    }
  }
  return journals;
}

graph::Letters open_letters(const graph::RingDescription& ring, const graph::RegionLayout& layout,
                            const Options& options) {
  graph::Letters letters = open_letters(graph::letter_lanes(ring), layout, options);
  if (letters.lanes.empty() || options.letters_fed.empty()) return letters;
  const auto key = ring.shard_key.has_value() ? std::optional<op::KeyReader>(ring.keys[*ring.shard_key].spec())
                                              : std::optional<op::KeyReader>();
  letters.origins.resize(ring.shards);
  const std::uint32_t record_bytes = ring.boundaries[ring.ingress].record_bytes;
  each_fed(options, letters, layout.parts.front().record_max, record_bytes, [&](const journal::FedLetter& letter) {
    std::uint32_t shard = 0;
    if (ring.shards > 1 && key.has_value()) {
      const auto hash = key->find_hash({reinterpret_cast<const char*>(letter.body), letter.length});
      if (hash.has_value()) shard = op::shard_of(*hash, ring.shards);
    }
    letters.origins[shard].push_back(letter.origin);
  });
  return letters;
}

graph::Letters open_letters(const graph::LaneGraphDescription& graph, const graph::RegionLayout& layout,
                            const Options& options) {
  graph::Letters letters = open_letters(graph::letter_lanes(graph), layout, options);
  if (letters.lanes.empty() || options.letters_fed.empty()) return letters;
  letters.origins.resize(1);
  const PortOptions* const port = fed_port(options);
  const auto ingress = std::ranges::find_if(graph.roles, [port](const graph::RoleDescription& role) {
    return port != nullptr && role.kind == abi::RoleCode::kIngress && role.id == port->id;
  });
  if (ingress == graph.roles.end()) return letters;
  each_fed(options, letters, layout.parts[ingress->outlets.front()].record_max,
           graph.boundaries[ingress->index].record_bytes,
           [&](const journal::FedLetter& letter) { letters.origins[0].push_back(letter.origin); });
  return letters;
}

}  // namespace byteor::run

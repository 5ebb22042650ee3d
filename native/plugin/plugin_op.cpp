#include "plugin/plugin_op.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "core/coded_error.hpp"
#include "op/json_scan.hpp"

namespace byteor::plugin {
namespace {

constexpr std::uint64_t kMessageBytes = 512;  // of an instance that was refused
constexpr std::uint64_t kSaidBytesMax = 400;  // as much of a failure's message as can be told
constexpr std::uint64_t kReportBytes = 4096;  // at first
constexpr std::uint64_t kReportBytesMax = 1 << 20;
constexpr std::uint64_t kFirstCopiesBytes = 64 << 10;

std::uint64_t lengths_at(std::uint32_t records) noexcept {
  return 16 + core::round_up(records, std::uint64_t{16}) + 16;
}

std::uint64_t answers_bytes(std::uint32_t records) noexcept {
  return lengths_at(records) + std::uint64_t{records} * sizeof(std::uint32_t) + 16;
}

[[noreturn]] void refuse(const Library& library, const StageFacts& facts, const std::string& what) {
  throw core::CodedError(abi::ErrorCode::kPluginRefused,
                         "stage " + facts.stage + ": the plug-in " + library.path + ' ' + what);
}

bool is_json(const std::string& text) noexcept {
  const char* const end = text.data() + text.size();
  const char* p = op::json::skip_space(text.data(), end);
  if (p == end) return false;
  const bool is_scalar = *p != '{' && *p != '[' && *p != '"';
  p = is_scalar ? op::json::skip_scalar(p, end, true) : op::json::skip_value(p, end, 0);
  return p != nullptr && op::json::skip_space(p, end) == end;
}

// What a plan allows, against what an instance does.
void check_traits(const Library& library, const StageFacts& plan, const byteor_type_traits& says) {
  const auto does = [&](std::uint32_t flag) { return (says.flags & flag) != 0; };
  constexpr std::uint32_t kKnown = BYTEOR_WRITES | BYTEOR_FILTERS | BYTEOR_EMITS | BYTEOR_SINK | BYTEOR_KEEPS_LAYOUT;
  if ((says.flags & ~kKnown) != 0)
    refuse(library, plan,
           "says flags " + std::to_string(says.flags) + ", of which this byteor knows " + std::to_string(kKnown) +
               ": leave the others out");
  if (does(BYTEOR_WRITES) && !plan.writes)
    refuse(library, plan, "may change records, and the plan declares access: read; declare access: write");
  if (does(BYTEOR_FILTERS) && !plan.filters)
    refuse(library, plan, "may filter records, and the plan declares filters: false; declare filters: true");
  if (does(BYTEOR_EMITS) && !plan.emits)
    refuse(library, plan, "may emit records, and the plan declares emits: false; declare emits: true");
  if (does(BYTEOR_EMITS) && plan.emits_max != 0 && (says.emits_max == 0 || says.emits_max > plan.emits_max))
    refuse(library, plan,
           "may emit " + (says.emits_max == 0 ? "any number of" : std::to_string(says.emits_max)) +
               " records for one, and the plan declares emits_max: " + std::to_string(plan.emits_max) +
               "; declare as many as it may emit");
  if (does(BYTEOR_WRITES) && says.room > plan.room)
    refuse(library, plan,
           "may let a record grow by " + std::to_string(says.room) + " bytes, and the plan declares room: " +
               std::to_string(plan.room) + "; declare room: " + std::to_string(says.room));
  if (plan.keeps_layout && (does(BYTEOR_WRITES) || does(BYTEOR_EMITS)) && !does(BYTEOR_KEEPS_LAYOUT))
    refuse(library, plan,
           "does not say that a struct is still that struct behind it, and the plan declares keeps_layout: true; leave "
           "that out");
  if (!plan.has_readers && !does(BYTEOR_SINK))
    refuse(library, plan,
           "does not say that it may stand where nothing reads it, and the plan connects it to nothing; connect the "
           "stage to what reads its records");
}

}  // namespace

bool Buffer::reserve(std::uint64_t bytes, std::uint64_t kept) noexcept {
  if (bytes <= size_) return true;
  if (bytes > kMost) return false;
  const std::uint64_t size = std::min(std::max(bytes, size_ * 2), kMost);
  std::unique_ptr<std::byte[]> made(new (std::nothrow) std::byte[size]);
  if (made == nullptr) return false;
  if (kept != 0) std::memcpy(made.get(), data_.get(), kept);
  data_ = std::move(made);
  size_ = size;
  return true;
}

const byteor_type_callbacks PluginOp::kCallbacks = {sizeof(byteor_type_callbacks), 0, take_element, take_failure};

PluginOp::PluginOp(Library library, StageFacts facts)
    : library_(std::move(library)),
      facts_(std::move(facts)),
      answers_(std::make_unique<std::byte[]>(answers_bytes(facts_.batch_records))),
      rows_(std::make_unique<Row[]>(facts_.batch_records)) {
  const byteor_type_setup setup{sizeof(byteor_type_setup), facts_.shard,          facts_.stage.c_str(),
                                facts_.name.c_str(),       facts_.config.c_str(), facts_.config.size()};
  char message[kMessageBytes] = {};
  traits_.struct_bytes = sizeof traits_;
  instance_ = library_.table->create(&setup, &traits_, message, kMessageBytes - 1);
  if (instance_ == nullptr) {
    message[kMessageBytes - 1] = '\0';
    refuse(library_, facts_,
           message[0] == '\0' ? "refused its config " + facts_.config + " without a message"
                              : "refused its config: " + std::string(message));
  }
  try {
    check_traits(library_, facts_, traits_);
    const std::uint32_t declared = facts_.emits_max;
    elements_max_ =
        facts_.elements_max == 0 || (declared != 0 && declared < facts_.elements_max) ? declared : facts_.elements_max;
    plain_max_ = (traits_.flags & BYTEOR_FILTERS) != 0 ? BYTEOR_FILTER : BYTEOR_PASS;
    said_.reserve(kSaidBytesMax);
    std::byte* const answers = answers_.get();
    std::memcpy(answers, kGuard, kGuardBytes);
    std::memcpy(answers + lengths_at(facts_.batch_records) - kGuardBytes, kGuard, kGuardBytes);
    std::memcpy(answers + answers_bytes(facts_.batch_records) - kGuardBytes, kGuard, kGuardBytes);
    actions_ = reinterpret_cast<std::uint8_t*>(answers + kGuardBytes);
    lengths_ = reinterpret_cast<std::uint32_t*>(answers + lengths_at(facts_.batch_records));
    if (!writes()) return;
    shown_ = std::make_unique<Shown[]>(facts_.batch_records);
    copied_ = std::make_unique<byteor_type_record[]>(facts_.batch_records);
    copies_.reserve(kFirstCopiesBytes, 0);
  } catch (...) {
    library_.table->destroy(instance_);
    throw;
  }
}

PluginOp::~PluginOp() { library_.table->destroy(instance_); }

byteor_type_batch PluginOp::batch_of(std::uint32_t count) noexcept {
  std::memset(actions_, BYTEOR_PASS, count);
  row_count_ = row_at_ = 0;
  elements_used_ = 0;
  shown_count_ = count;
  wrong_index_ = false;
  return {sizeof(byteor_type_batch),
          count,
          records_,
          actions_,
          writes() && count != 0 ? lengths_ : nullptr,
          &kCallbacks,
          this};
}

bool PluginOp::ask(std::uint32_t count) noexcept {
  const byteor_type_batch batch = batch_of(count);
  std::uint32_t done = 0;
  {
    const std::lock_guard lock(calls_);
    in_call_ = true;
    done = library_.table->process(instance_, &batch);
    in_call_ = false;
  }
  at_ = answered_ = 0;
  outside_ = abi::kNone;
  broken_ = done == 0 || done > count ? Broken::kCount : Broken::kNot;
  refused_ = done;
  if (wrong_index_) broken_ = Broken::kIndex;
  if (!guards_hold()) broken_ = Broken::kOutside;
  if (broken_ != Broken::kNot) return false;
  answered_ = done;
  if (row_count_ != 0) judge_rows();
  if (writes()) judge_copies(count);
  return true;
}

bool PluginOp::ask_end() noexcept {
  records_ = nullptr;
  const byteor_type_batch batch = batch_of(0);
  shown_count_ = 1;
  {
    const std::lock_guard lock(calls_);
    in_call_ = true;
    library_.table->finish(instance_, &batch);
    in_call_ = false;
  }
  broken_ = wrong_index_ ? Broken::kIndex : guards_hold() ? Broken::kNot : Broken::kOutside;
  if (broken_ == Broken::kNot && row_count_ != 0) {
    if (rows_[0].no_memory) broken_ = Broken::kNoMemory;
    if (rows_[0].action == BYTEOR_EMITTED && (traits_.flags & BYTEOR_EMITS) == 0) broken_ = Broken::kEmits;
  }
  return broken_ == Broken::kNot;
}

// Of the answers; those around copies are looked at record by record.
bool PluginOp::guards_hold() const noexcept {
  const auto holds = [](const std::byte* at) { return std::memcmp(at, kGuard, kGuardBytes) == 0; };
  const std::byte* const answers = answers_.get();
  return holds(answers) && holds(answers + lengths_at(facts_.batch_records) - kGuardBytes) &&
         holds(answers + answers_bytes(facts_.batch_records) - kGuardBytes);
}

// Records that come again are asked about again; a record of which a row and its byte say different things has no
// answer.
void PluginOp::judge_rows() noexcept {
  while (row_count_ != 0 && rows_[row_count_ - 1].index >= answered_) --row_count_;
  std::uint32_t row = 0;
  for (std::uint32_t i = 0; i != answered_; ++i) {
    const bool has_row = row != row_count_ && rows_[row].index == i;
    const std::uint8_t said = has_row ? rows_[row++].action : std::uint8_t{BYTEOR_PASS};
    const bool by_row = actions_[i] == BYTEOR_EMITTED || actions_[i] == BYTEOR_FAILED;
    if ((has_row || by_row) && actions_[i] != said) actions_[i] = 0xff;
  }
}

void PluginOp::judge_copies(std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i != count; ++i) {
    const std::byte* const data = copies_.data() + shown_[i].at;
    if (std::memcmp(data - kGuardBytes, kGuard, kGuardBytes) == 0 &&
        std::memcmp(data + shown_[i].room, kGuard, kGuardBytes) == 0) [[likely]]
      continue;
    // Nothing behind it is believed.
    outside_ = i < answered_ ? i : answered_ - 1;
    actions_[outside_] = 0xff;
    answered_ = outside_ + 1;
    return;
  }
}

PluginOp::Row* PluginOp::row_at(std::uint32_t index, std::uint8_t action) noexcept {
  const std::uint32_t last = row_count_ == 0 ? 0 : rows_[row_count_ - 1].index;
  if (!in_call_ || index >= shown_count_ || index < last) {
    wrong_index_ = true;
    return nullptr;
  }
  if (row_count_ == 0 || last != index) rows_[row_count_++] = {index, 0, elements_used_, 0, action, false};
  actions_[index] = rows_[row_count_ - 1].action;
  return &rows_[row_count_ - 1];
}

bool PluginOp::append(const void* data, std::uint64_t bytes) noexcept {
  if (!elements_.reserve(elements_used_ + bytes, elements_used_)) return false;
  if (bytes != 0) std::memcpy(elements_.data() + elements_used_, data, bytes);
  elements_used_ += bytes;
  return true;
}

std::int32_t PluginOp::take_element(void* host, std::uint32_t index, const void* data, std::uint32_t length) noexcept {
  auto& op = *static_cast<PluginOp*>(host);
  Row* const row = op.row_at(index, BYTEOR_EMITTED);
  if (row == nullptr || row->action != BYTEOR_EMITTED || row->no_memory) return 1;
  const Element element{length};
  const std::uint64_t before = op.elements_used_;
  if (op.append(&element, sizeof element) && op.append(data, length)) {
    ++row->count;
    return 0;
  }
  op.elements_used_ = before;
  row->no_memory = true;
  return 1;
}

void PluginOp::take_failure(void* host, std::uint32_t index, const char* message, std::uint64_t bytes) noexcept {
  auto& op = *static_cast<PluginOp*>(host);
  Row* const row = op.row_at(index, BYTEOR_FAILED);
  if (row == nullptr) return;
  row->action = op.actions_[index] = BYTEOR_FAILED;
  row->first = op.elements_used_;
  row->length = std::min(bytes, kSaidBytesMax);
  if (!op.append(message, row->length)) row->length = 0;
}

op::BatchAnswer PluginOp::fail_said(const Row& row, std::uint32_t i) noexcept {
  said_.assign(reinterpret_cast<const char*>(elements_.data() + row.first), row.length);
  return fail(i, Broken::kSaid);
}

abi::FailureCause PluginOp::cause_code() const noexcept {
  switch (broken_) {
    case Broken::kRoom:
    case Broken::kLength:
      return abi::FailureCause::kNoRoom;
    case Broken::kTooMany:
      return abi::FailureCause::kTooMany;
    case Broken::kNoMemory:
      return abi::FailureCause::kTooLarge;
    case Broken::kSaid:
      return abi::FailureCause::kThrown;
    default:
      return abi::FailureCause::kBadAnswer;
  }
}

std::string PluginOp::cause() const {
  const std::string who = "the plug-in " + library_.path + ' ';
  switch (broken_) {
    case Broken::kCount:
      return who + "answered a batch of " + std::to_string(shown_count_) + " records that it is done with " +
             std::to_string(refused_) + " of them; answer with 1 to batch->count";
    case Broken::kFilters:
      return who + "filtered a record, and has not said BYTEOR_FILTERS in its traits; say it in create";
    case Broken::kWrites:
      return who + "changed a record, and has not said BYTEOR_WRITES in its traits; say it in create";
    case Broken::kEmits:
      return who + "emitted a record, and has not said BYTEOR_EMITS in its traits; say it in create";
    case Broken::kIndex:
      return who +
             "called byteor with the index of no record, or one before that of the call before; name the records of "
             "the batch in their order";
    case Broken::kOutside:
      return who +
             "wrote outside of the space that it was given; write to a record's length and room, and to "
             "batch->count actions and lengths";
    case Broken::kRoom:
      return who + "made a record of " + std::to_string(refused_) + " bytes, and its traits give it room for " +
             std::to_string(traits_.room) + " more than came; say more room in create, and in the plan";
    case Broken::kLength:
      return who + "made a record of " + std::to_string(refused_) + " bytes, and every record here is a struct of " +
             std::to_string(facts_.struct_bytes) + "; make records of that size";
    case Broken::kTooMany:
      return who + "emitted " + std::to_string(refused_) + " records for one, and its stage may emit " +
             std::to_string(elements_max_) +
             (facts_.in_slot ? ": a slot of a ring holds one; use a LaneGraph" : "; raise emits_max, or emit fewer");
    case Broken::kNoMemory:
      return "there is no memory for the record, or for what the plug-in " + library_.path +
             " emitted for it; give it shorter records";
    case Broken::kSaid:
      return said_.empty() ? who + "failed the record without a message" : said_;
    default:
      return who + "said of a record what is no action, or two things; set its action, or call byteor, once a record";
  }
}

std::string PluginOp::report() const {
  if (library_.table->report == nullptr) return "null";
  std::string text(kReportBytes, '\0');
  const std::lock_guard lock(calls_);
  std::uint64_t bytes = library_.table->report(instance_, text.data(), text.size());
  if (bytes > text.size() && bytes <= kReportBytesMax) {
    text.resize(bytes);
    bytes = library_.table->report(instance_, text.data(), text.size());
  }
  if (bytes > text.size())
    return R"({"error":"the plug-in's report needs )" + std::to_string(bytes) + " bytes, and may have " +
           std::to_string(kReportBytesMax) + R"("})";
  text.resize(bytes);
  return is_json(text) ? text : R"({"error":"the plug-in's report is not JSON: correct its report call"})";
}

}  // namespace byteor::plugin

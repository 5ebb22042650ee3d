#include "graph/lane_graph.hpp"

#include <algorithm>
#include <utility>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "core/discard_agent.hpp"
#include "graph/op_box.hpp"
#include "graph/ordinal_bits.hpp"
#include "lane/batch_role.hpp"
#include "lane/ends.hpp"
#include "lane/ordered_merge_role.hpp"
#include "lane/router_role.hpp"
#include "op/catalog.hpp"
#include "op/text.hpp"

namespace byteor::graph {
namespace {

void add(std::atomic<double>& cell, double value) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace

LaneGraph::LaneGraph(std::span<std::byte> region, LaneGraphDescription description, RegionLayout layout,
                     Journals journals, Letters letters, LaneGraphOptions options, core::FailureReporter& failures)
    : Graph(region, std::move(layout), std::move(letters)),
      description_(std::move(description)),
      journals_(std::move(journals)),
      options_(std::move(options)),
      failures_(failures),
      boundary_roles_(description_.boundaries.size()),
      journal_agents_(description_.lanes.size(), abi::kNone),
      ordinal_bits_(ordinal_bits(description_)),
      ordinal_shift_(graph::ordinal_shift(ordinal_bits_)),
      stops_(description_.roles.size()),
      written_(description_.boundaries.size(), nullptr),
      native_writers_(description_.boundaries.size()),
      native_readers_(description_.boundaries.size()) {
  for (std::uint32_t i = 0; i < description_.roles.size(); ++i) {
    const abi::RoleCode kind = role(i).kind;
    if (kind == abi::RoleCode::kIngress || kind == abi::RoleCode::kEgress) boundary_roles_[role(i).index] = i;
  }
  auto next_agent = static_cast<std::uint32_t>(description_.roles.size());
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i)
    if (lane(i).kind == abi::LaneKindCode::kJournal) journal_agents_[i] = next_agent++;
  std::uint64_t earlier = 0;
  for (const auto& files : journals_)
    if (files != nullptr) earlier = std::max(earlier, files->opened_at() - files->cursor().stored());
  first_ordinal_ = options_.first_sequence + earlier;
  write_header();
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i) {
    write_lane(i);
    write_first(i);
  }
  write_letter_lanes();
  write_agents();
  write_letters_agent();
  make_roles();
  make_journal_agents();
  if (auto agent = make_letters_agent(failures_, first_ordinal_))
    agents_.push_back({agent_thread(letters_agent()), std::move(agent)});
}

LaneGraph::~LaneGraph() = default;

// ---- places --------------------------------------------------------------------------------------------------------

abi::LaneBlock& LaneGraph::lane_block(std::uint32_t index) const noexcept {
  return at<abi::LaneBlock>(layout().header.blocks + index * sizeof(abi::LaneBlock));
}

abi::ProducerBlock& LaneGraph::producer_block(std::uint32_t index) const noexcept {
  return at<abi::ProducerBlock>(part(index).producer);
}

abi::ConsumerBlock& LaneGraph::reader_block(std::uint32_t index, std::uint32_t reader) const noexcept {
  return at<abi::ConsumerBlock>(consumer_place(part(index), reader));
}

std::optional<std::uint32_t> LaneGraph::journal_agent(std::uint32_t index) const noexcept {
  if (journal_agents_[index] == abi::kNone) return std::nullopt;
  return journal_agents_[index];
}

abi::PortCode LaneGraph::port_of(std::uint32_t index) const noexcept {
  const abi::RoleCode kind = role(index).kind;
  const bool end = kind == abi::RoleCode::kIngress || kind == abi::RoleCode::kEgress;
  return end ? options_.ports[role(index).index] : abi::PortCode::kNative;
}

std::uint32_t LaneGraph::reader_place(std::uint32_t index, std::uint32_t role_index) const noexcept {
  const std::vector<std::uint32_t>& readers = lane(index).readers;
  return static_cast<std::uint32_t>(std::find(readers.begin(), readers.end(), role_index) - readers.begin());
}

std::uint64_t LaneGraph::first_position(std::uint32_t index) const noexcept {
  const bool framed = layout_of(part(index)) == abi::LayoutCode::kFramed;
  return framed ? core::round_up(options_.first_sequence, abi::kFrameAlign) : options_.first_sequence;
}

// ---- the ends of lanes ---------------------------------------------------------------------------------------------

lane::FramedMemory LaneGraph::framed_memory(std::uint32_t index) const noexcept {
  const abi::LayoutPart& own = part(index);
  return {region_.data() + own.data, own.memory_bytes, own.capacity, own.record_max, options_.may_sleep};
}

core::RingMemory LaneGraph::slots_memory(std::uint32_t index) const noexcept {
  const abi::LayoutPart& own = part(index);
  core::RingMemory memory;
  memory.fixed = layout_of(own) == abi::LayoutCode::kFixed;
  memory.slot_mask = own.slot_count - 1;
  memory.capacity = own.capacity;
  memory.record_max = own.record_max;
  if (memory.fixed) {
    memory.slots = region_.data() + own.data;
    memory.slot_stride = own.memory_bytes / own.slot_count;
    memory.record_bytes = own.record_max;
  } else {
    memory.slots = region_.data() + own.slots;
    memory.slot_stride = sizeof(abi::Slot);
    memory.arena = region_.data() + own.data;
    memory.arena_bytes = own.memory_bytes;
  }
  memory.may_sleep = options_.may_sleep;
  return memory;
}

std::uint64_t* LaneGraph::ordinals(std::uint32_t index) const noexcept {
  const std::uint64_t place = part(index).ordinals;
  return place == 0 ? nullptr : &at<std::uint64_t>(place);
}

core::StampTable LaneGraph::stamp_table(std::uint32_t index) const noexcept {
  return {&at<double>(part(index).stamps), part(index).stamp_count - 1};
}

core::Histogram LaneGraph::histogram(std::uint32_t index, std::uint32_t reader) const noexcept {
  return core::Histogram(&at<std::atomic<std::uint32_t>>(histogram_place(part(index), reader)));
}

core::SequenceReader LaneGraph::writer_position(std::uint32_t index) const noexcept {
  abi::ProducerBlock& block = producer_block(index);
  return is_js(lane(index).writer) ? core::SequenceReader(block.cell) : core::SequenceReader(block.cursor);
}

core::SequenceReader LaneGraph::reader_position(std::uint32_t index, std::uint32_t reader) const noexcept {
  abi::ConsumerBlock& block = reader_block(index, reader);
  return is_js(lane(index).readers[reader]) ? core::SequenceReader(block.cell) : core::SequenceReader(block.sequence);
}

std::vector<core::SequenceReader> LaneGraph::gates(std::uint32_t index) const noexcept {
  std::vector<core::SequenceReader> gates;
  for (std::uint32_t reader = 0; reader < lane(index).readers.size(); ++reader)
    gates.push_back(reader_position(index, reader));
  if (const std::uint64_t files = part(index).files; files != 0)
    gates.emplace_back(at<abi::ConsumerBlock>(files).sequence);
  return gates;
}

// What a lane's readers may read: of a journal, what its files hold.
core::Barrier LaneGraph::barrier(std::uint32_t index) const {
  const std::uint64_t files = part(index).files;
  std::vector<core::SequenceReader> before;
  before.push_back(files == 0 ? writer_position(index) : core::SequenceReader(at<abi::ConsumerBlock>(files).sequence));
  return core::Barrier(std::move(before), lane_block(index).stop_before);
}

core::ShardEnd LaneGraph::lane_end(std::uint32_t index) const noexcept {
  return {writer_position(index), &producer_block(index).closed, &lane_block(index).stop_before};
}

bool LaneGraph::reads_elsewhere(std::uint32_t index, std::uint32_t reader) const noexcept {
  return agent_thread(reader) != agent_thread(lane(index).writer);
}

bool LaneGraph::crosses_threads(std::uint32_t index) const noexcept {
  return part(index).files != 0 ||
         std::ranges::any_of(lane(index).readers, [&](std::uint32_t reader) { return reads_elsewhere(index, reader); });
}

bool LaneGraph::sets_structs(std::uint32_t writer) const noexcept {
  return role(writer).kind == abi::RoleCode::kStage &&
         description_.stages[role(writer).index].has(abi::StageFlag::kKeepsLayout);
}

lane::WriterOptions LaneGraph::writer_options(std::uint32_t index) const noexcept {
  return {.drops = lane(index).on_full == abi::OnFullCode::kDrop,
          .watermarked = lane(index).has(abi::LaneFlag::kWatermarked),
          .cross_thread = crosses_threads(index),
          .sets_structs = sets_structs(lane(index).writer),
          .first = first_position(index),
          .record_bytes = lane(index).record_bytes,
          .first_ordinal = first_ordinal_,
          .ordinal_shift = ordinal_shift_};
}

lane::ReaderOptions LaneGraph::reader_options(std::uint32_t index, std::uint32_t reader) const noexcept {
  const std::uint32_t writer = lane(index).writer;
  return {.first = first_position(index),
          .counts_ordinals = role(writer).kind == abi::RoleCode::kIngress,
          .first_ordinal = first_ordinal_,
          .ordinal_shift = ordinal_shift_,
          .delivers = role(lane(index).readers[reader]).kind == abi::RoleCode::kEgress,
          .batch_records = std::max(options_.batch_records, abi::kBatchRecordsDefault),
          .paces = part(index).files == 0 && reads_elsewhere(index, lane(index).readers[reader])};
}

LaneGraph::AnyWriter LaneGraph::make_writer(std::uint32_t index) {
  if (layout_of(part(index)) == abi::LayoutCode::kFramed)
    return std::make_unique<lane::FramedWriter>(framed_memory(index), producer_block(index), gates(index),
                                                stamp_table(index), writer_options(index));
  std::vector<core::SequenceReader> cells = gates(index);
  if (lane(index).kind == abi::LaneKindCode::kSequencedSlots)
    cells.resize(abi::kSequencedSlotsGates, core::SequenceReader(ungated_));
  return std::make_unique<lane::SlotsWriter>(slots_memory(index), ordinals(index), producer_block(index),
                                             std::move(cells), stamp_table(index), writer_options(index));
}

LaneGraph::AnyReader LaneGraph::make_reader(std::uint32_t index, std::uint32_t reader) {
  abi::ConsumerBlock& block = reader_block(index, reader);
  if (layout_of(part(index)) == abi::LayoutCode::kFramed)
    return std::make_unique<lane::FramedReader>(framed_memory(index), producer_block(index), block, barrier(index),
                                                lane_end(index), stamp_table(index), histogram(index, reader),
                                                reader_options(index, reader));
  return std::make_unique<lane::SlotsReader>(slots_memory(index), ordinals(index), producer_block(index), block,
                                             barrier(index), lane_end(index), stamp_table(index),
                                             histogram(index, reader), reader_options(index, reader));
}

// ---- the roles -----------------------------------------------------------------------------------------------------

std::uint64_t LaneGraph::ordinal_step(std::uint32_t index) const noexcept {
  return lane::ordinal_step(ordinal_shift_, ordinal_bits_[index]);
}

lane::RoleContext LaneGraph::role_context(std::uint32_t index) {
  const RoleDescription& own = role(index);
  lane::RoleContext context;
  for (const std::uint32_t inlet : own.inlets) {
    const std::uint32_t place = reader_place(inlet, index);
    lane::InletEnd end;
    AnyReader reader = make_reader(inlet, place);
    end.inlet = std::visit(
        [](auto& made) -> std::unique_ptr<lane::Inlet> {
          if constexpr (requires { *made; }) return std::move(made);
          return nullptr;
        },
        reader);
    if (journals_[inlet] != nullptr) {
      end.inlet = behind_files(std::move(end.inlet), inlet);
      end.replayed = &at<abi::JournalBlock>(part(inlet).journal).replayed;
    }
    end.block = &reader_block(inlet, place);
    end.producer = &producer_block(inlet);
    end.ordinal_step = ordinal_step(inlet);
    end.writer_agent = journal_agent(inlet).value_or(lane(inlet).writer);
    context.inlets.push_back(std::move(end));
  }
  for (const std::uint32_t outlet : own.outlets) {
    lane::OutletEnd end;
    AnyWriter writer = make_writer(outlet);
    end.outlet = std::visit(
        [](auto& made) -> std::unique_ptr<lane::Outlet> {
          if constexpr (requires { *made; }) return std::move(made);
          return nullptr;
        },
        writer);
    end.reader_agent = journal_agent(outlet).value_or(lane(outlet).readers.front());
    end.watermarked = lane(outlet).has(abi::LaneFlag::kWatermarked);
    end.ordinal_step = ordinal_step(outlet);
    end.lane = lane(outlet).id;
    context.outlets.push_back(std::move(end));
  }
  context.entry = &agent_entry(index);
  context.agent_index = index;
  context.failures = &failures_;
  context.stop = &stops_[index];
  context.ordinal_shift = ordinal_shift_;
  context.batch_records = options_.batch_records;
  return context;
}

std::uint32_t LaneGraph::elements_max(std::uint32_t index) const noexcept {
  const std::vector<std::uint32_t>& outlets = role(index).outlets;
  const bool ordered = !outlets.empty() && lane(outlets.front()).has(abi::LaneFlag::kWatermarked);
  const std::uint32_t declared = description_.stages[role(index).index].emits_max;
  return declared == 0 && ordered ? 1 : declared;
}

std::unique_ptr<lane::Role> LaneGraph::make_stage(std::uint32_t index) {
  const StageDescription& stage = description_.stages[role(index).index];
  lane::RoleContext context = role_context(index);
  context.headroom = stage.headroom;
  context.tailroom = stage.tailroom;
  context.on_error = on_error_at(stage.on_error, index);
  if (stage.op == abi::OpCode::kJs) {
    const std::uint32_t most = elements_max(index);
    op::HostedOp& hosted =
        make_hosted_op(stage, agent_thread(index), options_.batch_records, most == 0 ? abi::kNone : most,
                       {.agent = context.agent_index, .ordinal_shift = context.ordinal_shift});
    reports_.add_shards<op::HostedOp>(stage.id, {&hosted});
    return std::make_unique<lane::BatchRole<op::HostedOp>>(std::move(context), hosted);
  }
  if (stage.op == abi::OpCode::kNative) return make_plugin_stage(index, std::move(context));
  const std::uint32_t record_bytes_max = part(role(index).inlets.front()).record_max;
  std::unique_ptr<lane::Role> made;
  try {
    op::visit_op(stage.op, stage.config, [&]<class Op>(const typename Op::Config& config) {
      auto box = std::make_shared<OpBox<Op>>(config, record_bytes_max);
      if constexpr (op::JudgesRecords<Op>)
        made = lane::make_stage_role(std::move(context), box->op);
      else
        made = std::make_unique<lane::BatchRole<Op>>(std::move(context), box->op);
      reports_.add(stage.id, [box] {
        const Op* const only = &box->op;
        return Op::report(std::span<const Op* const>(&only, 1));
      });
    });
  } catch (const core::CodedError& error) {
    throw core::CodedError(error.code(), "stage " + stage.id + ": " + error.what());
  }
  return made;
}

std::unique_ptr<lane::Role> LaneGraph::make_router(std::uint32_t index) {
  switch (role(index).policy) {
    case abi::PolicyCode::kRoundRobin:
      return std::make_unique<lane::RouterRole<lane::RoundRobinChoice>>(role_context(index));
    case abi::PolicyCode::kKeyHash: {
      keys_.push_back(std::make_unique<op::KeyReader>(description_.keys[*role(index).key].spec()));
      using Choice = lane::KeyHashChoice<op::KeyReader>;
      return std::make_unique<lane::RouterRole<Choice>>(role_context(index), Choice(*keys_.back()));
    }
    default:
      return std::make_unique<lane::RouterRole<lane::BroadcastChoice>>(role_context(index));
  }
}

std::unique_ptr<lane::Role> LaneGraph::make_role(std::uint32_t index) {
  switch (role(index).kind) {
    case abi::RoleCode::kStage:
      return make_stage(index);
    case abi::RoleCode::kRouter:
      return make_router(index);
    case abi::RoleCode::kMerge:
      if (role(index).policy == abi::PolicyCode::kOrdered)
        return std::make_unique<lane::OrderedMergeRole>(role_context(index));
      return lane::make_merge_role(role_context(index));
    case abi::RoleCode::kBridge:
      return lane::make_stage_role(role_context(index), bridge_op_);
    default:
      return nullptr;
  }
}

// A native adapter's end of its lane, or the agent of a discarded egress.
void LaneGraph::make_end(std::uint32_t index) {
  const std::uint32_t boundary = role(index).index;
  if (is_js(index)) return;
  if (role(index).kind == abi::RoleCode::kIngress) {
    native_writers_[boundary] = make_writer(role(index).outlets.front());
    return;
  }
  const std::uint32_t inlet = role(index).inlets.front();
  native_readers_[boundary] = make_reader(inlet, reader_place(inlet, index));
  if (port_of(index) != abi::PortCode::kDiscard) return;
  std::unique_ptr<core::Agent> agent = std::visit(
      [](auto& reader) -> std::unique_ptr<core::Agent> {
        if constexpr (requires { *reader; }) {
          using Reader = std::remove_cvref_t<decltype(*reader)>;
          return std::make_unique<core::DiscardAgent<Reader>>(*reader);
        }
        return nullptr;
      },
      native_readers_[boundary]);
  std::vector<ObservedEnd::Shard> shown{{&agent_entry(index), lane(inlet).writer}};
  agents_.push_back(
      {agent_thread(index), std::make_unique<ObservedEnd>(std::move(agent), EndSide::kEgress, std::move(shown),
                                                          [this, boundary] { return judge_egress(boundary); })});
}

void LaneGraph::make_roles() {
  for (std::uint32_t i = 0; i < description_.roles.size(); ++i) {
    std::unique_ptr<lane::Role> made = make_role(i);
    if (made == nullptr) {
      make_end(i);
      continue;
    }
    roles_.push_back(made.get());
    agents_.push_back({agent_thread(i), std::move(made)});
  }
}

// ---- what native/run asks ------------------------------------------------------------------------------------------

WritingEnd LaneGraph::writing_end(std::uint32_t boundary) {
  AnyWriter& writer = native_writers_[boundary];
  if (auto* slots = std::get_if<std::unique_ptr<lane::SlotsWriter>>(&writer)) return slots->get();
  return std::get<std::unique_ptr<lane::FramedWriter>>(writer).get();
}

ReadingEnd LaneGraph::reading_end(std::uint32_t boundary) {
  AnyReader& reader = native_readers_[boundary];
  if (auto* slots = std::get_if<std::unique_ptr<lane::SlotsReader>>(&reader)) return slots->get();
  return std::get<std::unique_ptr<lane::FramedReader>>(reader).get();
}

std::unique_ptr<core::Agent> LaneGraph::observe_end(core::Agent& end, std::uint32_t boundary) {
  const std::uint32_t index = boundary_roles_[boundary];
  const bool ingress = role(index).kind == abi::RoleCode::kIngress;
  const std::uint32_t neighbour =
      ingress ? lane(role(index).outlets.front()).readers.front() : lane(role(index).inlets.front()).writer;
  std::vector<ObservedEnd::Shard> shown{{&agent_entry(index), neighbour}};
  if (ingress) return std::make_unique<ObservedEnd>(end, EndSide::kIngress, std::move(shown));
  return std::make_unique<ObservedEnd>(end, EndSide::kEgress, std::move(shown),
                                       [this, boundary] { return judge_egress(boundary); });
}

// A native egress that met an overwritten record fails the graph there. The record stays unread, so it is abandoned.
bool LaneGraph::judge_egress(std::uint32_t boundary) noexcept {
  return std::visit(
      [&](const auto& reader) {
        if constexpr (requires { *reader; }) {
          if (!reader->damaged()) [[likely]]
            return false;
          failures_.report_failure(boundary_roles_[boundary], reader->next(), core::kDamagedRecord);
          return true;
        } else {
          return false;
        }
      },
      native_readers_[boundary]);
}

std::vector<JsSleeper> LaneGraph::js_sleepers() noexcept {
  std::vector<JsSleeper> sleepers;
  for (std::uint32_t i = 0; i < description_.roles.size(); ++i) {
    if (!is_js(i)) continue;
    if (role(i).kind == abi::RoleCode::kIngress) {
      const std::uint32_t outlet = role(i).outlets.front();
      std::vector<std::uint32_t> holders = lane(outlet).readers;
      if (const std::optional<std::uint32_t> journal = journal_agent(outlet)) {
        holders.push_back(*journal);
        sleepers.push_back({agent_thread(*journal), &at<abi::JournalBlock>(part(outlet).journal).durable_armed,
                            JsSleeper::Waits::kDurable});
      }
      for (const std::uint32_t agent : holders)
        sleepers.push_back({agent_thread(agent), &producer_block(outlet).room_armed, JsSleeper::Waits::kRoom});
    } else {
      const std::uint32_t inlet = role(i).inlets.front();
      sleepers.push_back({agent_thread(journal_agent(inlet).value_or(lane(inlet).writer)),
                          &reader_block(inlet, reader_place(inlet, i)).records_armed, JsSleeper::Waits::kRecords});
    }
  }
  return sleepers;
}

void LaneGraph::close_js_ingress(std::uint32_t boundary) noexcept {
  const std::uint32_t index = boundary_roles_[boundary];
  if (!is_js(index)) return;
  const std::uint32_t outlet = role(index).outlets.front();
  std::atomic<std::uint32_t>& closed = producer_block(outlet).closed;
  // SYNC POINT S3: when its owner has closed it, the cell is final and nothing has to be said about the end.
  if (closed.load(std::memory_order_seq_cst) != 0) return;
  // The owner may be publishing at this moment: the end is fixed first (S4), and what comes after it is abandoned. A
  // cell is widened against a reader, which is never further behind than the lane is long.
  const std::uint64_t near = reader_block(outlet, 0).sequence.load(std::memory_order_acquire);
  core::stop_shard_before(lane_block(outlet).stop_before, writer_position(outlet).load_seq_cst(near));
  closed.store(1, std::memory_order_seq_cst);
}

// Agents downstream of the failing one drain what they have; all others stop where they are. Letters have nothing
// downstream.
void LaneGraph::stop_after_failure(std::uint32_t agent) noexcept {
  const auto roles = static_cast<std::uint32_t>(description_.roles.size());
  std::vector<bool> downstream(roles, false);
  const auto mark_readers = [&](std::uint32_t lane_index) {
    for (const std::uint32_t reader : lane(lane_index).readers) downstream[reader] = true;
  };
  if (agent < roles) {
    downstream[agent] = true;
  } else if (!is_end_of_letters(agent)) {
    const auto found = std::find(journal_agents_.begin(), journal_agents_.end(), agent);
    const auto index = static_cast<std::uint32_t>(found - journal_agents_.begin());
    // SYNC POINT S4: nothing behind what the files hold will ever be handed on.
    core::stop_shard_before(lane_block(index).stop_before,
                            at<abi::ConsumerBlock>(part(index).files).sequence.load(std::memory_order_acquire));
    mark_readers(index);
  }
  for (std::uint32_t i = 0; i < roles; ++i) {
    if (!downstream[i]) continue;
    for (const std::uint32_t outlet : role(i).outlets) mark_readers(outlet);
  }
  // SYNC POINT L2: the role that sees its flag closes its outlets.
  for (std::uint32_t i = 0; i < roles; ++i)
    if (!downstream[i]) stops_[i].store(1, std::memory_order_seq_cst);
}

void LaneGraph::settle() noexcept {
  // Before the counters are: what is abandoned has not arrived, and the next run gets it again.
  for (journal::JournalInlet* inlet : journal_inlets_) inlet->settle();
  for (lane::Role* own : roles_) own->settle();
  for (const std::uint32_t index : boundary_roles_) {
    if (role(index).kind != abi::RoleCode::kEgress) continue;
    const std::uint32_t inlet = role(index).inlets.front();
    abi::ConsumerBlock& block = reader_block(inlet, reader_place(inlet, index));
    add(block.abandoned, lane::settle_unread(block, producer_block(inlet), nullptr));
  }
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i) {
    if (journals_[i] == nullptr) continue;
    auto& files = at<abi::ConsumerBlock>(part(i).files);
    add(files.abandoned, lane::settle_unread(files, producer_block(i), nullptr));
  }
  settle_letters();
}

// A pipeline that has ended may be seen by JavaScript for long, and its journals are wanted by the next one.
void LaneGraph::close_files() noexcept {
  for (journal::JournalInlet* inlet : journal_inlets_) inlet->finish();
  for (const auto& files : journals_)
    if (files != nullptr) files->close();
  Graph::close_files();
}

void LaneGraph::count_undelivered(std::uint32_t boundary, double records) noexcept {
  const std::uint32_t index = boundary_roles_[boundary];
  const std::uint32_t inlet = role(index).inlets.front();
  abi::ConsumerBlock& block = reader_block(inlet, reader_place(inlet, index));
  add(block.out, -records);
  add(block.abandoned, records);
}

std::string LaneGraph::sizes() const {
  std::string text = "{\"lanes\":{";
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i) {
    if (i > 0) text += ',';
    text += '"' + lane(i).id + "\":{\"capacity\":" + std::to_string(part(i).capacity) +
            ",\"memory_bytes\":" + std::to_string(part(i).memory_bytes) +
            ",\"record_max\":" + std::to_string(part(i).record_max);
    if (journals_[i] != nullptr) {
      text += ",\"journal\":";
      op::append_json_string(text, journals_[i]->folder());
    }
    text += '}';
  }
  return text + "}}";
}

}  // namespace byteor::graph

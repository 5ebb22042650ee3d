#include "graph/ring_graph.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "core/discard_agent.hpp"
#include "graph/op_box.hpp"
#include "op/catalog.hpp"

namespace byteor::graph {
namespace {

std::vector<std::uint32_t> bits_of(std::uint64_t mask) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t i = 0; i < 64; ++i)
    if ((mask >> i & 1) != 0) bits.push_back(i);
  return bits;
}

std::uint64_t all_entries(const RingDescription& ring) {
  return ring.entries.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ring.entries.size()) - 1;
}

}  // namespace

RingGraph::RingGraph(std::span<std::byte> region, RingDescription description, RegionLayout layout, Letters letters,
                     GraphOptions options, core::FailureReporter& failures)
    : Graph(region, std::move(layout), std::move(letters)),
      description_(std::move(description)),
      options_(options),
      failures_(failures) {
  write_header();
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    write_ring(shard);
    write_lists(shard);
    write_agents(shard);
    write_first_sequence(shard);
  }
  write_letter_lanes();
  write_letters_agent();
  make_stages();
  make_ends();
  if (auto agent = make_letters_agent(failures_, options_.first_sequence))
    agents_.push_back({agent_thread(letters_agent()), std::move(agent)});
}

RingGraph::~RingGraph() = default;

// ---- places --------------------------------------------------------------------------------------------------------

abi::RingBlock& RingGraph::ring_block(std::uint32_t shard) const noexcept {
  return at<abi::RingBlock>(layout().header.blocks + shard * sizeof(abi::RingBlock));
}

abi::ProducerBlock& RingGraph::producer_block(std::uint32_t shard) const noexcept {
  return at<abi::ProducerBlock>(part(shard).producer);
}

abi::ConsumerBlock& RingGraph::consumer_block(std::uint32_t shard, std::uint32_t entry) const noexcept {
  return at<abi::ConsumerBlock>(consumer_place(part(shard), entry));
}

core::RingMemory RingGraph::ring_memory(std::uint32_t shard) noexcept {
  const abi::LayoutPart& own = part(shard);
  core::RingMemory memory;
  memory.slots = region_.data() + own.slots;
  memory.arena = region_.data() + own.data;
  memory.slot_mask = own.slot_count - 1;
  memory.slot_stride = own.slot_stride;
  memory.capacity = own.capacity;
  memory.record_bytes = description_.record_bytes;
  memory.record_max = own.record_max;
  memory.headroom = description_.headroom;
  memory.tailroom = description_.tailroom;
  memory.arena_bytes = own.memory_bytes;
  memory.word_bytes = own.word_bytes;
  memory.may_sleep = options_.may_sleep;
  memory.fixed = description_.layout == abi::LayoutCode::kFixed;
  return memory;
}

core::SequenceReader RingGraph::producer_cursor(std::uint32_t shard) noexcept {
  abi::ProducerBlock& block = producer_block(shard);
  if (options_.ingress_port == abi::PortCode::kJs) return core::SequenceReader(block.cell);
  return core::SequenceReader(block.cursor);
}

core::SequenceReader RingGraph::egress_sequence(std::uint32_t shard) const noexcept {
  abi::ConsumerBlock& block = consumer_block(shard, static_cast<std::uint32_t>(description_.entries.size()));
  if (options_.egress_port == abi::PortCode::kJs) return core::SequenceReader(block.cell);
  return core::SequenceReader(block.sequence);
}

core::ShardEnd RingGraph::shard_end(std::uint32_t shard) noexcept {
  return {producer_cursor(shard), &producer_block(shard).closed, &ring_block(shard).stop_before};
}

core::StampTable RingGraph::stamp_table(std::uint32_t shard, std::size_t index) noexcept {
  return {&at<double>(stamps_place(part(shard), index)), part(shard).stamp_count - 1};
}

std::vector<const std::uint8_t*> RingGraph::mark_planes(std::uint32_t shard, std::uint64_t entries) noexcept {
  std::vector<const std::uint8_t*> planes;
  for (const std::uint32_t entry : bits_of(entries))
    planes.push_back(&at<std::uint8_t>(marks_place(part(shard), *description_.entries[entry].mark)));
  return planes;
}

std::vector<core::RecordProducer*> RingGraph::producers() noexcept {
  std::vector<core::RecordProducer*> all;
  for (const auto& producer : producers_) all.push_back(producer.get());
  return all;
}

std::vector<core::RecordConsumer*> RingGraph::consumers() noexcept {
  std::vector<core::RecordConsumer*> all;
  for (const auto& consumer : consumers_) all.push_back(consumer.get());
  return all;
}

// ---- the region ----------------------------------------------------------------------------------------------------

std::string RingGraph::role_id(std::uint32_t index) const {
  if (index == 0) return description_.boundaries[description_.ingress].id;
  if (index == egress_agent()) return description_.boundaries[description_.egress].id;
  return description_.stage_of(index - 1).id;
}

void RingGraph::write_header() {
  abi::RegionHeader& h = write_tables(abi::TargetCode::kSingleRing, description_.name);
  h.ring_count = description_.shards;
  h.rings_offset = layout().header.blocks;
  h.stage_count = static_cast<std::uint32_t>(description_.entries.size());
}

void RingGraph::write_ring(std::uint32_t shard) {
  const abi::LayoutPart& own = part(shard);
  const std::uint64_t egress = description_.entries.size();
  abi::RingBlock& block = ring_block(shard);
  block.shard = shard;
  block.layout = static_cast<std::uint32_t>(description_.layout);
  block.capacity = own.capacity;
  block.slot_count = own.slot_count;
  block.slot_stride = own.slot_stride;
  block.record_bytes = description_.record_bytes;
  block.record_max = own.record_max;
  block.headroom = description_.headroom;
  block.tailroom = description_.tailroom;
  block.arena_bytes = own.memory_bytes;
  block.ingress_port = static_cast<std::uint32_t>(options_.ingress_port);
  block.egress_port = static_cast<std::uint32_t>(options_.egress_port);
  block.word_bytes = own.word_bytes;
  block.slots_offset = own.slots;
  block.arena_offset = own.data;
  block.producer_offset = own.producer;
  block.producer_stamps_offset = stamps_place(own, egress);
  block.egress_offset = consumer_place(own, egress);
  block.egress_histogram_offset = histogram_place(own, egress);
  block.stamp_count = own.stamp_count;
  block.stop_before.store(core::kNoLimit, std::memory_order_relaxed);
}

void RingGraph::write_lists(std::uint32_t shard) {
  const abi::LayoutPart& own = part(shard);
  abi::RingBlock& block = ring_block(shard);
  block.gate_count = 1;
  block.gates_offset = write_list({consumer_place(own, description_.entries.size())});
  std::vector<std::uint64_t> terminals;
  std::vector<std::uint64_t> stamps;
  for (const std::uint32_t entry : bits_of(description_.terminals)) {
    terminals.push_back(consumer_place(own, entry));
    stamps.push_back(stamps_place(own, entry));
  }
  block.terminal_count = static_cast<std::uint32_t>(terminals.size());
  block.terminals_offset = write_list(terminals);
  block.terminal_stamps_offset = write_list(stamps);
  std::vector<std::uint64_t> marks;
  for (const std::uint32_t entry : bits_of(description_.egress_filters))
    marks.push_back(marks_place(own, *description_.entries[entry].mark));
  block.egress_mark_count = static_cast<std::uint32_t>(marks.size());
  block.egress_marks_offset = write_list(marks);
  std::vector<std::uint64_t> publish_wakes;
  const auto add = [&](std::vector<std::uint64_t>& list, std::uint32_t thread) {
    if (thread == abi::kNone) return;
    const std::uint64_t offset = thread_place(thread);
    if (std::find(list.begin(), list.end(), offset) == list.end()) list.push_back(offset);
  };
  for (std::uint32_t entry = 0; entry < description_.entries.size(); ++entry)
    if (description_.entries[entry].dependencies.empty()) add(publish_wakes, stage_thread(shard, entry));
  block.publish_wake_count = static_cast<std::uint32_t>(publish_wakes.size());
  block.publish_wakes_offset = write_list(publish_wakes);
  std::vector<std::uint64_t> release_wakes;
  add(release_wakes, ingress_thread());
  block.release_wake_count = static_cast<std::uint32_t>(release_wakes.size());
  block.release_wakes_offset = write_list(release_wakes);
}

void RingGraph::write_agents(std::uint32_t shard) {
  const abi::LayoutPart& own = part(shard);
  const auto entries = static_cast<std::uint32_t>(description_.entries.size());
  const std::uint32_t base = shard * agents_per_shard(description_);
  const auto write = [&](std::uint32_t index, abi::AgentKind kind, const std::string& id,
                         std::vector<std::uint32_t> dependencies) -> abi::AgentEntry& {
    // Texts are written once, with shard 0; the other shards point at the same bytes.
    const std::uint64_t id_offset = shard == 0 ? write_text(id) : agent_entry(index).id_offset;
    abi::AgentEntry& entry = write_agent(base + index, kind, id_offset, {id, std::move(dependencies)});
    entry.ring = shard;
    return entry;
  };
  abi::AgentEntry& ingress = write(0, abi::AgentKind::kIngress, role_id(0), {base + entries + 1});
  ingress.block_offset = own.producer;
  ingress.stamps_offset = stamps_place(own, entries);
  for (std::uint32_t i = 0; i < entries; ++i) {
    std::vector<std::uint32_t> dependencies;
    for (const std::uint32_t on : description_.entries[i].dependencies) dependencies.push_back(base + on + 1);
    if (dependencies.empty()) dependencies.push_back(base);
    abi::AgentEntry& stage = write(i + 1, abi::AgentKind::kStage, role_id(i + 1), dependencies);
    stage.entry = i;
    stage.block_offset = consumer_place(own, i);
    stage.stamps_offset = stamps_place(own, i);
    stage.histogram_offset = histogram_place(own, i);
  }
  std::vector<std::uint32_t> terminals;
  for (const std::uint32_t entry : bits_of(description_.terminals)) terminals.push_back(base + entry + 1);
  abi::AgentEntry& egress = write(entries + 1, abi::AgentKind::kEgress, role_id(entries + 1), terminals);
  egress.block_offset = consumer_place(own, entries);
  egress.histogram_offset = histogram_place(own, entries);
}

void RingGraph::write_first_sequence(std::uint32_t shard) {
  const std::uint64_t first = options_.first_sequence;
  abi::ProducerBlock& producer = producer_block(shard);
  producer.cursor.store(first, std::memory_order_relaxed);
  producer.cell.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
  producer.next.store(static_cast<double>(first), std::memory_order_relaxed);
  for (std::uint32_t i = 0; i <= description_.entries.size(); ++i) {
    consumer_block(shard, i).sequence.store(first, std::memory_order_relaxed);
    consumer_block(shard, i).cell.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
  }
  const std::uint32_t slots = part(shard).slot_count;
  if (part(shard).word_bytes == 0) return;
  // As if the lap before had just been read: no word may look like a publication of the first lap.
  const core::RingMemory ring = ring_memory(shard);
  for (std::uint64_t s = first; s != first + slots; ++s)
    core::FixedLayout::word(ring, s).store(static_cast<std::uint32_t>(s + 1 - slots), std::memory_order_relaxed);
}

// ---- the agents ----------------------------------------------------------------------------------------------------

ring::StageContext RingGraph::stage_context(std::uint32_t shard, std::uint32_t entry) {
  const EntryDescription& description = description_.entries[entry];
  const std::uint32_t base = shard * agents_per_shard(description_);
  std::vector<core::SequenceReader> dependencies;
  std::vector<core::StampTable> upstream_stamps;
  const std::uint32_t thread = stage_thread(shard, entry);
  bool paces = false;
  for (const std::uint32_t on : description.dependencies) {
    paces = paces || stage_thread(shard, on) != thread;
    dependencies.emplace_back(consumer_block(shard, on).sequence);
    upstream_stamps.push_back(stamp_table(shard, on));
  }
  if (dependencies.empty()) {
    paces = ingress_thread() != thread;
    dependencies.push_back(producer_cursor(shard));
    upstream_stamps.push_back(stamp_table(shard, description_.entries.size()));
  }
  std::atomic<std::uint64_t>& stop_before = ring_block(shard).stop_before;
  const bool reads_words = part(shard).word_bytes != 0 && description.dependencies.empty();
  const core::RingMemory ring = ring_memory(shard);
  core::Barrier barrier =
      reads_words ? core::Barrier(ring, stop_before) : core::Barrier(std::move(dependencies), stop_before);
  ring::StageContext context{
      .ring = ring, .barrier = {std::move(barrier), ring, paces, options_.first_sequence}, .end = shard_end(shard)};
  context.stop_before = &ring_block(shard).stop_before;
  context.block = &consumer_block(shard, entry);
  context.agent_index = base + entry + 1;
  context.entry = &agent_entry(context.agent_index);
  context.upstream_agent = description.dependencies.empty() ? base : base + description.dependencies.front() + 1;
  context.marks = mark_planes(shard, description.filters);
  if (description.mark.has_value()) context.own_marks = &at<std::uint8_t>(marks_place(part(shard), *description.mark));
  context.on_error = on_error_at(description_.stage_of(entry).on_error, context.agent_index);
  context.stamps = stamp_table(shard, entry);
  context.upstream_stamps = std::move(upstream_stamps);
  context.histogram = core::Histogram(&at<std::atomic<std::uint32_t>>(histogram_place(part(shard), entry)));
  context.failures = &failures_;
  context.checks_slots = options_.ingress_port == abi::PortCode::kJs && description.dependencies.empty();
  context.room = {description_.stage_of(entry).headroom, description_.stage_of(entry).tailroom};
  context.batch_records = options_.batch_records;
  context.first = options_.first_sequence;
  return context;
}

template <class Op>
void RingGraph::make_stage(std::uint32_t entry, const typename Op::Config& config) {
  static_assert(op::JudgesRecords<Op>, "a slot holds one record: an op that emits others has no place in a ring");
  auto ops = std::make_shared<std::vector<std::unique_ptr<OpBox<Op>>>>();
  const std::uint32_t longest = part(0).record_max + description_.headroom + description_.tailroom;
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    ops->push_back(std::make_unique<OpBox<Op>>(config, longest));
    Op& op = ops->back()->op;
    if (description_.layout == abi::LayoutCode::kFixed) {
      if constexpr (Op::kKeepsLayout)
        add_stage(shard, entry,
                  std::make_unique<ring::StageAgent<core::FixedLayout, Op>>(stage_context(shard, entry), op));
    } else {
      add_stage(shard, entry,
                std::make_unique<ring::StageAgent<core::VariableLayout, Op>>(stage_context(shard, entry), op));
    }
  }
  reports_.add(description_.stage_of(entry).id, [ops] {
    std::vector<const Op*> shards;
    for (const auto& box : *ops) shards.push_back(&box->op);
    return Op::report(std::span<const Op* const>(shards));
  });
}

void RingGraph::make_hosted_stage(std::uint32_t entry) {
  const StageDescription& stage = description_.stage_of(entry);
  std::vector<const op::HostedOp*> ops;
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    op::HostedOp& op = make_hosted_op(stage, stage_thread(shard, entry), options_.batch_records, 1,
                                      {.agent = stage_agent(shard, entry), .in_slot = true});
    ops.push_back(&op);
    add_batch_stage(shard, entry, op);
  }
  reports_.add_shards(stage.id, std::move(ops));
}

void RingGraph::add_stage(std::uint32_t shard, std::uint32_t entry, std::unique_ptr<ring::StageBase> agent) {
  const std::size_t place = shard * description_.entries.size() + entry;
  stage_positions_[place] = &agent->next();
  agents_[place] = {stage_thread(shard, entry), std::move(agent)};
}

void RingGraph::make_stages() {
  agents_.resize(std::size_t{description_.shards} * description_.entries.size());
  stage_positions_.resize(agents_.size());
  for (std::uint32_t entry = 0; entry < description_.entries.size(); ++entry) {
    const StageDescription& stage = description_.stage_of(entry);
    if (stage.op == abi::OpCode::kJs || stage.op == abi::OpCode::kNative) {
      stage.op == abi::OpCode::kJs ? make_hosted_stage(entry) : make_plugin_stage(entry);
      continue;
    }
    try {
      op::visit_op(stage.op, stage.config, [&]<class Op>(const typename Op::Config& config) {
        if constexpr (op::JudgesRecords<Op>)
          make_stage<Op>(entry, config);
        else
          throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                                 "it emits other records than it reads, which a slot cannot hold");
      });
    } catch (const core::CodedError& error) {
      throw core::CodedError(error.code(), "stage " + stage.id + ": " + error.what());
    }
  }
}

// Whether a stage or the egress runs on another thread than the native ingress.
bool RingGraph::is_read_elsewhere(std::uint32_t shard) const noexcept {
  if (egress_thread() != ingress_thread()) return true;
  for (std::uint32_t entry = 0; entry < description_.entries.size(); ++entry)
    if (stage_thread(shard, entry) != ingress_thread()) return true;
  return false;
}

void RingGraph::make_ends() {
  const auto entries = static_cast<std::uint32_t>(description_.entries.size());
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    if (options_.ingress_port == abi::PortCode::kNative) {
      producers_.push_back(std::make_unique<core::RecordProducer>(
          ring_memory(shard), producer_block(shard), core::Gates({egress_sequence(shard)}), stamp_table(shard, entries),
          options_.first_sequence, is_read_elsewhere(shard)));
    }
    if (options_.egress_port == abi::PortCode::kJs) continue;
    std::vector<core::SequenceReader> terminals;
    std::vector<core::StampTable> stamps;
    bool paces = false;
    for (const std::uint32_t entry : bits_of(description_.terminals)) {
      paces = paces || stage_thread(shard, entry) != egress_thread();
      terminals.emplace_back(consumer_block(shard, entry).sequence);
      stamps.push_back(stamp_table(shard, entry));
    }
    const core::RingMemory ring = ring_memory(shard);
    core::PacedBarrier barrier(core::Barrier(std::move(terminals), ring_block(shard).stop_before), ring, paces,
                               options_.first_sequence);
    consumers_.push_back(std::make_unique<core::RecordConsumer>(
        ring, consumer_block(shard, entries), shard_end(shard), std::move(barrier),
        mark_planes(shard, description_.egress_filters), options_.first_sequence, std::move(stamps),
        core::Histogram(&at<std::atomic<std::uint32_t>>(histogram_place(part(shard), entries)))));
    if (options_.egress_port == abi::PortCode::kDiscard)
      agents_.push_back(
          {egress_thread(),
           std::make_unique<ObservedEnd>(std::make_unique<core::DiscardAgent<core::RecordConsumer>>(*consumers_.back()),
                                         EndSide::kEgress, std::vector{observed_egress(shard)},
                                         [this, shard] { return judge_egress(shard); })});
  }
}

ObservedEnd::Shard RingGraph::observed_ingress(std::uint32_t shard) noexcept {
  const std::uint32_t base = shard * agents_per_shard(description_);
  return {&agent_entry(base), base + egress_agent()};
}

ObservedEnd::Shard RingGraph::observed_egress(std::uint32_t shard) noexcept {
  const std::uint32_t base = shard * agents_per_shard(description_);
  const auto terminal = static_cast<std::uint32_t>(std::countr_zero(description_.terminals));
  return {&agent_entry(base + egress_agent()), base + terminal + 1};
}

std::unique_ptr<core::Agent> RingGraph::observe_end(core::Agent& end, std::uint32_t boundary) {
  const bool ingress = boundary == description_.ingress;
  std::vector<ObservedEnd::Shard> shards;
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard)
    shards.push_back(ingress ? observed_ingress(shard) : observed_egress(shard));
  if (ingress) return std::make_unique<ObservedEnd>(end, EndSide::kIngress, std::move(shards));
  return std::make_unique<ObservedEnd>(end, EndSide::kEgress, std::move(shards), [this] {
    for (std::uint32_t shard = 0; shard < description_.shards; ++shard)
      if (judge_egress(shard)) return true;
    return false;
  });
}

// A native egress that met an overwritten slot fails the pipeline there. The record stays unread, so it is abandoned.
bool RingGraph::judge_egress(std::uint32_t shard) noexcept {
  const core::RecordConsumer& consumer = *consumers_[shard];
  if (!consumer.damaged()) [[likely]]
    return false;
  core::stop_shard_before(ring_block(shard).stop_before, consumer.next());
  failures_.report_failure(shard * agents_per_shard(description_) + egress_agent(), consumer.next(),
                           core::kDamagedRecord);
  return true;
}

// The cells of shard 0 stand for all shards.
std::vector<JsSleeper> RingGraph::js_sleepers() noexcept {
  std::vector<JsSleeper> sleepers;
  const std::uint32_t per_shard = agents_per_shard(description_);
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    const std::uint32_t egress = shard * per_shard + egress_agent();
    if (options_.egress_port == abi::PortCode::kJs) {
      for (const std::uint32_t terminal : dependencies(egress))
        sleepers.push_back(
            {agent_thread(terminal), &consumer_block(0, per_shard - 2).records_armed, JsSleeper::Waits::kRecords});
    } else if (options_.ingress_port == abi::PortCode::kJs) {
      sleepers.push_back({agent_thread(egress), &producer_block(0).room_armed, JsSleeper::Waits::kRoom});
    }
  }
  return sleepers;
}

// ---- the end -------------------------------------------------------------------------------------------------------

void RingGraph::close_js_ingress(std::uint32_t) noexcept {
  if (options_.ingress_port != abi::PortCode::kJs) return;
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    std::atomic<std::uint32_t>& closed = producer_block(shard).closed;
    // SYNC POINT S3: when its owner has closed it, the cell is final and nothing has to be said about the end.
    if (closed.load(std::memory_order_seq_cst) != 0) continue;
    // The owner may be publishing at this moment. One stage could take that as the end and the next one wait for the
    // record for ever, so the end is fixed first (S4), and what comes after it is abandoned.
    // SYNC POINT S1: the thread that closes a running ring reads what its stages publish.
    const std::uint64_t near = consumer_block(shard, 0).sequence.load(std::memory_order_acquire);
    core::stop_shard_before(ring_block(shard).stop_before, published(shard, near));
    closed.store(1, std::memory_order_seq_cst);
  }
}

// A stage that failed has stopped its shard. Where no letters can be written their stages go no further; ends see it.
void RingGraph::stop_after_failure(std::uint32_t agent) noexcept {
  if (!is_end_of_letters(agent)) return;
  for (const LetterLane& lane : letter_lanes()) {
    if (lane.kind != "stage") continue;
    const abi::ConsumerBlock& own = consumer_block(lane.shard, lane.writer % agents_per_shard(description_) - 1);
    // SYNC POINT S4: what a stage has not given up yet is handed on to none behind it.
    core::stop_shard_before(ring_block(lane.shard).stop_before, own.sequence.load(std::memory_order_acquire));
  }
}

// `near`: where the first stage is, which is never further behind than the ring is long; a cell is widened against it,
// and whatever was written over the cell, no more was published.
std::uint64_t RingGraph::published(std::uint32_t shard, std::uint64_t near) noexcept {
  const std::uint64_t most = near + part(shard).capacity;
  std::uint64_t end = std::clamp(producer_cursor(shard).load_seq_cst(near), near, most);
  if (part(shard).word_bytes == 0) return end;
  // SYNC POINT S1: a word may have been published whose cursor was not: the stages have seen it, so it counts.
  const core::RingMemory ring = ring_memory(shard);
  while (end < most &&
         core::FixedLayout::word(ring, end).load(std::memory_order_acquire) == static_cast<std::uint32_t>(end + 1))
    ++end;
  return end;
}

// Where an entry, or the egress, stands when its thread has ended, of a shard in which `end` was published. What native
// agents know themselves is not asked of the region. A ring holds no more than its length, so what lies further back
// was overwritten with another sequence, and is not counted one by one.
std::uint64_t RingGraph::settled_position(std::uint32_t shard, std::uint32_t entry, std::uint64_t end) noexcept {
  std::uint64_t next = 0;
  if (entry != description_.entries.size())
    next = *stage_positions_[shard * description_.entries.size() + entry];
  else if (options_.egress_port == abi::PortCode::kJs)
    next = egress_sequence(shard).load_seq_cst(end);  // SYNC POINT S2: its thread may only have stopped
  else
    next = consumers_[shard]->next();
  const std::uint64_t first = end - std::min<std::uint64_t>(end - options_.first_sequence, part(shard).slot_count);
  return std::clamp(next, first, end);
}

std::uint64_t RingGraph::settled_end(std::uint32_t shard) noexcept {
  if (options_.ingress_port == abi::PortCode::kNative)
    return part(shard).word_bytes == 0 ? producers_[shard]->published() : producers_[shard]->next();
  return published(shard, *stage_positions_[shard * description_.entries.size()]);
}

void RingGraph::settle_consumer(std::uint32_t shard, std::uint32_t entry, std::uint64_t ancestors) noexcept {
  abi::ConsumerBlock& block = consumer_block(shard, entry);
  const std::uint64_t end = settled_end(shard);
  std::uint64_t next = settled_position(shard, entry, end);
  // The record that stopped the pipeline here is neither: it failed.
  if (block.stopped.load(std::memory_order_relaxed) != 0) ++next;
  struct Plane {
    const std::uint8_t* marks;
    std::uint64_t valid_before;
  };
  // Marks before a filter's sequence are its own. Of every marking ancestor, not only of the nearest
  // ones: those may not have come far enough to pass the marks on.
  std::vector<Plane> planes;
  for (const std::uint32_t filter : bits_of(ancestors)) {
    if (!description_.entries[filter].mark.has_value()) continue;
    planes.push_back({&at<std::uint8_t>(marks_place(part(shard), *description_.entries[filter].mark)),
                      settled_position(shard, filter, end)});
  }
  double abandoned = 0;
  double skipped = 0;
  for (; next < end; ++next) {
    const bool was_filtered = std::any_of(planes.begin(), planes.end(), [&](const Plane& plane) {
      return next < plane.valid_before && plane.marks[next & (part(shard).slot_count - 1)] != 0;
    });
    (was_filtered ? skipped : abandoned) += 1;
  }
  const auto add = [](std::atomic<double>& cell, double value) {
    cell.store(cell.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  };
  add(block.in, abandoned);
  add(block.abandoned, abandoned);
  add(block.skipped, skipped);
  block.held.store(0, std::memory_order_relaxed);
}

void RingGraph::settle() noexcept {
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    producer_block(shard).published.store(static_cast<double>(settled_end(shard) - options_.first_sequence),
                                          std::memory_order_relaxed);
    for (std::uint32_t entry = 0; entry < description_.entries.size(); ++entry)
      settle_consumer(shard, entry, description_.entries[entry].ancestors);
    settle_consumer(shard, static_cast<std::uint32_t>(description_.entries.size()), all_entries(description_));
  }
  settle_letters();
}

// The adapter counts over all shards; which shard a lost record came from is not known, so they are taken in turn.
void RingGraph::count_undelivered(std::uint32_t, double records) noexcept {
  const auto egress = static_cast<std::uint32_t>(description_.entries.size());
  for (std::uint32_t shard = 0; shard < description_.shards && records > 0; ++shard) {
    abi::ConsumerBlock& block = consumer_block(shard, egress);
    const double out = block.out.load(std::memory_order_relaxed);
    const double here = std::min(out, records);
    block.out.store(out - here, std::memory_order_relaxed);
    block.abandoned.store(block.abandoned.load(std::memory_order_relaxed) + here, std::memory_order_relaxed);
    records -= here;
  }
}

std::unique_ptr<journal::Delivery> RingGraph::make_delivery(std::uint32_t, std::uint32_t shard) const {
  RingEgress egress{.released = egress_sequence(shard),
                    .near = &consumer_block(shard, 0).sequence,
                    .first = options_.first_sequence,
                    .shards = {},
                    .written = &written_};
  for (std::uint32_t i = 0; i < description_.shards; ++i)
    egress.shards.push_back(&consumer_block(i, static_cast<std::uint32_t>(description_.entries.size())));
  std::vector<DeliveryHop> letters;
  for (std::uint32_t entry = 0; entry < description_.entries.size(); ++entry)
    add_letter_hop(letters, stage_agent(shard, entry));
  add_letter_hop(letters, egress_agent());
  return std::make_unique<RingDelivery>(std::move(egress), std::move(letters), kDeliveryMarks);
}

std::string RingGraph::sizes() const {
  return "{\"capacity\":" + std::to_string(part(0).capacity) + ",\"record_max\":" + std::to_string(part(0).record_max) +
         ",\"arena_bytes\":" + std::to_string(part(0).memory_bytes) + '}';
}

}  // namespace byteor::graph

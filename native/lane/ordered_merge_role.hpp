// Joins lanes into one and restores the order of the ingress. Every inlet's ordinals grow, and every inlet has a bound:
// the ordinal of its first record, or, when it has none, what its watermark says about the records to come. The least
// bound (of equal ones, that of the first inlet) decides: when it belongs to a record, that record is next, and so are
// those behind it up to the next bound; when it belongs to an empty inlet, all inlets wait for that one.
//
//   inlet 0   7 9 …        bound 7 ◀─ least: 7 is next
//   inlet 1   8 …          bound 8
//   inlet 2   (empty)      bound 9, its watermark: 8 comes after 7, and then 9, because inlet 0 stands before inlet 2
//
// Copies of one record may meet here with one ordinal. They get new ones, in the order of the inlets, inside the range
// that their record owns: ordinal.hpp.
//
// Bounds of empty inlets are looked up only when they decide. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "lane/endpoint.hpp"
#include "lane/merge_role.hpp"
#include "lane/role.hpp"

namespace byteor::lane {

class alignas(core::kCacheBlock) OrderedMergeRole final : public Role {
 public:
  explicit OrderedMergeRole(RoleContext context)
      : Role(std::move(context)),
        outlet_(*context_.outlets.front().outlet),
        watermarked_(context_.outlets.front().watermarked),
        step_(context_.outlets.front().ordinal_step),
        chosen_(context_.batch_records),
        sources_(context_.batch_records) {
    heads_.resize(context_.inlets.size());
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      heads_[i].end = &context_.inlets[i];
      heads_[i].records.resize(context_.batch_records);
    }
  }

  std::uint32_t do_work() noexcept override {
    if (finished()) return 0;
    if (stopping()) return finish();
    if (put_ == chosen_count_) choose();
    const std::uint32_t put = put_chosen();
    const std::uint32_t moved = put + end_turn();
    if (put_ != chosen_count_ && chosen_[put_].length > outlet_.record_max()) [[unlikely]]
      return moved + fail_too_large(chosen_[put_], context_.outlets.front());
    if (moved != 0)
      observe_work();
    else if (put_ != chosen_count_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return moved;
  }

  void settle() noexcept override { settle_merge(context_.inlets); }

 private:
  // Above every ordinal: leaves room for a step and for what is added for copies.
  static constexpr std::uint64_t kOrdinalEnd = std::uint64_t{1} << 63;

  // One inlet: the records that were seen, how many of them were chosen, and how many of those are out.
  struct Head {
    InletEnd* end = nullptr;
    std::vector<LaneRecord> records;
    std::uint32_t count = 0;
    std::uint32_t chosen = 0;
    std::uint32_t consumed = 0;
    std::uint64_t out = 0;         // over all batches
    std::uint64_t given_back = 0;  // likewise
    std::uint64_t bound = 0;

    bool empty() const noexcept { return chosen == count; }
  };

  // Fills the batch with the records that are next, as far as that is known.
  void choose() noexcept {
    put_ = chosen_count_ = 0;
    while (chosen_count_ != context_.batch_records) {
      Head& least = least_head();
      if (least.empty()) {
        if (!look_again(least)) break;
        continue;
      }
      choose_from(least);
    }
  }

  Head& least_head() noexcept {
    Head* least = &heads_.front();
    for (Head& head : heads_)
      if (head.bound < least->bound) least = &head;
    return *least;
  }

  // The records of this inlet that come before every other inlet's bound.
  void choose_from(Head& head) noexcept {
    const auto index = static_cast<std::uint32_t>(&head - heads_.data());
    const std::uint64_t before = others_bound(index);
    std::uint32_t at = head.chosen;
    while (at != head.count && chosen_count_ != context_.batch_records && head.records[at].ordinal < before) {
      chosen_[chosen_count_] = head.records[at];
      chosen_[chosen_count_].ordinal = ordinal_from(head.records[at].ordinal, index);
      sources_[chosen_count_] = index;
      ++chosen_count_;
      ++at;
    }
    // An inlet whose records have been used up is known to have nothing before its last one.
    head.bound = at != head.count ? head.records[at].ordinal : head.records[at - 1].ordinal + head.end->ordinal_step;
    head.chosen = at;
  }

  // Records of inlet `index` with smaller ordinals come before whatever the others have or get.
  std::uint64_t others_bound(std::uint32_t index) const noexcept {
    std::uint64_t before = core::kNoLimit;
    for (std::uint32_t i = 0; i != heads_.size(); ++i) {
      if (i == index) continue;
      const std::uint64_t bound = heads_[i].bound;
      before = std::min(before, i < index || bound == core::kNoLimit ? bound : bound + 1);
    }
    return before;
  }

  // True when an empty inlet has a record now, or a larger bound than before. What was chosen from it must be out
  // first: its records are seen anew. Once ended, its bound is the last one there is.
  bool look_again(Head& head) noexcept {
    if (head.bound == core::kNoLimit || head.consumed != head.count) return false;
    head.count = head.end->inlet->peek(head.records.data(), context_.batch_records);
    head.chosen = head.consumed = 0;
    if (!grows(head)) [[unlikely]] {
      head.count = 0;
      disordered_ = true;
      return false;
    }
    const std::uint64_t bound = head.count != 0 ? head.records.front().ordinal : head.end->inlet->lower_bound();
    // A record that came between the look and the bound is found at the next look.
    if (head.count == 0 && bound <= head.bound) return false;
    head.bound = bound;
    return true;
  }

  // Ordinals grow, from the inlet's bound on. Others were overwritten, and going by them would order nothing.
  bool grows(const Head& head) const noexcept {
    std::uint64_t least = head.bound;
    for (std::uint32_t i = 0; i != head.count; ++i) {
      const std::uint64_t ordinal = head.records[i].ordinal;
      if (ordinal < least || ordinal >= kOrdinalEnd) return false;
      least = ordinal + 1;
    }
    return true;
  }

  std::uint32_t put_chosen() noexcept {
    if (put_ == chosen_count_) return 0;
    const std::uint32_t put = outlet_.put(chosen_.data() + put_, chosen_count_ - put_);
    for (std::uint32_t i = put_; i != put_ + put; ++i) ++heads_[sources_[i]].out;
    put_ += put;
    return put;
  }

  std::uint32_t end_turn() noexcept {
    outlet_.publish();
    for (Head& head : heads_) give_back(head);
    return watermarked_ && advance(outlet_, bound()) ? 1 : 0;
  }

  // What is out is given back at once: the inlet's writer may need the room for the record that all wait for.
  void give_back(Head& head) noexcept {
    const std::uint64_t count = head.out - head.given_back;
    if (count == 0) return;
    head.given_back = head.out;
    head.consumed += static_cast<std::uint32_t>(count);
    head.end->inlet->consume(static_cast<std::uint32_t>(count));
    head.end->inlet->release();
    store(head.end->block->out, head.out);
  }

  // The least ordinal that may still go into the outlet.
  std::uint64_t bound() noexcept {
    if (put_ != chosen_count_) return chosen_[put_].ordinal;
    const Head& least = least_head();
    if (least.bound == core::kNoLimit) return core::kNoLimit;
    return ordinal_from(least.bound, static_cast<std::uint32_t>(&least - heads_.data()));
  }

  std::uint64_t ordinal_from(std::uint64_t ordinal, std::uint32_t inlet) const noexcept {
    return ordinal + inlet * step_;
  }

  // Nothing could be chosen.
  std::uint32_t rest() noexcept {
    for (const Head& head : heads_)
      if (head.end->inlet->damaged() || disordered_) [[unlikely]]
        return fail(head.end->inlet->lower_bound(), core::kDamagedRecord);
    const Head& least = least_head();
    if (least.bound == core::kNoLimit) return finish();
    observe_wait(*least.end);
    return 0;
  }

  Outlet& outlet_;
  const bool watermarked_;
  const std::uint64_t step_;
  std::vector<Head> heads_;
  std::vector<LaneRecord> chosen_;      // what is next, with its new ordinals
  std::vector<std::uint32_t> sources_;  // and the inlets it comes from
  std::uint32_t chosen_count_ = 0;
  std::uint32_t put_ = 0;    // of the chosen ones
  bool disordered_ = false;  // an inlet's ordinals do not grow
};

}  // namespace byteor::lane

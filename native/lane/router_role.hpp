// Spreads one lane over several: every record to each outlet (Broadcast), or to the one that a choice names
// (RoundRobin, KeyHash). It works through a batch at a time, and every outlet has a place of its own in it: a full
// outlet holds up neither the others nor the router's thread, until the batch is done and a new one is taken.
//
//   batch   | given to all | given to some … |
//   outlet  ───────────────────▲ given        (Broadcast: in the batch; otherwise: in the outlet's share of it)
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "lane/endpoint.hpp"
#include "lane/role.hpp"

namespace byteor::lane {

// Every outlet gets every record.
struct BroadcastChoice {
  static constexpr bool kChooses = false;
  std::uint32_t choose(const LaneRecord&, std::uint32_t) noexcept { return 0; }
  std::uint64_t keyless() const noexcept { return 0; }
};

// One after the other.
class RoundRobinChoice {
 public:
  static constexpr bool kChooses = true;
  std::uint32_t choose(const LaneRecord&, std::uint32_t outlets) noexcept {
    const std::uint32_t chosen = next_;
    next_ = next_ + 1 == outlets ? 0 : next_ + 1;
    return chosen;
  }
  std::uint64_t keyless() const noexcept { return 0; }

 private:
  std::uint32_t next_ = 0;
};

// By the hash of the record's key; a record without one goes to the first outlet and is counted. `Reader` answers
// find_hash(text) with an optional (op::KeyReader); it is read-only and outlives the choice.
template <class Reader>
class KeyHashChoice {
 public:
  static constexpr bool kChooses = true;
  explicit KeyHashChoice(const Reader& reader) noexcept : reader_(&reader) {}

  std::uint32_t choose(const LaneRecord& record, std::uint32_t outlets) noexcept {
    const auto hash = reader_->find_hash(std::string_view(reinterpret_cast<const char*>(record.data), record.length));
    if (hash.has_value()) return static_cast<std::uint32_t>(*hash % outlets);
    ++keyless_;
    return 0;
  }
  std::uint64_t keyless() const noexcept { return keyless_; }

 private:
  const Reader* reader_;
  std::uint64_t keyless_ = 0;
};

template <class Choice>
class alignas(core::kCacheBlock) RouterRole final : public Role {
 public:
  explicit RouterRole(RoleContext context, Choice choice = {})
      : Role(std::move(context)),
        choice_(choice),
        inlet_(*context_.inlets.front().inlet),
        block_(*context_.inlets.front().block),
        copies_spans_(!Choice::kChooses && copies_spans(context_)),
        records_(copies_spans_ ? 0 : context_.batch_records) {
    routes_.resize(context_.outlets.size());
    for (std::size_t i = 0; i < routes_.size(); ++i) {
      routes_[i].end = &context_.outlets[i];
      if constexpr (Choice::kChooses) {
        routes_[i].share.resize(context_.batch_records);
        routes_[i].places.resize(context_.batch_records);
      }
    }
  }

  std::uint32_t do_work() noexcept override {
    if (finished()) return 0;
    if (stopping()) return finish();
    if (consumed_ == count_) take_batch();
    Route* full = nullptr;
    Route* broken = nullptr;
    std::uint32_t moved = 0;
    for (Route& route : routes_) {
      moved += give(route);
      if (route.given == route.count) continue;
      if (full == nullptr) full = &route;
      if (too_large(route)) [[unlikely]]
        broken = &route;
    }
    moved += end_turn();
    if (broken != nullptr) [[unlikely]]
      return moved + fail_too_large(next_of(*broken), *broken->end);
    if (moved != 0)
      observe_work();
    else if (full != nullptr)
      observe_stall(*full->end);
    else
      return rest();
    return moved;
  }

  // A router fails no record for itself: when it had to stop, the copies that it did not give are abandoned, and whose
  // fault that was is in the failure.
  void settle() noexcept override {
    settle_unread(block_, *context_.inlets.front().producer, context_.inlets.front().replayed);
    const double copies =
        block_.in.load(std::memory_order_relaxed) * (Choice::kChooses ? 1.0 : static_cast<double>(routes_.size()));
    store(block_.out, given_);
    block_.abandoned.store(copies - static_cast<double>(given_), std::memory_order_relaxed);
  }

 private:
  struct Route {
    OutletEnd* end = nullptr;
    std::vector<LaneRecord> share;      // where it chooses: what goes to this outlet
    std::vector<std::uint32_t> places;  // and where in the batch that stood
    std::uint32_t count = 0;            // records that go to this outlet
    std::uint32_t given = 0;            // of which it has
  };

  void take_batch() noexcept {
    consumed_ = 0;
    count_ = copies_spans_ ? inlet_.span(0, context_.batch_records).count
                           : inlet_.peek(records_.data(), context_.batch_records);
    for (Route& route : routes_) {
      route.given = 0;
      route.count = Choice::kChooses ? 0 : count_;
    }
    if (count_ == 0 || copies_spans_) return;
    next_ordinal_ = records_[count_ - 1].ordinal + context_.inlets.front().ordinal_step;
    if constexpr (Choice::kChooses) {
      const auto outlets = static_cast<std::uint32_t>(routes_.size());
      for (std::uint32_t i = 0; i != count_; ++i) {
        Route& route = routes_[choice_.choose(records_[i], outlets)];
        route.share[route.count] = records_[i];
        route.places[route.count] = i;
        ++route.count;
      }
    }
  }

  std::uint32_t give(Route& route) noexcept {
    if (route.given == route.count) return 0;
    Outlet& outlet = *route.end->outlet;
    const std::uint32_t left = route.count - route.given;
    const std::uint32_t given =
        copies_spans_ ? outlet.put_span(inlet_.span(route.given - consumed_, left)) : outlet.put(&next_of(route), left);
    route.given += given;
    given_ += given;
    return given;
  }

  const LaneRecord& next_of(const Route& route) const noexcept {
    return (Choice::kChooses ? route.share.data() : records_.data())[route.given];
  }

  // Index in the batch of the first record that this outlet does not have.
  std::uint32_t done_until(const Route& route) const noexcept {
    if (route.given == route.count) return count_;
    if constexpr (Choice::kChooses) return route.places[route.given];
    return route.given;
  }

  bool too_large(const Route& route) const noexcept {
    return !copies_spans_ && next_of(route).length > route.end->outlet->record_max();
  }

  std::uint32_t end_turn() noexcept {
    std::uint32_t done = count_;
    for (const Route& route : routes_) {
      route.end->outlet->publish();
      done = std::min(done, done_until(route));
    }
    inlet_.consume(done - consumed_);
    consumed_ = done;
    inlet_.release();
    store(block_.out, given_);
    if constexpr (Choice::kChooses) store(block_.keyless, choice_.keyless());
    std::uint32_t advanced = 0;
    for (const Route& route : routes_)
      if (route.end->watermarked && advance(*route.end->outlet, bound_of(route))) advanced = 1;
    return advanced;
  }

  // The least ordinal that may still be given to this outlet.
  std::uint64_t bound_of(const Route& route) noexcept {
    if (route.given != route.count) return next_of(route).ordinal;
    // The batch is done as far as this outlet is concerned, and ordinals grow.
    return std::max(next_ordinal_, inlet_.lower_bound());
  }

  // There was nothing to read.
  std::uint32_t rest() noexcept {
    if (inlet_.damaged()) [[unlikely]]
      return fail(inlet_.lower_bound(), core::kDamagedRecord);
    if (inlet_.ended()) return finish();
    observe_wait(context_.inlets.front());
    return 0;
  }

  Choice choice_;
  Inlet& inlet_;
  abi::ConsumerBlock& block_;
  const bool copies_spans_;          // and has no descriptions, nor ordinals
  std::vector<LaneRecord> records_;  // the batch
  std::vector<Route> routes_;
  std::uint32_t count_ = 0;         // records in the batch
  std::uint32_t consumed_ = 0;      // of which every outlet has what is its
  std::uint64_t given_ = 0;         // copies, over all outlets
  std::uint64_t next_ordinal_ = 0;  // after the batch's last one
};

}  // namespace byteor::lane

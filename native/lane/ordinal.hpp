// Ordinals: where a record stands in the order of its ingress, so that an Ordered merge can restore it, and where its
// copies stand among each other.
//
//   | place in the ingress's order | room for copies |      ordinal_shift bits of room
//
// The ingress numbers its records `place << ordinal_shift`, so each owns a range of ordinals as long as the room. Where
// copies meet, an Ordered merge of k inlets cuts every range into 2^b ≥ k equal ones, and the copy from inlet i gets
// the i-th. A lane has a *step*: the length of the ranges of its records, and so the least distance between two of
// them.
//
//   ingress    0 ─────────────── 8 ──────────────      step 8
//   merge      0 ─── 2 ─── 4 ─── 8 ─── 10 ── …         three inlets: step 8 >> 2
//
// A stage that emits up to k records for one cuts every range likewise, and its i-th record gets the i-th of them.
//
// Ranges are only cut, and only by powers of two, so whatever way two copies took, one's range lies inside the other's
// or beside it. All copies of a record stay inside its range: whatever comes of one record stands before whatever comes
// of the next, at every merge downstream. Therefore a role that is done with the record at o knows that nothing below
// o + step is left, and a branch never has to run ahead of another by more than one record: that is why blocking lanes
// of the smallest size cannot deadlock. (Counting copies instead, as in ordinal · k + i, lets a branch with more copies
// need records from another that the router has not been able to give.)
//
// graph/ordinal_bits.hpp computes the bits that each lane has used (0 at an ingress, as before it at a stage, a bridge
// or a router, the most of the inlets and merge_bits(k) at an Ordered merge); the most of them is the graph's
// ordinal_shift. A graph that needs more than abi::kOrdinalBitsMax is refused by validation, and by the decoder again:
// with less room than copies, two of them would share an ordinal, come out in any order, and hold each other up for
// ever. The places that the bits leave bound a run: at the limit 2^40 records, twelve days at a million a second.
#pragma once

#include <bit>
#include <cstdint>

namespace byteor::lane {

// Bits of the room that an Ordered merge of `inlets` uses up.
constexpr std::uint32_t merge_bits(std::uint32_t inlets) noexcept {
  return static_cast<std::uint32_t>(std::bit_width(inlets - 1));
}

// The step of a lane on which `bits` of the graph's room are used up, at most all of them.
constexpr std::uint64_t ordinal_step(std::uint32_t ordinal_shift, std::uint32_t bits) noexcept {
  return std::uint64_t{1} << (ordinal_shift - bits);
}

}  // namespace byteor::lane

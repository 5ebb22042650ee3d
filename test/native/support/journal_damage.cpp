#include "journal_damage.hpp"

#include <algorithm>
#include <vector>

#include "journal/format.hpp"

namespace byteor::test {

namespace {

using Verdict = JournalDamage::Verdict;
using Damage = std::optional<JournalDamage>;

struct SegmentLayout {
  std::string name;
  std::uint64_t first;
  std::uint64_t bytes;
  std::vector<std::uint64_t> offsets;  // of its records

  std::uint64_t end() const { return first + offsets.size(); }
  // Behind the last record that is whole in its first `kept` bytes.
  std::uint64_t end_within(std::uint64_t kept) const {
    std::uint64_t end = first;
    for (std::size_t i = 0; i != offsets.size(); ++i)
      if ((i + 1 == offsets.size() ? bytes : offsets[i + 1]) <= kept) end = first + i + 1;
    return end;
  }
};

std::vector<SegmentLayout> layout_of(OperatorHand& hand, const JournalModel& model) {
  std::vector<SegmentLayout> all;
  for (const std::string& name : hand.segments())
    all.push_back({name, *journal::sequence_of(name), hand.content(name).size(), {}});
  for (std::size_t i = 0; i != all.size(); ++i) {
    const std::uint64_t end = i + 1 == all.size() ? model.appended() : all[i + 1].first;
    std::uint64_t offset = sizeof(journal::SegmentHeader);
    for (std::uint64_t s = all[i].first; s < end && offset < all[i].bytes && model.has_record(s); ++s) {
      all[i].offsets.push_back(offset);
      offset += journal::frame_bytes(model.record_bytes(s));
    }
  }
  return all;
}

class Vandal {
 public:
  Vandal(OperatorHand& hand, const JournalModel& model, std::uint64_t cursor, bool restarted, SplitMix& random)
      : hand_(hand),
        layout_(layout_of(hand, model)),
        last_(layout_.back()),
        end_(model.appended()),
        floor_(restarted ? model.synced() : model.written()),
        cursor_(cursor),
        restarted_(restarted),
        random_(random) {}

  Damage hit() {
    using Way = Damage (Vandal::*)();
    static constexpr Way kWays[] = {
        &Vandal::remove_last,  &Vandal::remove_all,    &Vandal::remove_older, &Vandal::cut_last,
        &Vandal::cut_older,    &Vandal::blank_header,  &Vandal::blank_older,  &Vandal::flip_header,
        &Vandal::flip_in_last, &Vandal::flip_at_end,   &Vandal::flip_older,   &Vandal::rename_last,
        &Vandal::exchange,     &Vandal::remove_cursor, &Vandal::spoil_cursor, &Vandal::spoil_slot,
        &Vandal::spoil_lock,   &Vandal::spoil_mark,    &Vandal::add_file,     &Vandal::add_bytes,
        &Vandal::add_empty,
    };
    return (this->*kWays[random_.below(std::size(kWays))])();
  }

 private:
  // Records from `end` on are gone: no crash can have taken what is before the floor.
  Verdict without_records_from(std::uint64_t end) const {
    return end < floor_ ? Verdict::kMustRefuse : Verdict::kMayRefuse;
  }
  // The same, where a machine that did not go down leaves no such thing.
  Verdict never_without_restart(std::uint64_t end) const {
    return restarted_ ? without_records_from(end) : Verdict::kMustRefuse;
  }
  // A segment is as good as gone. Where it was the only one, the journal begins again if its reader had everything.
  JournalDamage without_segment(const char* what, const SegmentLayout& hit) const {
    if (restarted_ && layout_.size() == 1) return {what, without_records_from(cursor_), 0};
    return {what, never_without_restart(hit.first), hit.first};
  }
  const SegmentLayout& any() { return layout_[random_.below(layout_.size())]; }
  const SegmentLayout& older() { return layout_[random_.below(layout_.size() - 1)]; }
  bool has_older() const { return layout_.size() > 1; }
  void flip(const std::string& name, std::uint64_t offset) {
    std::string byte = hand_.content(name).substr(offset, 1);
    byte[0] = static_cast<char>(byte[0] ^ (1 << random_.below(8)));
    hand_.overwrite(name, offset, byte);
  }
  void flip_record(const SegmentLayout& segment, std::size_t at) {
    const std::uint64_t begin = segment.offsets[at];
    const std::uint64_t end = at + 1 == segment.offsets.size() ? segment.bytes : segment.offsets[at + 1];
    flip(segment.name, begin + random_.below(end - begin));
  }
  // Zeros, or bytes that mean nothing.
  std::string rubbish(std::size_t bytes) { return std::string(bytes, random_.one_in(2) ? '\0' : 'x'); }

  Damage remove_last() {
    if (!has_older()) return std::nullopt;
    const std::size_t left = 1 + random_.below(layout_.size() - 1);
    for (std::size_t i = left; i != layout_.size(); ++i) hand_.remove(layout_[i].name);
    const std::uint64_t end = layout_[left].first;
    return JournalDamage{"last segments removed", without_records_from(end), end};
  }
  Damage remove_all() {
    for (const SegmentLayout& segment : layout_) hand_.remove(segment.name);
    return JournalDamage{"all segments removed", without_records_from(cursor_), 0};
  }
  Damage remove_older() {
    if (!has_older()) return std::nullopt;
    const std::size_t which = random_.below(layout_.size() - 1);
    hand_.remove(layout_[which].name);
    const std::uint64_t end = layout_[which].first;
    // What the reader is done with is not missed.
    if (which != 0 && restarted_ && cursor_ >= layout_[which + 1].first)
      return JournalDamage{"middle segment removed, read", Verdict::kMayRefuse, end};
    if (which != 0) return JournalDamage{"middle segment removed", never_without_restart(end), end};
    // As retention leaves it, where the reader has come so far.
    if (cursor_ >= layout_[1].first) return JournalDamage{"first segment removed, read", Verdict::kMayRefuse, end_};
    return JournalDamage{"first segment removed, unread", without_records_from(cursor_), 0};
  }
  Damage cut_last() {
    const std::uint64_t bytes = random_.one_in(4) ? 0 : random_.below(last_.bytes);
    const std::uint64_t end = last_.end_within(bytes);
    hand_.truncate(last_.name, bytes);
    return JournalDamage{bytes == 0 ? "last segment emptied" : "last segment cut", without_records_from(end), end};
  }
  Damage cut_older() {
    if (!has_older()) return std::nullopt;
    const SegmentLayout& hit = older();
    const std::uint64_t bytes = random_.one_in(4) ? 0 : random_.below(hit.bytes);
    const std::uint64_t end = hit.end_within(bytes);
    hand_.truncate(hit.name, bytes);
    return JournalDamage{"older segment cut", never_without_restart(end), end};
  }
  Damage blank_header() {
    static constexpr std::uint64_t kBytes[] = {sizeof(journal::SegmentHeader), 512, 4096};
    const std::uint64_t bytes = std::min(random_.pick(kBytes), last_.bytes);
    hand_.overwrite(last_.name, 0, std::string(bytes, '\0'));
    const std::string rest = hand_.content(last_.name).substr(bytes);
    if (rest.find_first_not_of('\0') == std::string::npos)
      return JournalDamage{"last segment blank", without_records_from(last_.first), last_.first};
    return without_segment("header blank, records behind it", last_);
  }
  Damage blank_older() {
    if (!has_older()) return std::nullopt;
    const SegmentLayout& hit = older();
    hand_.overwrite(hit.name, 0, std::string(sizeof(journal::SegmentHeader), '\0'));
    return without_segment("header of an older segment blank", hit);
  }
  Damage flip_header() {
    const SegmentLayout& hit = any();
    flip(hit.name, random_.below(sizeof(journal::SegmentHeader)));
    return without_segment("header changed", hit);
  }
  Damage flip_in_last() {
    if (last_.offsets.size() < 2) return std::nullopt;
    const std::size_t at = random_.below(last_.offsets.size() - 1);
    flip_record(last_, at);
    const std::uint64_t end = last_.first + at;
    return JournalDamage{"record changed, others behind it", never_without_restart(end), end};
  }
  Damage flip_at_end() {
    if (last_.offsets.empty()) return std::nullopt;
    flip_record(last_, last_.offsets.size() - 1);
    const std::uint64_t end = last_.end() - 1;
    return JournalDamage{"last record changed", without_records_from(end), end};
  }
  // Opening does not read it, reading finds it.
  Damage flip_older() {
    if (!has_older()) return std::nullopt;
    const SegmentLayout& hit = older();
    if (hit.offsets.empty()) return std::nullopt;
    const std::size_t at = random_.below(hit.offsets.size());
    flip_record(hit, at);
    const std::uint64_t damaged = hit.first + at;
    return JournalDamage{"record of an older segment changed", Verdict::kMayRefuse, restarted_ ? damaged : end_,
                         damaged};
  }
  Damage rename_last() {
    hand_.rename(last_.name, journal::SegmentName(last_.first + 1 + random_.below(1000)).text);
    return without_segment("segment under another name", last_);
  }
  Damage exchange() {
    hand_.exchange(any().name);
    return JournalDamage{"segment exchanged for a copy", Verdict::kMustAccept, end_};
  }
  Damage remove_cursor() {
    hand_.remove(journal::kCursorName);
    return JournalDamage{"cursor removed", Verdict::kMayRefuse, end_};
  }
  Damage spoil_cursor() {
    hand_.overwrite(journal::kCursorName, 0, rubbish(hand_.content(journal::kCursorName).size()));
    return JournalDamage{"cursor overwritten", Verdict::kMayRefuse, end_};
  }
  Damage spoil_slot() {
    const std::string cursor = hand_.content(journal::kCursorName);
    if (cursor.size() < journal::kSlotStride + sizeof(journal::CursorSlot) || cursor[0] == 0) return std::nullopt;
    flip(journal::kCursorName,
         random_.below(sizeof(journal::CursorSlot)) + (random_.one_in(2) ? journal::kSlotStride : 0));
    return JournalDamage{"one slot of the cursor changed", Verdict::kMayRefuse, end_};
  }
  Damage spoil_lock() {
    if (random_.one_in(2))
      hand_.remove(journal::kLockName);
    else
      hand_.truncate(journal::kLockName, 0);
    return JournalDamage{"lock file removed or emptied", Verdict::kMustAccept, end_};
  }
  Damage spoil_mark() {
    const FolderImage image = hand_.image();
    const auto mark = image.find(journal::kMarkName);
    if (mark == image.end()) return std::nullopt;
    if (random_.one_in(2)) {
      hand_.remove(journal::kMarkName);
      return JournalDamage{"mark removed", Verdict::kMustAccept, end_, UINT64_MAX, false};
    }
    hand_.overwrite(journal::kMarkName, 0, rubbish(mark->second.size()));
    return JournalDamage{"mark overwritten", Verdict::kMayRefuse, end_, UINT64_MAX, false};
  }
  Damage add_file() {
    switch (random_.below(3)) {
      case 0:
        hand_.put(journal::SegmentName(end_ + 1 + random_.below(9)).text, std::string(200, 'x'));
        return JournalDamage{"a file that is not a segment", never_without_restart(end_), end_};
      case 1:
        hand_.put("notes.journal", "x");
        return JournalDamage{"a file that ends like a segment", Verdict::kMustRefuse, 0};
      default:
        hand_.put("notes.txt", "x");
        return JournalDamage{"a file of another kind", Verdict::kMustAccept, end_};
    }
  }
  Damage add_bytes() {
    hand_.overwrite(last_.name, last_.bytes, rubbish(1 + random_.below(100)));
    return JournalDamage{"bytes behind the last record", Verdict::kMayRefuse, end_};
  }
  Damage add_empty() {
    const std::uint64_t first = end_ + (random_.one_in(2) ? 0 : 1 + random_.below(9));
    if (first == last_.first) return std::nullopt;
    hand_.put(journal::SegmentName(first).text, "");
    if (first == end_) return JournalDamage{"an empty segment that was about to be made", Verdict::kMustAccept, end_};
    return JournalDamage{"an empty segment behind a gap", never_without_restart(end_), end_};
  }

  OperatorHand& hand_;
  const std::vector<SegmentLayout> layout_;
  const SegmentLayout& last_;
  const std::uint64_t end_;
  const std::uint64_t floor_;
  const std::uint64_t cursor_;
  const bool restarted_;
  SplitMix& random_;
};

}  // namespace

Damage damage_at_random(OperatorHand& hand, const JournalModel& model, std::uint64_t cursor, bool restarted,
                        SplitMix& random) {
  return Vandal(hand, model, cursor, restarted, random).hit();
}

}  // namespace byteor::test

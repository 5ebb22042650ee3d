#include "memory_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace byteor::test {

namespace {

// Far from any number that this machine gives, so that a call that is not overridden fails.
constexpr int kFirstDescriptor = 1 << 20;

}  // namespace

MemoryDisk::MemoryDisk(std::uint64_t seed) : random_(seed), root_(make(true)) { root_->links = 1; }

MemoryDisk::~MemoryDisk() = default;

// --- Descriptors and names -----------------------------------------------------------------------------------------

MemoryDisk::Descriptor* MemoryDisk::descriptor(int number) noexcept {
  const auto at = static_cast<std::size_t>(number - kFirstDescriptor);
  if (number < kFirstDescriptor || at >= descriptors_.size() || !descriptors_[at].inode) return nullptr;
  return &descriptors_[at];
}

MemoryDisk::Inode* MemoryDisk::inode(int number, bool folder) noexcept {
  Descriptor* const open = descriptor(number);
  return open == nullptr || open->inode->folder != folder ? nullptr : open->inode.get();
}

int MemoryDisk::give(Link inode, bool writable) {
  std::size_t at = 0;
  while (at != descriptors_.size() && descriptors_[at].inode) ++at;
  if (at == descriptors_.size()) descriptors_.emplace_back();
  descriptors_[at] = {std::move(inode), writable};
  return kFirstDescriptor + static_cast<int>(at);
}

MemoryDisk::Link MemoryDisk::make(bool folder) {
  auto made = std::make_shared<Inode>();
  made->folder = folder;
  made->number = ++inodes_;
  return made;
}

// The inode of `path`; with `last` its parent, and the last part of the path there.
MemoryDisk::Link MemoryDisk::walk(const std::string& path, std::string* last) const {
  Link at = root_;
  std::size_t begin = 0;
  while (at != nullptr) {
    begin = path.find_first_not_of('/', begin);
    if (begin == std::string::npos) return last == nullptr ? at : nullptr;
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (last != nullptr && path.find_first_not_of('/', end) == std::string::npos) {
      *last = part;
      return at->folder ? at : nullptr;
    }
    const auto found = at->names.find(part);
    at = found == at->names.end() ? nullptr : found->second;
    begin = end;
  }
  return nullptr;
}

void MemoryDisk::set_name(Inode& folder, const std::string& name, const Link& to) {
  const auto before = folder.names.find(name);
  if (before != folder.names.end()) {
    --before->second->links;
    folder.names.erase(before);
  }
  if (to != nullptr) {
    ++to->links;
    folder.names.emplace(name, to);
  }
  folder.changes.push_back({++now_, name, to});
}

int MemoryDisk::make_folder(const char* path) noexcept {
  std::string name;
  const Link parent = walk(path, &name);
  if (parent == nullptr) return walk(path, nullptr) != nullptr ? -EEXIST : -ENOENT;
  if (parent->names.contains(name)) return -EEXIST;
  if (!has_room()) return -ENOSPC;
  set_name(*parent, name, make(true));
  return 0;
}

int MemoryDisk::remove_folder(const char* path) noexcept {
  std::string name;
  const Link parent = walk(path, &name);
  const Link found = walk(path, nullptr);
  if (parent == nullptr || found == nullptr) return -ENOENT;
  if (!found->folder) return -ENOTDIR;
  if (!found->names.empty()) return -ENOTEMPTY;
  set_name(*parent, name, nullptr);
  return 0;
}

int MemoryDisk::open_folder(const char* path) noexcept {
  const Link found = walk(path, nullptr);
  if (found == nullptr) return -ENOENT;
  return found->folder ? give(found, false) : -ENOTDIR;
}

int MemoryDisk::open_file(int folder, const char* name, platform::FileAccess access) noexcept {
  Inode* const in = inode(folder, true);
  if (in == nullptr) return -EBADF;
  const bool writable = access != platform::FileAccess::kRead;
  const auto found = in->names.find(name);
  if (found != in->names.end()) {
    if (access == platform::FileAccess::kCreateNew) return -EEXIST;
    return found->second->folder ? -EISDIR : give(found->second, writable);
  }
  if (access == platform::FileAccess::kRead || access == platform::FileAccess::kUpdate) return -ENOENT;
  // Its folder was removed: nothing can be made in it.
  if (in->links == 0) return -ENOENT;
  if (!has_room()) return -ENOSPC;
  const Link made = make(false);
  set_name(*in, name, made);
  return give(made, true);
}

void MemoryDisk::close(int number) noexcept {
  Descriptor* const open = descriptor(number);
  if (open == nullptr) return;
  if (open->inode->locked_by == number) open->inode->locked_by = -1;
  *open = {};
}

int MemoryDisk::remove(int folder, const char* name) noexcept {
  Inode* const in = inode(folder, true);
  if (in == nullptr) return -EBADF;
  const auto found = in->names.find(name);
  if (found == in->names.end()) return -ENOENT;
  if (found->second->folder) return -EISDIR;
  set_name(*in, name, nullptr);
  return 0;
}

int MemoryDisk::rename(int folder, const char* from, const char* to) noexcept {
  Inode* const in = inode(folder, true);
  if (in == nullptr) return -EBADF;
  const auto found = in->names.find(from);
  if (found == in->names.end()) return -ENOENT;
  const Link moved = found->second;
  set_name(*in, to, moved);
  set_name(*in, from, nullptr);
  return 0;
}

int MemoryDisk::list(int folder, std::vector<std::string>& names) {
  Inode* const in = inode(folder, true);
  if (in == nullptr) return -EBADF;
  names.emplace_back(".");
  names.emplace_back("..");
  for (const auto& [name, link] : in->names) names.push_back(name);
  return 0;
}

int MemoryDisk::lock(int number) noexcept {
  Descriptor* const open = descriptor(number);
  if (open == nullptr) return -EBADF;
  if (open->inode->folder && !locks_folders) return -EOPNOTSUPP;
  if (open->inode->locked_by >= 0 && open->inode->locked_by != number) return -EWOULDBLOCK;
  open->inode->locked_by = number;
  return 0;
}

// --- Content -------------------------------------------------------------------------------------------------------

MemoryDisk::CachedPage& MemoryDisk::page(Inode& file, std::size_t index) {
  while (file.pages.size() <= index) file.pages.push_back(std::make_unique<CachedPage>());
  return *file.pages[index];
}

void MemoryDisk::note(CachedPage& page) { page.versions.push_back({++now_, page.cache}); }

void MemoryDisk::set_bytes(Inode& file, std::uint64_t bytes) {
  if (file.bytes == bytes) return;
  file.bytes = bytes;
  file.sizes.emplace_back(++now_, bytes);
}

std::int64_t MemoryDisk::read(int file, void* to, std::size_t bytes, std::uint64_t offset) noexcept {
  Inode* const in = inode(file, false);
  if (in == nullptr) return -EBADF;
  if (offset >= in->bytes) return 0;
  const std::size_t total = std::min<std::uint64_t>(bytes, in->bytes - offset);
  for (std::size_t done = 0; done != total;) {
    const std::size_t index = (offset + done) / kPageBytes;
    const std::size_t within = (offset + done) % kPageBytes;
    const std::size_t part = std::min(total - done, kPageBytes - within);
    auto* const out = static_cast<std::byte*>(to) + done;
    if (index < in->pages.size())
      std::memcpy(out, in->pages[index]->cache.data() + within, part);
    else
      std::memset(out, 0, part);
    done += part;
  }
  return static_cast<std::int64_t>(total);
}

std::int64_t MemoryDisk::write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept {
  const Descriptor* const open = descriptor(file);
  if (open == nullptr || open->inode->folder || !open->writable) return -EBADF;
  Inode& in = *open->inode;
  std::uint64_t room = capacity == kUnlimited ? kUnlimited : capacity - std::min(capacity, used());
  std::size_t done = 0;
  while (done != bytes) {
    const std::size_t within = (offset + done) % kPageBytes;
    const std::size_t part = std::min(bytes - done, kPageBytes - within);
    CachedPage& to = page(in, (offset + done) / kPageBytes);
    if (!to.allocated && room == 0) break;
    if (!to.allocated && room != kUnlimited) --room;
    to.allocated = true;
    std::memcpy(to.cache.data() + within, static_cast<const std::byte*>(from) + done, part);
    note(to);
    done += part;
  }
  if (done == 0 && bytes != 0) return -ENOSPC;
  set_bytes(in, std::max(in.bytes, offset + done));
  return static_cast<std::int64_t>(done);
}

platform::FileFacts MemoryDisk::facts(int file) noexcept {
  const Descriptor* const open = descriptor(file);
  return open == nullptr ? platform::FileFacts{.error = -EBADF} : facts_of(*open->inode);
}

platform::FileFacts MemoryDisk::facts_at(const char* path) noexcept {
  const Link found = walk(path, nullptr);
  return found == nullptr ? platform::FileFacts{.error = -ENOENT} : facts_of(*found);
}

platform::FileFacts MemoryDisk::facts_of(const Inode& inode) {
  return {.error = 0, .bytes = inode.bytes, .links = inode.links, .device = 1, .inode = inode.number};
}

int MemoryDisk::truncate(int file, std::uint64_t bytes) noexcept {
  const Descriptor* const open = descriptor(file);
  if (open == nullptr || open->inode->folder || !open->writable) return -EBADF;
  Inode& in = *open->inode;
  // What is cut reads as zeros should the file grow again.
  for (std::size_t i = static_cast<std::size_t>(bytes / kPageBytes); i < in.pages.size(); ++i) {
    CachedPage& cut = *in.pages[i];
    const std::uint64_t begin = std::uint64_t{i} * kPageBytes;
    const std::size_t keep = bytes > begin ? static_cast<std::size_t>(bytes - begin) : 0;
    if (keep == 0) cut.allocated = false;
    if (keep >= kPageBytes || begin + keep >= in.bytes) continue;
    std::memset(cut.cache.data() + keep, 0, kPageBytes - keep);
    note(cut);
  }
  set_bytes(in, bytes);
  return 0;
}

int MemoryDisk::sync_data(int file) noexcept {
  Inode* const in = inode(file, false);
  if (in == nullptr) return -EBADF;
  for (const auto& page : in->pages) {
    if (page->versions.empty()) continue;
    page->device = page->cache;
    page->versions.clear();
  }
  in->device_bytes = in->bytes;
  in->sizes.clear();
  return 0;
}

int MemoryDisk::sync_folder(int folder) noexcept {
  Inode* const in = inode(folder, true);
  if (in == nullptr) return -EBADF;
  in->device_names = in->names;
  in->changes.clear();
  return 0;
}

// --- What goes wrong -----------------------------------------------------------------------------------------------

// Which of the states that had `times` is on the device: 0 is the one before the first of them.
std::size_t MemoryDisk::version_of(const std::vector<std::uint64_t>& times, const Loss& loss) {
  switch (loss.kind) {
    case Loss::Kind::kNothing:
      return times.size();
    case Loss::Kind::kEverything:
      return 0;
    case Loss::Kind::kSince:
      return static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), loss.since) - times.begin());
    default:
      // The oldest and the newest state are the likely ones.
      switch (random_.below(3)) {
        case 0:
          return 0;
        case 1:
          return times.size();
        default:
          return static_cast<std::size_t>(random_.below(times.size() + 1));
      }
  }
}

MemoryDisk::Page MemoryDisk::survivor(const CachedPage& page, const Loss& loss) {
  if (page.versions.empty()) return page.device;
  std::vector<std::uint64_t> times;
  for (const Version& version : page.versions) times.push_back(version.at);
  const auto state = [&](std::size_t which) -> const Page& {
    return which == 0 ? page.device : page.versions[which - 1].page;
  };
  Page kept = state(version_of(times, loss));
  if (loss.kind != Loss::Kind::kAny || !random_.one_in(3)) return kept;
  for (std::size_t sector = 0; sector != kPageBytes; sector += kSectorBytes)
    std::memcpy(kept.data() + sector, state(version_of(times, loss)).data() + sector, kSectorBytes);
  return kept;
}

std::uint64_t MemoryDisk::surviving_bytes(const Inode& file, const Loss& loss) {
  std::vector<std::uint64_t> times;
  for (const auto& [at, bytes] : file.sizes) times.push_back(at);
  const std::size_t which = version_of(times, loss);
  return which == 0 ? file.device_bytes : file.sizes[which - 1].second;
}

int MemoryDisk::fail_sync_data(int file, int error) noexcept {
  Inode* const in = inode(file, false);
  if (in == nullptr) return -EBADF;
  const Loss loss{random_.one_in(3) ? Loss::Kind::kEverything : Loss::Kind::kAny, 0};
  for (const auto& page : in->pages) {
    page->device = survivor(*page, loss);
    page->versions.clear();
  }
  in->device_bytes = surviving_bytes(*in, loss);
  in->sizes.clear();
  if (in->device_bytes != in->bytes) in->sizes.emplace_back(++now_, in->bytes);
  return error;
}

void MemoryDisk::end_process() noexcept {
  for (std::size_t i = 0; i != descriptors_.size(); ++i) close(kFirstDescriptor + static_cast<int>(i));
}

void MemoryDisk::lose(Inode& file, const Loss& loss) {
  file.bytes = file.device_bytes = surviving_bytes(file, loss);
  file.sizes.clear();
  for (std::size_t i = 0; i != file.pages.size(); ++i) {
    CachedPage& page = *file.pages[i];
    page.device = survivor(page, loss);
    page.versions.clear();
    const std::uint64_t begin = std::uint64_t{i} * kPageBytes;
    const std::size_t keep = std::min<std::uint64_t>(kPageBytes, file.bytes > begin ? file.bytes - begin : 0);
    std::memset(page.device.data() + keep, 0, kPageBytes - keep);
    page.cache = page.device;
    page.allocated = keep != 0;
  }
}

void MemoryDisk::lose_names(Inode& folder, const Loss& loss) {
  for (const NameChange& change : folder.changes) {
    if (version_of({change.at}, loss) == 0) continue;
    folder.device_names.erase(change.name);
    if (change.to != nullptr) folder.device_names.emplace(change.name, change.to);
  }
  folder.names = folder.device_names;
  folder.changes.clear();
  for (const auto& [name, link] : folder.names) link->links = 0;
  for (const auto& [name, link] : folder.names) {
    ++link->links;
    if (link->links > 1) continue;
    if (link->folder)
      lose_names(*link, loss);
    else
      lose(*link, loss);
  }
}

void MemoryDisk::power_failure() noexcept {
  end_process();
  Loss loss{Loss::Kind::kAny, 0};
  switch (random_.below(6)) {
    case 0:
      loss.kind = Loss::Kind::kNothing;
      break;
    case 1:
      loss.kind = Loss::Kind::kEverything;
      break;
    case 2:
      loss = {Loss::Kind::kSince, now_ - random_.below(std::min<std::uint64_t>(now_, 64) + 1) + 1};
      break;
    default:
      break;
  }
  lose_names(*root_, loss);
  ++boots_;
}

template <class Fn>
void MemoryDisk::each_inode(Fn&& fn) const {
  std::set<const Inode*> seen;
  std::vector<Link> open{root_};
  for (const Descriptor& descriptor : descriptors_)
    if (descriptor.inode) open.push_back(descriptor.inode);
  while (!open.empty()) {
    const Link at = open.back();
    open.pop_back();
    if (!seen.insert(at.get()).second) continue;
    fn(*at);
    for (const auto& [name, link] : at->names) open.push_back(link);
  }
}

std::uint64_t MemoryDisk::used() const {
  std::uint64_t count = 0;
  each_inode([&](Inode& at) {
    ++count;
    for (const auto& page : at.pages) count += page->allocated ? 1 : 0;
  });
  return count;
}

std::uint64_t MemoryDisk::evict() noexcept {
  std::uint64_t changed = 0;
  each_inode([&](Inode& at) {
    for (const auto& page : at.pages) {
      if (!page->is_unproven() || random_.one_in(3)) continue;
      for (std::size_t i = 0; i != kPageBytes; ++i) changed += page->cache[i] != page->device[i] ? 1 : 0;
      page->cache = page->device;
    }
  });
  return changed;
}

bool MemoryDisk::holds_unproven_pages() const {
  bool found = false;
  each_inode([&](Inode& at) {
    for (const auto& page : at.pages) found |= page->is_unproven();
  });
  return found;
}

}  // namespace byteor::test

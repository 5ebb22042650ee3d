// See key_table.hpp. Control path: allocates and throws.
#include "op/key_table.hpp"

#include <new>
#include <random>
#include <type_traits>

namespace byteor::op {

namespace {

// calloc and not new[]: large zeroed blocks come as untouched pages.
template <class T>
T* zeroed(std::size_t count) {
  void* const memory = std::calloc(count, sizeof(T));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<T*>(memory);
}

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace

KeyTable::KeyTable()
    : seed_(random_seed()),
      slots_(zeroed<std::uint64_t>(kSlotCount)),
      entries_(zeroed<Entry>(kTableKeysMax)),
      texts_(zeroed<char>(kTableTextBytesMax)) {
  // All-zero bytes are a valid entry, and nothing has to be destroyed.
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::is_trivially_destructible_v<Entry>);
}

}  // namespace byteor::op

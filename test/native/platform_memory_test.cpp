// The region's mapping: private, and shared through a file.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/coded_error.hpp"
#include "platform/memory.hpp"
#include "support/temp_folder.hpp"

namespace byteor::platform {
namespace {

bool all_zero(const Mapping& mapping) {
  return std::all_of(mapping.data(), mapping.data() + mapping.bytes(), [](std::byte b) { return b == std::byte{0}; });
}

bool mapped(const void* address) {
  unsigned char resident = 0;
  return mincore(const_cast<void*>(address), 1, &resident) == 0;
}

TEST(Mapping, IsZeroAndWritableWithEveryOption) {
  for (const bool huge : {false, true}) {
    for (const bool prefault : {false, true}) {
      const Mapping mapping = Mapping::anonymous(3'000'000, {.huge_pages = huge, .prefault = prefault});
      EXPECT_EQ(mapping.bytes(), 3'000'000u);
      EXPECT_TRUE(all_zero(mapping));
      mapping.data()[mapping.bytes() - 1] = std::byte{7};
      EXPECT_TRUE(mapping.path().empty());
    }
  }
}

TEST(Mapping, WithHugePagesBeginsAtAMultipleOfOne) {
  const Mapping mapping = Mapping::anonymous(5'000'000, {.huge_pages = true});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mapping.data()) % (2u << 20), 0u);
}

TEST(Mapping, PrefaultMakesEveryPageResident) {
  const Mapping mapping = Mapping::anonymous(1 << 20, {.prefault = true});
  std::vector<unsigned char> resident((1 << 20) / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  ASSERT_EQ(mincore(mapping.data(), mapping.bytes(), resident.data()), 0);
  EXPECT_TRUE(std::all_of(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) != 0; }));
}

TEST(Mapping, IsGoneWithTheObject) {
  const std::byte* address = nullptr;
  {
    Mapping first = Mapping::anonymous(1 << 20);
    const Mapping second = std::move(first);
    address = second.data();
    EXPECT_TRUE(mapped(address));
    EXPECT_EQ(first.data(), nullptr);
  }
  EXPECT_FALSE(mapped(address));
}

TEST(Mapping, TooMuchIsAnErrorWithASizeAndARemedy) {
  for (const bool huge : {false, true}) {
    try {
      Mapping::anonymous(std::size_t{1} << 60, {.huge_pages = huge});
      FAIL() << "an exbibyte was mapped";
    } catch (const core::CodedError& error) {
      EXPECT_EQ(error.code(), abi::ErrorCode::kNoMemory);
      EXPECT_EQ(std::string(error.what()),
                "1152921504606846976 bytes cannot be mapped (Cannot allocate memory); ask for less: fewer shards, a "
                "smaller capacity or a smaller record maximum");
    }
  }
}

class SharedMapping : public testing::Test {
 protected:
  test::TempFolder temp_;
  UserFolder folder_ = UserFolder::open_at(temp_.path("byteor"));
};

TEST_F(SharedMapping, IsSeenThroughItsFileByTheUserAlone) {
  const Mapping mapping = Mapping::shared(folder_, "region-1", 100'000, {.prefault = true});
  EXPECT_EQ(mapping.path(), temp_.path("byteor/region-1"));
  EXPECT_TRUE(all_zero(mapping));
  mapping.data()[99'999] = std::byte{'x'};
  EXPECT_EQ(temp_.read("byteor/region-1").back(), 'x');
  struct stat facts {};
  ASSERT_EQ(stat(mapping.path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  EXPECT_GE(facts.st_blocks * 512, 100'000) << "its room is reserved";
}

TEST_F(SharedMapping, TakesItsFileAlong) {
  { const Mapping mapping = Mapping::shared(folder_, "region-1", 4096); }
  EXPECT_FALSE(std::filesystem::exists(temp_.path("byteor/region-1")));
}

TEST_F(SharedMapping, NeverReusesAFileThatIsThere) {
  temp_.write("byteor/region-1", "somebody's");
  EXPECT_THROW(Mapping::shared(folder_, "region-1", 4096), core::CodedError);
  EXPECT_EQ(temp_.read("byteor/region-1"), "somebody's");
}

TEST_F(SharedMapping, WithoutRoomFailsAtOnceAndLeavesNothingBehind) {
  try {
    Mapping::shared(folder_, "region-1", std::size_t{1} << 50);
    FAIL() << "a petabyte was reserved";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kNoMemory);
    EXPECT_NE(std::string(error.what()).find("1125899906842624 bytes cannot be mapped in " + folder_.path()),
              std::string::npos)
        << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(temp_.path("byteor/region-1")));
}

TEST_F(SharedMapping, AFileThatIsThereIsNoWantOfRoom) {
  temp_.write("byteor/region-1", "x");
  try {
    Mapping::shared(folder_, "region-1", 4096);
    FAIL() << "a file that was there was taken";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kObserveFolder);
    EXPECT_EQ(std::string(error.what()),
              temp_.path("byteor/region-1") +
                  " cannot be made for a pipeline that is observed (File exists); look at its folder, or set "
                  "XDG_RUNTIME_DIR to another one");
  }
}

#if defined(__linux__)

// Signals to this process all the time, none of which restarts the call that it interrupts.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction counting {};
    counting.sa_handler = [](int) {};
    sigaction(SIGALRM, &counting, &before_);
    const itimerval often{{0, 200}, {0, 200}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~SignalStorm() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
};

TEST(SharedMappingOnTmpfs, IsMadeWhateverSignalsCome) {
  const std::string place = "/dev/shm/byteor-test-" + std::to_string(getpid());
  {
    const UserFolder folder = UserFolder::open_at(place);
    const SignalStorm storm;
    const Mapping mapping = Mapping::shared(folder, "region", std::size_t{256} << 20);
    struct stat facts {};
    ASSERT_EQ(stat(mapping.path().c_str(), &facts), 0);
    EXPECT_GE(facts.st_blocks * 512, 256 << 20) << "its room is reserved";
  }
  std::filesystem::remove(place);
}

#endif

}  // namespace
}  // namespace byteor::platform

// The user's folder, and the locks of CPUs, across pipelines of one process, across processes and across users.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "core/coded_error.hpp"
#include "platform/cpu_lock.hpp"
#include "platform/user_folder.hpp"
#include "support/temp_folder.hpp"

namespace byteor::platform {
namespace {

std::string refusal(const std::string& path) {
  try {
    UserFolder::open_at(path);
  } catch (const core::CodedError& error) {
    return error.what();
  }
  return "";
}

// Sets an environment variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(UserFolder, IsMadeForTheUserAlone) {
  const test::TempFolder temp;
  const UserFolder folder = UserFolder::open_at(temp.path("byteor"));
  struct stat facts {};
  ASSERT_EQ(stat(temp.path("byteor").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700u);
  EXPECT_EQ(refusal(temp.path("byteor")), "") << "a second process finds it and is content";
}

TEST(UserFolder, RefusesALink) {
  const test::TempFolder temp;
  ASSERT_EQ(mkdir(temp.path("real").c_str(), 0700), 0);
  ASSERT_EQ(symlink(temp.path("real").c_str(), temp.path("link").c_str()), 0);
  EXPECT_NE(refusal(temp.path("link")).find("a link is not followed here: remove it"), std::string::npos);
}

TEST(UserFolder, RefusesAFolderThatOthersCanReach) {
  const test::TempFolder temp;
  ASSERT_EQ(mkdir(temp.path("open").c_str(), 0700), 0);
  ASSERT_EQ(chmod(temp.path("open").c_str(), 0755), 0);
  EXPECT_EQ(refusal(temp.path("open")), temp.path("open") + " has mode 0755, so others can reach it; chmod 700 it");
}

TEST(UserFolder, RefusesAFileInItsPlace) {
  const test::TempFolder temp;
  temp.write("file", "x");
  EXPECT_NE(refusal(temp.path("file")).find("is not a folder that can be opened"), std::string::npos);
}

TEST(UserFolder, RefusesAFolderOfAnotherUser) {
  const test::TempFolder temp;
  std::string theirs = "/";  // root's, for everybody else
  std::string owner = "0";
  if (geteuid() == 0) {
    theirs = temp.path("theirs");
    owner = "12345";
    ASSERT_EQ(mkdir(theirs.c_str(), 0700), 0);
    ASSERT_EQ(chown(theirs.c_str(), 12345, 12345), 0);
  }
  EXPECT_EQ(refusal(theirs), theirs + " belongs to user " + owner + ", not to user " + std::to_string(geteuid()) +
                                 "; have it removed or set XDG_RUNTIME_DIR");
}

TEST(UserFolder, TriesTheNextPlaceWhenTheFirstCannotBeUsed) {
  const test::TempFolder temp;
  const Environment runtime("XDG_RUNTIME_DIR", temp.path("missing"));
  EXPECT_EQ(UserFolder::candidates().front(), temp.path("missing/byteor"));
  EXPECT_NE(UserFolder::open().path(), temp.path("missing/byteor"));
}

TEST(UserFolder, PrefersTheRuntimeFolder) {
  const test::TempFolder temp;
  const Environment runtime("XDG_RUNTIME_DIR", temp.path());
  EXPECT_EQ(UserFolder::open().path(), temp.path("byteor"));
}

// CPUs that no machine has, and no other test of this machine at the same time asks for.
std::uint32_t made_up_cpu(std::uint32_t number) {
  return 1'000'000 + static_cast<std::uint32_t>(getpid() % 100'000) * 10 + number;
}

class CpuLocks : public testing::Test {
 protected:
  const std::uint32_t cpu_ = made_up_cpu(0);
  std::string reason_;
};

TEST_F(CpuLocks, OneCpuIsGivenOnce) {
  const auto first = CpuLock::try_take(cpu_, reason_);
  ASSERT_TRUE(first) << reason_;
  EXPECT_EQ(first->cpu(), cpu_);
  EXPECT_FALSE(CpuLock::try_take(cpu_, reason_));
  EXPECT_EQ(reason_, "CPU " + std::to_string(cpu_) + " is taken by another thread that byteor pinned");
  EXPECT_TRUE(CpuLock::try_take(made_up_cpu(1), reason_));
  // A number that begins with the same digits is another CPU.
  EXPECT_TRUE(CpuLock::try_take(cpu_ / 10, reason_));
}

TEST_F(CpuLocks, ADeadLockObjectGivesTheCpuBack) {
  CpuLock::try_take(cpu_, reason_).reset();
  auto again = CpuLock::try_take(cpu_, reason_);
  ASSERT_TRUE(again) << reason_;
  CpuLock moved = std::move(*again);
  again.reset();
  EXPECT_FALSE(CpuLock::try_take(cpu_, reason_)) << "moving keeps it";
}

// A process that takes the CPU's lock, with what is done before it, and keeps it until it is killed.
class Holder {
 public:
  template <class Before>
  Holder(std::uint32_t cpu, Before before) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    child_ = fork();
    if (child_ == 0) {
      before();
      std::string reason;
      const auto lock = CpuLock::try_take(cpu, reason);
      const char answer = lock ? 'y' : 'n';
      if (write(ready[1], &answer, 1) != 1) _exit(1);
      for (;;) pause();
    }
    EXPECT_EQ(read(ready[0], &answer_, 1), 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~Holder() { end(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  bool holds() const { return answer_ == 'y'; }
  void end() {
    if (child_ <= 0) return;
    EXPECT_EQ(kill(child_, SIGKILL), 0);
    EXPECT_EQ(waitpid(child_, nullptr, 0), child_);
    child_ = 0;
  }

 private:
  pid_t child_ = 0;
  char answer_ = 0;
};

TEST_F(CpuLocks, AnotherProcessHoldsItsCpuUntilItIsKilled) {
  Holder holder(cpu_, [] {});
  ASSERT_TRUE(holder.holds());
  EXPECT_FALSE(CpuLock::try_take(cpu_, reason_));
  holder.end();
  EXPECT_TRUE(CpuLock::try_take(cpu_, reason_)) << reason_;
}

TEST_F(CpuLocks, ProcessesWithOtherFoldersInTheirEnvironmentShareOneLock) {
  const test::TempFolder temp;
  const Holder holder(cpu_, [&] {
    setenv("XDG_RUNTIME_DIR", temp.path().c_str(), 1);
    setenv("TMPDIR", temp.path().c_str(), 1);
  });
  ASSERT_TRUE(holder.holds());
  EXPECT_FALSE(CpuLock::try_take(cpu_, reason_));
}

TEST_F(CpuLocks, ProcessesOfOtherUsersShareOneLock) {
  if (geteuid() != 0) {
    // Only root can become another user: then the lock of this user is what root would meet.
    EXPECT_TRUE(CpuLock::try_take(cpu_, reason_)) << reason_;
    return;
  }
  const Holder holder(cpu_, [] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
  });
  ASSERT_TRUE(holder.holds());
  EXPECT_FALSE(CpuLock::try_take(cpu_, reason_));
}

TEST_F(CpuLocks, NothingIsLeftBehindAndNothingCanBeSentToIt) {
  const auto lock = CpuLock::try_take(cpu_, reason_);
  ASSERT_TRUE(lock) << reason_;
  const std::string name = "byteor-cpu-" + std::to_string(cpu_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const int sender = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(connect(sender, reinterpret_cast<const sockaddr*>(&address),
                    static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  EXPECT_EQ(errno, ECONNREFUSED);
  close(sender);
}

}  // namespace
}  // namespace byteor::platform

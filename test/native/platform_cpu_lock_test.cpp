// The user's folder and the CPU locks in it, across pipelines of one process and across processes.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "platform/cpu_lock.hpp"
#include "platform/user_folder.hpp"
#include "support/temp_folder.hpp"

namespace byteor::platform {
namespace {

std::string refusal(const std::string& path) {
  try {
    UserFolder::open_at(path);
  } catch (const std::runtime_error& error) {
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

class CpuLocks : public testing::Test {
 protected:
  test::TempFolder temp_;
  UserFolder folder_ = UserFolder::open_at(temp_.path("byteor"));
  std::string reason_;
};

TEST_F(CpuLocks, OneCpuIsGivenOnce) {
  const auto first = CpuLock::try_take(folder_, 3, reason_);
  ASSERT_TRUE(first) << reason_;
  EXPECT_EQ(first->cpu(), 3u);
  EXPECT_FALSE(CpuLock::try_take(folder_, 3, reason_));
  EXPECT_EQ(reason_, "CPU 3 is taken by another thread that byteor pinned");
  EXPECT_TRUE(CpuLock::try_take(folder_, 4, reason_));
}

TEST_F(CpuLocks, ADeadLockObjectGivesTheCpuBack) {
  CpuLock::try_take(folder_, 1, reason_).reset();
  auto again = CpuLock::try_take(folder_, 1, reason_);
  ASSERT_TRUE(again) << reason_;
  CpuLock moved = std::move(*again);
  again.reset();
  EXPECT_FALSE(CpuLock::try_take(folder_, 1, reason_)) << "moving keeps it";
}

TEST_F(CpuLocks, AnotherProcessHoldsItsCpuUntilItIsKilled) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::string reason;
    const UserFolder own = UserFolder::open_at(temp_.path("byteor"));
    const auto lock = CpuLock::try_take(own, 0, reason);
    const char answer = lock ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_FALSE(CpuLock::try_take(folder_, 0, reason_));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(CpuLock::try_take(folder_, 0, reason_)) << reason_;
  close(ready[0]);
  close(ready[1]);
}

TEST_F(CpuLocks, ALinkInPlaceOfTheLockFileIsNotFollowed) {
  const std::string target = temp_.write("target", "");
  ASSERT_EQ(symlink(target.c_str(), temp_.path("byteor/cpu-0.lock").c_str()), 0);
  EXPECT_FALSE(CpuLock::try_take(folder_, 0, reason_));
  EXPECT_NE(reason_.find("cpu-0.lock cannot be opened"), std::string::npos) << reason_;
}

}  // namespace
}  // namespace byteor::platform

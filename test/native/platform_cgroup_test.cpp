// Control groups, read from trees of files as kernels and containers show them.

#include <gtest/gtest.h>

#include "platform/cgroup.hpp"
#include "support/temp_folder.hpp"

namespace byteor::platform {
namespace {

constexpr const char* kMountV2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kMountV1 =
    "31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 25 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n";

class Cgroup : public testing::Test {
 protected:
  void version_2(const std::string& group) {
    root_.write("proc/self/cgroup", "0::" + group + "\n");
    root_.write("proc/self/mountinfo", kMountV2);
  }
  void version_1(const std::string& group) {
    root_.write("proc/self/cgroup", "5:memory:" + group + "\n3:cpu,cpuacct:" + group + "\n0::/\n");
    root_.write("proc/self/mountinfo", kMountV1);
  }
  void file(const std::string& name, const std::string& content) { root_.write("sys/fs/cgroup/" + name, content); }

  test::TempFolder root_;
};

TEST_F(Cgroup, NoFilesMeanNoLimits) {
  EXPECT_FALSE(cpu_quota(root_.path()));
  EXPECT_FALSE(memory_limit(root_.path()));
}

TEST_F(Cgroup, Version2QuotaMayBeAFractionOfACpu) {
  version_2("/work.slice/job");
  file("work.slice/job/cpu.max", "150000 100000\n");
  const auto quota = cpu_quota(root_.path());
  ASSERT_TRUE(quota);
  EXPECT_DOUBLE_EQ(quota->cpus, 1.5);
  EXPECT_EQ(quota->group, root_.path("sys/fs/cgroup/work.slice/job"));
}

TEST_F(Cgroup, Version2MaxIsNoQuota) {
  version_2("/job");
  file("job/cpu.max", "max 100000\n");
  EXPECT_FALSE(cpu_quota(root_.path()));
}

TEST_F(Cgroup, TheLeastQuotaOnTheWayToTheRootCounts) {
  version_2("/outer/middle/inner");
  file("outer/cpu.max", "50000 100000\n");
  file("outer/middle/cpu.max", "max 100000\n");
  file("outer/middle/inner/cpu.max", "400000 100000\n");
  const auto quota = cpu_quota(root_.path());
  ASSERT_TRUE(quota);
  EXPECT_DOUBLE_EQ(quota->cpus, 0.5);
  EXPECT_EQ(quota->group, root_.path("sys/fs/cgroup/outer"));
}

TEST_F(Cgroup, ANamespacedGroupIsReadAtTheMountPoint) {
  version_2("/");
  file("cpu.max", "200000 100000\n");
  ASSERT_TRUE(cpu_quota(root_.path()));
  EXPECT_DOUBLE_EQ(cpu_quota(root_.path())->cpus, 2.0);
}

TEST_F(Cgroup, AGroupOutsideOfTheNamespaceIsReadAtTheMountPoint) {
  version_2("/../../elsewhere");
  file("cpu.max", "300000 100000\n");
  ASSERT_TRUE(cpu_quota(root_.path()));
  EXPECT_DOUBLE_EQ(cpu_quota(root_.path())->cpus, 3.0);
}

TEST_F(Cgroup, APartialMountIsCutFromTheGroupsPath) {
  root_.write("proc/self/cgroup", "0::/docker/abc/sub\n");
  root_.write("proc/self/mountinfo", "30 25 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  file("sub/cpu.max", "25000 100000\n");
  ASSERT_TRUE(cpu_quota(root_.path()));
  EXPECT_DOUBLE_EQ(cpu_quota(root_.path())->cpus, 0.25);
}

TEST_F(Cgroup, Version1QuotaIsQuotaByPeriod) {
  version_1("/docker/abc");
  file("cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "75000\n");
  file("cpu,cpuacct/docker/abc/cpu.cfs_period_us", "50000\n");
  file("cpu,cpuacct/docker/cpu.cfs_quota_us", "-1\n");
  file("cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
  ASSERT_TRUE(cpu_quota(root_.path()));
  EXPECT_DOUBLE_EQ(cpu_quota(root_.path())->cpus, 1.5);
}

TEST_F(Cgroup, NonsenseInAFileIsNoLimit) {
  version_2("/job");
  file("job/cpu.max", "lots of it\n");
  file("job/memory.max", "-5\n");
  file("job/memory.current", "1\n");
  EXPECT_FALSE(cpu_quota(root_.path()));
  EXPECT_FALSE(memory_limit(root_.path()));
}

TEST_F(Cgroup, MemoryIsTheGroupWithTheLeastRoom) {
  version_2("/outer/inner");
  file("outer/memory.max", "1000\n");
  file("outer/memory.current", "900\n");
  file("outer/memory.stat", "anon 100\ninactive_file 300\nactive_file 7\n");
  file("outer/inner/memory.max", "800\n");
  file("outer/inner/memory.current", "100\n");
  const auto limit = memory_limit(root_.path());
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->limit_bytes, 1000u);
  EXPECT_EQ(limit->used_bytes, 600u) << "cache that can be dropped does not count";
  EXPECT_EQ(limit->room_bytes(), 400u);
  EXPECT_EQ(limit->group, root_.path("sys/fs/cgroup/outer"));
}

TEST_F(Cgroup, MemoryMaxMeansNoLimit) {
  version_2("/job");
  file("job/memory.max", "max\n");
  file("job/memory.current", "12345\n");
  EXPECT_FALSE(memory_limit(root_.path()));
}

TEST_F(Cgroup, Version1HugeMemoryLimitMeansNone) {
  version_1("/docker/abc");
  file("memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
  file("memory/docker/abc/memory.usage_in_bytes", "4096\n");
  EXPECT_FALSE(memory_limit(root_.path()));
  file("memory/docker/memory.limit_in_bytes", "5000\n");
  file("memory/docker/memory.usage_in_bytes", "6000\n");
  const auto limit = memory_limit(root_.path());
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->room_bytes(), 0u);
}

TEST_F(Cgroup, InAHybridHierarchyBothVersionsCount) {
  root_.write("proc/self/cgroup", "3:cpu,cpuacct:/a\n0::/b\n");
  root_.write("proc/self/mountinfo", std::string(kMountV1) + "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 x rw\n");
  file("cpu,cpuacct/a/cpu.cfs_quota_us", "400000\n");
  file("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  file("unified/b/cpu.max", "300000 100000\n");
  ASSERT_TRUE(cpu_quota(root_.path()));
  EXPECT_DOUBLE_EQ(cpu_quota(root_.path())->cpus, 3.0);
}

TEST(CgroupOfThisMachine, IsReadWithoutAnError) {
  const auto quota = cpu_quota();
  if (quota) {
    EXPECT_GT(quota->cpus, 0.0);
  }
  const auto limit = memory_limit();
  if (limit) {
    EXPECT_GT(limit->limit_bytes, 0u);
  }
}

}  // namespace
}  // namespace byteor::platform

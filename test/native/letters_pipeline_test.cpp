// Letters of whole pipelines, from the stage that fails a record to the files: rings with siblings and shards, a graph,
// lanes that are full, disks that fail, and processes that are killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "run/pipeline.hpp"
#include "support/faulty_disk.hpp"
#include "support/golden.hpp"
#include "support/letter_files.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using namespace std::chrono_literals;
using abi::OnErrorCode;
using abi::OpCode;

StageSpec lettered(const std::string& id, const std::string& text, std::vector<std::uint32_t> dependencies = {}) {
  StageSpec stage{id, OpCode::kReject, std::move(dependencies), text};
  stage.on_error = OnErrorCode::kDeadLetter;
  return stage;
}

run::PortOptions lines(const std::string& id, const std::string& path) {
  return {.id = id, .port = abi::PortCode::kNative, .adapter = "lines", .config = {{"path", path}}};
}

// With letters of the ingress and of the egress too.
std::vector<std::byte> with_letters_of_ends(std::vector<std::byte> spec) {
  abi::SpecHeader head;
  std::memcpy(&head, spec.data(), sizeof head);
  for (std::uint32_t i = 0; i < head.section_count; ++i) {
    abi::SpecSection section;
    std::memcpy(&section, spec.data() + sizeof head + i * sizeof section, sizeof section);
    if (section.kind != static_cast<std::uint32_t>(abi::SectionKind::kBoundaries)) continue;
    for (std::uint32_t row = 0; row < section.count; ++row)
      reinterpret_cast<abi::SpecBoundary*>(spec.data() + section.offset)[row].on_error =
          static_cast<std::uint32_t>(OnErrorCode::kDeadLetter);
  }
  return spec;
}

// Every third line is bad.
std::string numbered(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(i) + (i % 3 == 0 ? " bad" : " good") + "\n";
  return text;
}

class LettersPipeline : public testing::Test {
 protected:
  Options options(const std::string& input) {
    Options options;
    options.pin = false;
    options.record_max = 4096;
    options.letters_folder = folder_;
    options.journal_disk = disk_;
    options.version_id = std::string(64, 'a');
    options.ports = {lines("in", temp_.write("input", input)), lines("out", temp_.path("output"))};
    return options;
  }

  // Runs to the end of the input.
  std::shared_ptr<run::Pipeline> run(std::span<const std::byte> spec, const Options& options) {
    const Watchdog watchdog(60s, [] { return "the pipeline does not end"; });
    auto pipeline = open_pipeline(spec, options);
    pipeline->start();
    while (!pipeline->threads_ended()) std::this_thread::sleep_for(1ms);
    pipeline->halt();
    return pipeline;
  }

  static const abi::RegionHeader& header(run::Pipeline& pipeline) {
    return *reinterpret_cast<const abi::RegionHeader*>(pipeline.region().data());
  }
  static std::string failure(run::Pipeline& pipeline) {
    const abi::RegionHeader& h = header(pipeline);
    return h.failed.load() == 0 ? "" : std::string(h.failed_cause, h.failed_cause_length);
  }
  // Of a lane of letters: what its writer published, and its reader's block.
  static double published(run::Pipeline& pipeline, std::uint32_t lane) {
    return block<abi::ProducerBlock>(pipeline, lane_block(pipeline, lane).producer_offset).published.load();
  }
  static const abi::ConsumerBlock& reader(run::Pipeline& pipeline, std::uint32_t lane) {
    const auto at = block<std::uint64_t>(pipeline, lane_block(pipeline, lane).readers_offset);
    return block<abi::ConsumerBlock>(pipeline, at);
  }
  template <class T>
  static const T& block(run::Pipeline& pipeline, std::uint64_t at) {
    return *reinterpret_cast<const T*>(pipeline.region().data() + at);
  }
  static const abi::LaneBlock& lane_block(run::Pipeline& pipeline, std::uint32_t lane) {
    return block<abi::LaneBlock>(pipeline, header(pipeline).lanes_offset + lane * sizeof(abi::LaneBlock));
  }
  static void expect_written(run::Pipeline& pipeline, std::uint32_t lane, double letters) {
    EXPECT_EQ(published(pipeline, lane), letters) << lane;
    EXPECT_EQ(reader(pipeline, lane).in.load(), letters) << lane;
    EXPECT_EQ(reader(pipeline, lane).out.load(), letters) << lane;
    EXPECT_EQ(reader(pipeline, lane).abandoned.load(), 0) << lane;
  }

  TempFolder temp_;
  std::string folder_ = temp_.path("letters");
  platform::Disk* disk_ = nullptr;
};

TEST_F(LettersPipeline, TwoSiblingsOfARingEachWriteOneOfTheSameRecord) {
  //        ┌─▶ first ──┐
  // in ────┤           ├─▶ out
  //        └─▶ second ─┘
  const auto spec = SpecBuilder::build({{lettered("first", "bad"), lettered("second", "bad")}});
  const auto pipeline = run(spec, options(numbered(30)));
  EXPECT_EQ(failure(*pipeline), "");
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const WrittenLetter& letter : letters_in(folder_)) {
    EXPECT_EQ(letter.row.version, abi::kLetterVersion);
    EXPECT_EQ(letter.row.kind, static_cast<std::uint32_t>(abi::LetterKind::kLetter));
    EXPECT_EQ(letter.row.attempt, 1u);
    EXPECT_EQ(letter.row.first_ms, letter.row.last_ms);
    EXPECT_EQ(letter.plan, std::string(64, 'a'));
    EXPECT_EQ(letter.ingress, "in");
    EXPECT_EQ(letter.code, "REJECTED");
    EXPECT_NE(letter.message, "");
    EXPECT_EQ(letter.body, std::to_string(letter.row.sequence) + " bad");
    EXPECT_TRUE(seen.insert({letter.element, letter.row.sequence}).second);
  }
  EXPECT_EQ(seen.size(), 20u);
  expect_written(*pipeline, 0, 10);
  expect_written(*pipeline, 1, 10);
}

TEST_F(LettersPipeline, EachShardHasALaneOfItsOwn) {
  RingSpec ring{{lettered("checks", "bad")}, 3, abi::SpecKey{}};
  ring.shard_key->kind = static_cast<std::uint32_t>(abi::KeyCode::kBytes);
  ring.shard_key->length = 2;
  const auto pipeline = run(SpecBuilder::build(ring), options(numbered(300)));
  EXPECT_EQ(failure(*pipeline), "");
  ASSERT_EQ(header(*pipeline).lane_count, 3u);
  double all = 0;
  for (std::uint32_t lane = 0; lane < 3; ++lane) {
    expect_written(*pipeline, lane, published(*pipeline, lane));
    all += published(*pipeline, lane);
  }
  EXPECT_EQ(all, 100);
  std::set<std::string> bodies;
  std::set<std::uint32_t> shards;
  for (const WrittenLetter& letter : letters_in(folder_)) {
    bodies.insert(letter.body);
    shards.insert(letter.row.shard);
  }
  EXPECT_EQ(bodies.size(), 100u);
  EXPECT_GT(shards.size(), 1u);
}

// The golden line of lanes of all kinds, whose last stage cannot pass on what is longer than its lane takes.
TEST_F(LettersPipeline, AStageOfAGraphWritesOneOfARecordThatTheLaneBehindItDoesNotTake) {
  std::vector<std::byte> spec = read_golden("graph-line");
  abi::SpecHeader head;
  std::memcpy(&head, spec.data(), sizeof head);
  for (std::uint32_t i = 0; i < head.section_count; ++i) {
    abi::SpecSection section;
    std::memcpy(&section, spec.data() + sizeof head + i * sizeof section, sizeof section);
    const auto last = [&]<class Row>(Row*) -> Row& {
      return reinterpret_cast<Row*>(spec.data() + section.offset)[section.count - 1];
    };
    if (section.kind == static_cast<std::uint32_t>(abi::SectionKind::kStages))
      last(static_cast<abi::SpecStage*>(nullptr)).on_error = static_cast<std::uint32_t>(OnErrorCode::kDeadLetter);
    if (section.kind == static_cast<std::uint32_t>(abi::SectionKind::kLanes))
      last(static_cast<abi::SpecLane*>(nullptr)).on_full = static_cast<std::uint32_t>(abi::OnFullCode::kBlock);
  }
  Options asked = options("short\n" + std::string(3000, 'x') + "\nlast\n");
  asked.journal_folder = temp_.path("journals");
  const auto pipeline = run(spec, asked);
  EXPECT_EQ(failure(*pipeline), "");
  EXPECT_EQ(temp_.read("output"), "short\nlast\n");
  const std::vector<WrittenLetter> letters = letters_in(folder_);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].element, "c");
  EXPECT_EQ(letters[0].ingress, "in");
  EXPECT_EQ(letters[0].code, "TOO_LARGE");
  EXPECT_EQ(letters[0].row.sequence, 1u);
  EXPECT_EQ(letters[0].body, std::string(3000, 'x'));
  expect_written(*pipeline, header(*pipeline).lane_count - 1, 1);
}

TEST_F(LettersPipeline, AFullLaneHoldsItsStageUpUntilTheFilesHaveItsLetters) {
  FaultyDisk slow;
  slow.on_sync_data = [] {
    std::this_thread::sleep_for(1ms);
    return 0;
  };
  disk_ = &slow;
  std::string input;
  for (int i = 0; i < 400; ++i) input += std::to_string(i) + " bad\n";
  Options asked = options(input);
  asked.letter_bytes = 2048;  // a few letters
  asked.record_max = 64;
  const auto pipeline = run(SpecBuilder::build({{lettered("checks", "bad")}}), asked);
  EXPECT_EQ(failure(*pipeline), "");
  EXPECT_EQ(letters_in(folder_).size(), 400u);
  expect_written(*pipeline, 0, 400);
  EXPECT_GT(slow.syncs, 20u) << "the lane was never full";
}

TEST_F(LettersPipeline, ALetterThatItsLaneCannotTakeStopsThePipelineWithTheNumberOfItsBytes) {
  Options asked = options("good\n" + std::string(1000, 'x') + " bad\nnever\n");
  asked.letter_bytes = 2048;
  const auto pipeline = run(SpecBuilder::build({{lettered("checks", "bad")}}), asked);
  EXPECT_NE(failure(*pipeline).find("its letter needs "), std::string::npos) << failure(*pipeline);
  EXPECT_NE(failure(*pipeline).find("and the lane of letters takes at most 1008"), std::string::npos)
      << failure(*pipeline);
  EXPECT_EQ(temp_.read("output"), "good\n");
  EXPECT_TRUE(letters_in(folder_).empty());
}

TEST_F(LettersPipeline, AFullDiskFailsThePipelineAndWhatItHasNotIsAbandonedByCount) {
  FaultyDisk full;
  disk_ = &full;
  full.room = 6000;
  std::string input;
  for (int i = 0; i < 5000; ++i) input += std::to_string(i) + " bad\n";
  Options asked = options(input);
  asked.record_max = 64;
  asked.letter_bytes = 4096;
  const auto pipeline = run(SpecBuilder::build({{lettered("checks", "bad")}}), asked);
  EXPECT_NE(failure(*pipeline).find("No space left on device"), std::string::npos) << failure(*pipeline);
  const abi::RegionHeader& h = header(*pipeline);
  EXPECT_EQ(h.failed_agent, h.agent_count - 1);
  const double written = reader(*pipeline, 0).out.load();
  EXPECT_EQ(published(*pipeline, 0), reader(*pipeline, 0).in.load());
  EXPECT_EQ(reader(*pipeline, 0).in.load(), written + reader(*pipeline, 0).abandoned.load());
  EXPECT_GT(reader(*pipeline, 0).abandoned.load(), 0);
  EXPECT_LT(published(*pipeline, 0), 5000) << "the stage went on without its letters";
  full.room = UINT64_MAX;
  EXPECT_GE(letters_in(folder_).size(), static_cast<std::size_t>(written));
}

TEST_F(LettersPipeline, AnEndThatWaitsForLettersWhichCannotBeWrittenEndsWithThem) {
  // Every record has a line feed at the egress; or every other line is too long for the ingress.
  for (const bool at_egress : {true, false}) {
    FaultyDisk full;
    disk_ = &full;
    full.room = 6000;
    folder_ = temp_.path(at_egress ? "egress" : "ingress");
    std::string input;
    for (int i = 0; i < 5000; ++i) input += std::to_string(i) + (at_egress ? "\n" : "\n" + std::string(65, 'x') + "\n");
    Options asked = options(input);
    asked.record_max = 64;
    asked.letter_bytes = 4096;
    const auto spec = SpecBuilder::build({{{"adds", OpCode::kAppend, {}, at_egress ? "\n" : "!"}}});
    const auto pipeline = run(with_letters_of_ends(spec), asked);
    EXPECT_NE(failure(*pipeline).find("No space left on device"), std::string::npos) << failure(*pipeline);
    const std::uint32_t lane = at_egress ? 1 : 0;
    EXPECT_LT(published(*pipeline, lane), 5000) << "it went on without its letters";
    EXPECT_EQ(published(*pipeline, lane),
              reader(*pipeline, lane).out.load() + reader(*pipeline, lane).abandoned.load());
    full.room = UINT64_MAX;
  }
}

TEST_F(LettersPipeline, LinesThatTheIngressRefusesAgainKeepTheirFirstTimeAndCountTheirAttempts) {
  const auto spec = with_letters_of_ends(SpecBuilder::build({{lettered("checks", "bad")}}));
  const std::string longer(65, 'x');
  Options asked = options(longer + "1\n1 bad\n" + longer + "2\n2 bad\n");
  asked.record_max = 64;
  run(spec, asked);
  const std::vector<WrittenLetter> before = letters_in(folder_);
  ASSERT_EQ(before.size(), 4u);
  Options again = options("");
  again.record_max = 64;
  again.letters_fed = "0-3";
  again.ports.front() = {.id = "in",
                         .port = abi::PortCode::kNative,
                         .adapter = "replay",
                         .config = {{"folder", folder_}, {"letters", "0-3"}}};
  run(spec, again);
  const std::vector<WrittenLetter> after = letters_in(folder_);
  ASSERT_EQ(after.size(), 8u);
  for (std::size_t i = 4; i < 8; ++i) {
    const auto first = std::ranges::find(before, after[i].body, &WrittenLetter::body);
    ASSERT_NE(first, before.end());
    EXPECT_EQ(after[i].row.origin, static_cast<std::uint64_t>(first - before.begin()));
    EXPECT_EQ(after[i].row.first_ms, first->row.first_ms);
    EXPECT_EQ(after[i].row.attempt, 2u);
    EXPECT_EQ(after[i].element, first->element);
  }
}

TEST_F(LettersPipeline, WithoutAFolderNothingStarts) {
  folder_ = "";
  try {
    open_pipeline(SpecBuilder::build({{lettered("checks", "bad")}}), options(""));
    FAIL() << "there is no folder";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kNoDeadLetters);
    EXPECT_STREQ(error.what(),
                 "stage checks has on_error dead_letter, and there is no folder for letters; give deadLetters.folder "
                 "(--dead-letters)");
  }
}

TEST_F(LettersPipeline, AFolderOfAnotherJournalIsRefused) {
  journal::JournalFiles::open({.folder = folder_, .type = {}});
  try {
    open_pipeline(SpecBuilder::build({{lettered("checks", "bad")}}), options(""));
    FAIL() << "the folder holds no letters";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kJournalCodec) << error.what();
  }
}

TEST_F(LettersPipeline, RecordsThatAreFedAgainKeepTheirFirstTimeAndCountTheirAttempts) {
  RingSpec ring{{lettered("checks", "bad")}, 2, abi::SpecKey{}};
  ring.shard_key->kind = static_cast<std::uint32_t>(abi::KeyCode::kBytes);
  ring.shard_key->length = 1;
  const auto spec = SpecBuilder::build(ring);
  run(spec, options("1 bad\n2 bad\ngood\n3 bad\n"));
  const std::vector<WrittenLetter> before = letters_in(folder_);
  ASSERT_EQ(before.size(), 3u);
  Options asked = options("");
  asked.letters_fed = "0,2-8";
  asked.ports.front() = {.id = "in",
                         .port = abi::PortCode::kNative,
                         .adapter = "replay",
                         .config = {{"folder", folder_}, {"letters", "0,2-8"}}};
  run(spec, asked);
  std::vector<WrittenLetter> after = letters_in(folder_);
  ASSERT_EQ(after.size(), 5u) << "three, and two that failed again";
  for (std::size_t i = 3; i < 5; ++i) {
    const auto first = std::ranges::find(before, after[i].body, &WrittenLetter::body);
    ASSERT_NE(first, before.end());
    EXPECT_NE(after[i].body, before[1].body) << "it was not asked for";
    EXPECT_EQ(after[i].row.origin, static_cast<std::uint64_t>(first - before.begin()));
    EXPECT_EQ(first->row.origin, ~std::uint64_t{0});
    EXPECT_EQ(after[i].row.first_ms, first->row.first_ms);
    EXPECT_EQ(after[i].row.attempt, 2u);
  }
}

// A record is in the output, or in a letter, or behind everything that is: what lies between has been given up
// untraced.
TEST_F(LettersPipeline, AfterAKillAtAnyMomentTheFolderOpensAndItsLettersHaveNoGap) {
  std::minstd_rand random(20'26);
  std::string input;
  for (int i = 0; i < 200'000; ++i) input += std::to_string(i) + (i % 50 == 0 ? " bad\n" : " good\n");
  const Options asked = options(input);
  for (int round = 0; round < 12; ++round) {
    folder_ = temp_.path("letters-" + std::to_string(round));
    Options own = asked;
    own.letters_folder = folder_;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        const auto pipeline = open_pipeline(SpecBuilder::build({{lettered("checks", "bad")}}), own);
        pipeline->start();
        while (!pipeline->threads_ended()) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(1s);
      } catch (const std::exception&) {
      }
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(3000 + random() % 40'000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    // The next run opens it: what is torn is cut.
    try {
      journal::JournalFiles::open({.folder = folder_, .type = journal::kLettersType});
    } catch (const core::CodedError& error) {
      FAIL() << error.what();
    }
    std::uint64_t next = 0;
    for (const WrittenLetter& letter : letters_in(folder_)) {
      EXPECT_EQ(letter.row.sequence, next);
      EXPECT_EQ(letter.body, std::to_string(next) + " bad");
      next += 50;
    }
  }
}

}  // namespace
}  // namespace byteor::test

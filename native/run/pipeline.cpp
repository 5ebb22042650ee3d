#include "run/pipeline.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/coded_error.hpp"
#include "core/device_call.hpp"
#include "graph/graph.hpp"
#include "op/hash.hpp"
#include "op/key.hpp"
#include "op/text.hpp"
#include "platform/affinity.hpp"
#include "platform/cpu_lock.hpp"
#include "platform/memory.hpp"
#include "run/assembled.hpp"
#include "run/delivered.hpp"
#include "run/device_wait.hpp"
#include "run/hosted_stages.hpp"
#include "run/ports.hpp"
#include "run/region_mapping.hpp"
#include "run/thread.hpp"
#include "run/tuning.hpp"

namespace byteor::run {
namespace {

// Pipelines of this process. Leaked on purpose: process.exit runs static destructors under live threads.
struct Registry {
  std::mutex mutex;
  std::map<std::uint32_t, std::weak_ptr<Pipeline>> pipelines;
  std::uint32_t last = 0;
};

Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

}  // namespace

struct Pipeline::Impl final : core::FailureReporter {
  Impl(graph::Description description, std::span<const std::byte> layout, const Options& open_options);

  void make_threads();
  void wire_runners();
  std::vector<Runner*> runners_of(std::uint32_t thread) const;
  void start();
  // `self`: a share of this object, for threads that outlive the call.
  void halt(const std::shared_ptr<Impl>& self) noexcept;
  void request_halt() noexcept;
  bool join_threads() noexcept;
  void close_files(const std::shared_ptr<Impl>& self, bool joined) noexcept;
  void close_all() noexcept;
  void close_ingress() noexcept;
  void close_ingress(Port& port) noexcept;
  void rouse_threads() noexcept;
  void request_close() noexcept;
  void notify(std::uint32_t events);
  void thread_ended();
  void report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept override;
  void limit_stage(const std::shared_ptr<Impl>& self, HostedRunner& stage, double limit_ms);
  void end_late(const std::shared_ptr<Impl>& self, const HostedRunner::LateCall& call);
  std::string status() const;

  abi::RegionHeader& header() const noexcept { return graph->header(); }
  bool waits_for_device(std::uint32_t thread) const noexcept { return thread >= first_device_thread; }
  // SYNC POINT S9.
  abi::RegionState state() const noexcept {
    return static_cast<abi::RegionState>(own_state.load(std::memory_order_seq_cst));
  }
  void advance_state(abi::RegionState to) noexcept;

  // Destruction runs upwards: threads end first, then the adapters and the graph they used, the memory last.
  const Options options;
  const std::uint32_t number;
  // abi::RegionState. The region's is a copy for JavaScript, which can write over it.
  std::atomic<std::uint32_t> own_state{static_cast<std::uint32_t>(abi::RegionState::kBuilding)};
  Assembled made;
  std::unique_ptr<graph::Graph>& graph = made.graph;
  Tuning& tuning = made.tuning;
  Ports& ports = made.ports;
  Delivered delivered;
  std::uint32_t first_device_thread = 0;
  std::vector<std::unique_ptr<AgentThread>> threads;
  // Behind the threads in the region's numbers.
  HostedStages hosted;

  std::mutex listeners_mutex;
  std::map<std::uint64_t, Listener> listeners;
  std::uint64_t last_token = 0;
  std::mutex control_mutex;
  bool started = false;
  bool halted = false;
  std::mutex state_mutex;  // of the copy
  // The first failure, likewise.
  struct FailedAt {
    std::uint64_t sequence;
    std::uint32_t agent;
    auto operator<=>(const FailedAt&) const = default;
  };
  std::optional<FailedAt> failed_at;
  std::mutex failure_mutex;
  bool settled = false;   // guarded by failure_mutex: the region tells how it ended, and no failure may come any more
  std::mutex port_mutex;  // guards what changes in ports
  std::atomic<std::uint32_t> running_threads{0};
  std::atomic<bool> ended{false};
};

namespace {

std::uint32_t next_number() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return ++all.last;
}

}  // namespace

Pipeline::Impl::Impl(graph::Description description, std::span<const std::byte> layout, const Options& open_options)
    : options(open_options),
      number(next_number()),
      made(std::move(description), layout, options, {number, *this, own_state, [this] { close_ingress(); }}) {
  if (options.delivered) delivered.keep(*graph, ports);
  make_threads();
  wire_runners();
}

void Pipeline::Impl::make_threads() {
  const std::uint32_t native = graph->native_threads();
  first_device_thread = native - graph->device_threads();
  std::vector<std::vector<core::Agent*>> agents = made.agents_by_thread();
  for (std::uint32_t i = 0; i < native; ++i) {
    const WaitStrategy wait = waits_for_device(i) ? WaitStrategy::kAdaptive : tuning.wait;
    threads.push_back(std::make_unique<AgentThread>(
        graph->thread_block(i), "byteor-" + std::to_string(number) + "-" + std::to_string(i), wait,
        std::move(agents[i]), [this](std::uint32_t events) { notify(events); }, [this] { thread_ended(); }));
  }
  for (const graph::HostedStage& stage : graph->hosted_stages())
    hosted.add(stage, graph->thread_block(stage.thread), agents[stage.thread], options.stage_workers,
               {[this](std::uint32_t events) { notify(events); }, [this] { thread_ended(); }});
}

// One, or those of a stage.
std::vector<Runner*> Pipeline::Impl::runners_of(std::uint32_t thread) const {
  if (thread < threads.size()) return {threads[thread].get()};
  return hosted.of_thread(thread);
}

void Pipeline::Impl::wire_runners() {
  for (const auto& [own, other] : made.neighbours())
    for (Runner* const from : runners_of(own))
      for (Runner* const to : runners_of(other)) from->add_neighbour(to);
  for (const graph::JsSleeper& sleeper : graph->js_sleepers()) {
    static constexpr std::uint32_t kEvents[] = {kEventRecords, kEventRoom, kEventDurable};
    for (Runner* const runner : runners_of(sleeper.thread))
      runner->add_foreign({sleeper.armed, kEvents[static_cast<std::size_t>(sleeper.waits_for)]});
  }
}

void Pipeline::Impl::start() {
  const std::lock_guard lock(control_mutex);
  if (started || halted) return;
  started = true;
  header().started_ns = core::now_ns();
  // Unless it has been closed already, which a source would otherwise never hear of.
  advance_state(abi::RegionState::kRunning);
  running_threads.store(static_cast<std::uint32_t>(threads.size() + hosted.size()));
  tuning.spare_cpu();
  bool any_real_time = false;
  for (std::uint32_t i = 0; i < threads.size(); ++i) {
    std::optional<platform::CpuLock> cpu_lock;
    ThreadRequests requests;
    if (!waits_for_device(i)) {
      cpu_lock = tuning.choose_cpu(i);
      if (cpu_lock.has_value()) requests.cpu = cpu_lock->cpu();
      requests.real_time = tuning.may_be_real_time(i);
      any_real_time = any_real_time || requests.real_time;
    }
    try {
      threads[i]->start(requests, std::move(cpu_lock));
    } catch (const std::system_error& error) {
      throw core::CodedError(
          abi::ErrorCode::kNoThread,
          "thread " + std::to_string(i + 1) + " of " + std::to_string(threads.size()) + " cannot be started (" +
              error.code().message() +
              "); ask for fewer threads, or raise the limit of processes (ulimit -u, pids.max of the "
              "control group) or of memory (ulimit -v)");
    }
  }
  if (!any_real_time) tuning.give_back();
}

void Pipeline::Impl::notify(std::uint32_t events) {
  const std::lock_guard lock(listeners_mutex);
  for (const auto& [token, listener] : listeners) listener(events);
}

void Pipeline::Impl::thread_ended() {
  // SYNC POINT S10: the last one has seen what the others did; a thread that sees `ended` sees the end of all of them.
  if (running_threads.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  ended.store(true, std::memory_order_seq_cst);
  notify(kEventEnded);
}

// Forward only.
void Pipeline::Impl::advance_state(abi::RegionState to) noexcept {
  const auto wanted = static_cast<std::uint32_t>(to);
  std::uint32_t before = own_state.load(std::memory_order_relaxed);
  // SYNC POINT S9: a native source looks at the state before every turn, and after it has armed.
  while (before < wanted && !own_state.compare_exchange_weak(before, wanted, std::memory_order_seq_cst)) {
  }
  // SYNC POINT S9: the copy shows the furthest state, in whatever order several threads come here.
  const std::lock_guard lock(state_mutex);
  header().state.store(own_state.load(std::memory_order_relaxed), std::memory_order_seq_cst);
}

void Pipeline::Impl::close_ingress() noexcept {
  advance_state(abi::RegionState::kClosing);
  for (std::uint32_t i = 0; i < ports.all().size(); ++i)
    if (ports.all()[i].is_ingress() && ports.all()[i].is_js()) graph->close_js_ingress(i);
  rouse_threads();
}

// Whatever the region says of them.
void Pipeline::Impl::rouse_threads() noexcept {
  for (const auto& thread : threads) thread->rouse();
  hosted.rouse();
}

// One JS ingress; the others go on. The pipeline is closing once none is left.
void Pipeline::Impl::close_ingress(Port& port) noexcept {
  bool all = true;
  {
    const std::lock_guard lock(port_mutex);
    port.closed = true;
    for (const Port& other : ports.all()) all = all && (!other.is_ingress() || other.closed);
  }
  if (all) {
    close_ingress();
    return;
  }
  graph->close_js_ingress(static_cast<std::uint32_t>(&port - ports.all().data()));
  rouse_threads();
}

void Pipeline::Impl::request_close() noexcept {
  bool owned = false;
  std::vector<std::uint32_t> ownerless;
  {
    const std::lock_guard lock(port_mutex);
    for (std::uint32_t i = 0; i < ports.all().size(); ++i) {
      const Port& port = ports.all()[i];
      if (!port.is_ingress()) continue;
      owned = owned || (port.taken && !port.closed);
      if (port.is_js() && !port.taken) ownerless.push_back(i);
    }
    if (owned) advance_state(abi::RegionState::kClosing);
  }
  if (!owned) {
    close_ingress();
    return;
  }
  // Those without an owner have nothing to publish any more.
  for (const std::uint32_t boundary : ownerless) graph->close_js_ingress(boundary);
  rouse_threads();
  notify(kEventRoom);
}

void Pipeline::Impl::report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept {
  {
    const std::lock_guard lock(failure_mutex);
    if (settled) return;
    abi::RegionHeader& h = header();
    const FailedAt here{sequence, agent};
    // Several records may fail before all agents have stopped: the least sequence is the failure, whatever the timing.
    if (!failed_at.has_value() || here < *failed_at) {
      failed_at = here;
      h.failed_agent = agent;
      h.failed_sequence = sequence;
      const std::string_view kept = core::cut_text(cause, sizeof(h.failed_cause));
      std::memcpy(h.failed_cause, kept.data(), kept.size());
      h.failed_cause_length = static_cast<std::uint32_t>(kept.size());
      // SYNC POINT S11: a thread that sees `failed` sees a whole description, of this failure or of an earlier
      // record's.
      h.failed.store(1, std::memory_order_release);
    }
  }
  graph->stop_after_failure(agent);
  close_ingress();
  notify(kEventEnded);
}

void Pipeline::Impl::limit_stage(const std::shared_ptr<Impl>& self, HostedRunner& stage, double limit_ms) {
  hosted.limit(stage, limit_ms, [weak = std::weak_ptr<Impl>(self)](const HostedRunner::LateCall& call) {
    if (const std::shared_ptr<Impl> impl = weak.lock()) impl->end_late(impl, call);
  });
}

// Nothing can go on behind the stage, and nothing can take it from the thread that is in it.
void Pipeline::Impl::end_late(const std::shared_ptr<Impl>& self, const HostedRunner::LateCall& call) {
  const std::string limit_ms = std::to_string(static_cast<std::uint64_t>(call.limit_ns / 1e6));
  report_failure(call.agent, call.sequence,
                 "the stage's function has not returned within " + limit_ms +
                     " ms, and the pipeline was halted; do less in one call, or give the stage a longer timeoutMs");
  halt(self);
}

void Pipeline::Impl::request_halt() noexcept {
  close_ingress();
  for (const auto& thread : threads) thread->request_halt();
}

// False: a device does not answer, and a thread in a call to it has been cut off.
bool Pipeline::Impl::join_threads() noexcept {
  request_halt();
  hosted.halt();
  bool joined = true;
  for (const auto& thread : threads) joined = thread->try_join() && joined;
  return joined;
}

void Pipeline::Impl::close_all() noexcept {
  for (const auto& thread : threads) thread->close_files();
  graph->close_files();
}

// Closing may wait for a device as well, so it has a thread of its own, which also waits for those that were cut off.
// It keeps everything alive that they use, and the journals' locks are given back when it comes to its end. The caller
// waits for it, unless a device does not answer.
void Pipeline::Impl::close_files(const std::shared_ptr<Impl>& self, bool joined) noexcept {
  if (joined && graph->device_threads() == 0 && !ports.has_files()) {
    close_all();
    return;
  }
  struct Closing {
    core::DeviceCalls device;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  std::shared_ptr<Closing> closing;
  try {
    closing = std::make_shared<Closing>();
    std::thread([share = self, closing]() mutable {
      platform::name_this_thread("byteor-close");
      closing->device.bind();
      {
        const core::DeviceCall call;
        for (const auto& thread : share->threads) thread->join();
        share->close_all();
      }
      // Before any listener is told: nothing of the pipeline is left to this thread then.
      share.reset();
      const std::lock_guard lock(closing->mutex);
      closing->done = true;
      closing->changed.notify_all();
    }).detach();
  } catch (const std::exception&) {
    // No thread is to be had. What is used by one that was cut off stays for as long as the process lives.
    if (!joined) {
      static_cast<void>(new (std::nothrow) std::shared_ptr<Impl>(self));
      return;
    }
    close_all();
    return;
  }
  if (!joined) return;
  std::unique_lock lock(closing->mutex);
  wait_beside_device(
      lock, closing->changed, closing->device, [&] { return closing->done; },
      [](double since_ns) { return core::now_ns() - since_ns >= kDeviceGraceNs; });
}

void Pipeline::Impl::halt(const std::shared_ptr<Impl>& self) noexcept {
  const std::lock_guard lock(control_mutex);
  if (halted) return;
  halted = true;
  const bool joined = join_threads();
  tuning.give_back();
  delivered.settle();
  graph->settle();
  ports.settle(*graph);
  close_files(self, joined);
  {
    const std::lock_guard failures(failure_mutex);
    settled = true;
  }
  // A thread that sees Stopped sees the settled counters.
  advance_state(abi::RegionState::kStopped);
  // SYNC POINT S10.
  ended.store(true, std::memory_order_seq_cst);
  notify(kEventEnded);
}

std::string Pipeline::Impl::status() const {
  std::vector<std::vector<std::uint32_t>> agents(threads.size());
  for (std::uint32_t agent = 0; agent < graph->agent_count(); ++agent) {
    const std::uint32_t thread = graph->agent_thread(agent);
    if (thread < threads.size()) agents[thread].push_back(agent);
  }
  std::string text = "{\"threads\":[";
  for (std::uint32_t i = 0; i < threads.size(); ++i) {
    AgentThread& thread = *threads[i];
    if (i > 0) text += ',';
    text += "{\"name\":";
    op::append_json_string(text, thread.name());
    text += ",\"agents\":[";
    for (const std::uint32_t agent : agents[i]) {
      if (agent != agents[i].front()) text += ',';
      op::append_json_string(text, graph->agent_id(agent));
    }
    text += "],";
    tuning.describe_thread(text, i, thread);
    text += '}';
  }
  text += "],\"requests\":";
  tuning.describe_requests(text, threads);
  text += ",\"region\":{\"bytes\":" + std::to_string(made.mapping->get().bytes()) + ",\"path\":";
  op::append_json_string(text, made.mapping->get().path());
  text += "},\"sizes\":" + graph->sizes() + ",\"adapters\":";
  ports.describe(text);
  text += ",\"stages\":";
  hosted.describe(text);
  return text + '}';
}

// ---- the face ------------------------------------------------------------------------------------------------------

Pipeline::Pipeline(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Pipeline::~Pipeline() {
  impl_->halt(impl_);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.pipelines.erase(impl_->number);
}

std::shared_ptr<Pipeline> Pipeline::open(std::span<const std::byte> spec, std::span<const std::byte> layout,
                                         const Options& options) {
  std::shared_ptr<Impl> impl;
  try {
    impl = std::make_shared<Impl>(graph::decode(spec), layout, options);
  } catch (const core::CodedError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw core::CodedError(abi::ErrorCode::kNoMemory,
                           "there is no memory for the tables of this plan's ops; use fewer shards or keys");
  } catch (const std::exception& error) {
    throw core::CodedError(abi::ErrorCode::kNoResource, error.what());
  }
  std::shared_ptr<Pipeline> pipeline(new Pipeline(std::move(impl)));
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.pipelines[pipeline->impl_->number] = pipeline;
  return pipeline;
}

void Pipeline::start() {
  try {
    impl_->start();
  } catch (...) {
    // Those that did start are joined now, and not when the caller's object is collected.
    impl_->halt(impl_);
    throw;
  }
}

std::span<std::byte> Pipeline::region() noexcept {
  return {impl_->made.mapping->get().data(), impl_->made.mapping->get().bytes()};
}

std::span<std::byte> Pipeline::observable() noexcept { return region().first(impl_->graph->observable_bytes()); }

std::uint32_t Pipeline::number() const noexcept { return impl_->number; }

std::uint64_t Pipeline::add_listener(Listener listener) {
  const std::lock_guard lock(impl_->listeners_mutex);
  impl_->listeners[++impl_->last_token] = std::move(listener);
  return impl_->last_token;
}

void Pipeline::remove_listener(std::uint64_t token) {
  const std::lock_guard lock(impl_->listeners_mutex);
  impl_->listeners.erase(token);
}

bool Pipeline::take_port(const std::string& id) {
  Port* const port = impl_->ports.find(id);
  if (port == nullptr || !port->is_js()) return false;
  const std::lock_guard lock(impl_->port_mutex);
  return !std::exchange(port->taken, true);
}

void Pipeline::give_back_port(const std::string& id) {
  Port* const port = impl_->ports.find(id);
  if (port == nullptr) return;
  {
    const std::lock_guard lock(impl_->port_mutex);
    port->taken = false;
  }
  // Its owner went before it could do what request_close() asked for.
  if (port->is_ingress() && impl_->state() == abi::RegionState::kClosing) impl_->close_ingress(*port);
  // An owner that ended in the middle (a worker that was terminated) may have shown records, or given room back, and
  // not come to the wake that follows; no other thread knows. So all who may wait for this port look again, on either
  // side.
  impl_->rouse_threads();
  notify(kEventRecords | kEventRoom | kEventDurable);
}

HostedRunner* Pipeline::take_stage(const std::string& id) { return impl_->hosted.take(id); }
void Pipeline::give_back_stage(const HostedRunner& runner) { impl_->hosted.give_back(runner); }
void Pipeline::fail_stage(const std::string& id, std::string_view cause) { impl_->hosted.fail(id, cause); }

void Pipeline::wake_thread(std::uint32_t thread) noexcept {
  if (thread < impl_->threads.size()) return impl_->threads[thread]->rouse();
  impl_->hosted.rouse(thread);
}

void Pipeline::close_ingress() noexcept { impl_->close_ingress(); }

void Pipeline::close_ingress(const std::string& id) noexcept {
  Port* const port = impl_->ports.find(id);
  if (port != nullptr && port->is_ingress() && port->is_js()) impl_->close_ingress(*port);
}

void Pipeline::request_close() noexcept { impl_->request_close(); }

void Pipeline::notify(std::uint32_t events) { impl_->notify(events); }

// SYNC POINT S10.
bool Pipeline::threads_ended() const noexcept { return impl_->ended.load(std::memory_order_seq_cst); }

void Pipeline::halt() noexcept { impl_->halt(impl_); }

std::optional<std::uint32_t> Pipeline::find_shard(std::span<const std::byte> record) const noexcept {
  const std::uint32_t shards = impl_->graph->shards();
  if (!impl_->made.key.has_value() || shards == 1) return 0;
  const std::optional<std::uint64_t> hash =
      impl_->made.key->find_hash({reinterpret_cast<const char*>(record.data()), record.size()});
  if (!hash.has_value()) return std::nullopt;
  return op::shard_of(*hash, shards);
}

std::uint32_t Pipeline::shard_of_key(std::span<const std::byte> key) const noexcept {
  const std::uint64_t hash = op::key_hash({reinterpret_cast<const char*>(key.data()), key.size()});
  return op::shard_of(hash, impl_->graph->shards());
}

Delivered& Pipeline::delivered() noexcept { return impl_->delivered; }

bool Pipeline::uses_js() const noexcept { return impl_->ports.uses_js(); }

void Pipeline::limit_stage(HostedRunner& stage, double limit_ms) { impl_->limit_stage(impl_, stage, limit_ms); }

std::string Pipeline::op_reports() const { return impl_->graph->op_reports(); }
std::string Pipeline::status() const { return impl_->status(); }
const std::string& Pipeline::note() const noexcept { return impl_->options.note; }

std::shared_ptr<Pipeline> Pipeline::find(std::uint32_t number) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.pipelines.find(number);
  return found == all.pipelines.end() ? nullptr : found->second.lock();
}

void Pipeline::halt_all() noexcept {
  std::vector<std::shared_ptr<Pipeline>> running;
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    for (const auto& [number, pipeline] : all.pipelines)
      if (std::shared_ptr<Pipeline> held = pipeline.lock()) running.push_back(std::move(held));
  }
  // All of them first: what a device needs for one is not waited for once more for the next.
  for (const auto& pipeline : running) pipeline->impl_->request_halt();
  for (const auto& pipeline : running) {
    pipeline->halt();
    // The pipeline is not destroyed any more, and a region of a process that ended well has nothing to tell.
    pipeline->impl_->made.mapping->get().remove_file();
  }
}

}  // namespace byteor::run

// LMAX Disruptor (Debian's libdisruptor-java) as a contestant of bench/rings.mjs: one producer, one or three handlers, as its
// documentation has them. One trial a virtual machine; laps before the last one warm the compiler up and do not count.
//
//   java Trial one-to-one|chain single|batch BYTES CAPACITY RECORDS spin|yield
//
// Events are objects with one or eight long fields, made before: that is its design. Prints {"seconds":…,"off_cpu":…}, and
// ends with 1 where the sum that the last handler has made is wrong.
import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.WaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CountDownLatch;

public final class Trial {
  private static final int BATCH = 64;
  private static final double WARM_SECONDS = 0.4;
  private static final int WARM_LAPS = 3;

  static final class Event {
    long w0;
    long w1;
    long w2;
    long w3;
    long w4;
    long w5;
    long w6;
    long w7;
  }

  /** Adds one to the first word, or sums all up; the last one ends the lap. */
  static final class Handler implements EventHandler<Event> {
    final boolean changes;
    final boolean sums;
    final boolean wide;
    long sum;
    long last = -1;
    CountDownLatch ended;
    long onCpu;

    Handler(boolean changes, boolean sums, boolean wide) {
      this.changes = changes;
      this.sums = sums;
      this.wide = wide;
    }

    @Override
    public void onEvent(Event event, long sequence, boolean endOfBatch) {
      if (changes) event.w0++;
      if (sums) {
        sum += event.w0;
        if (wide) sum += event.w1 + event.w2 + event.w3 + event.w4 + event.w5 + event.w6 + event.w7;
      }
      if (sequence == last) {
        onCpu = THREADS.getCurrentThreadCpuTime();
        ended.countDown();
      }
    }
  }

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static void fill(Event event, long i, boolean wide) {
    event.w0 = i;
    if (!wide) return;
    event.w1 = i + 1;
    event.w2 = i + 2;
    event.w3 = i + 3;
    event.w4 = i + 4;
    event.w5 = i + 5;
    event.w6 = i + 6;
    event.w7 = i + 7;
  }

  /** Sum over the records 0…n-1 as they were filled. */
  private static long expected(long n, int words) {
    return words * (n * (n - 1) / 2) + n * (words * (words - 1L) / 2);
  }

  public static void main(String[] args) throws Exception {
    final boolean chain = args[0].equals("chain");
    final boolean batch = args[1].equals("batch");
    final boolean wide = Integer.parseInt(args[2]) == 64;
    final int capacity = Integer.parseInt(args[3]);
    final long records = Long.parseLong(args[4]);
    final WaitStrategy wait = args[5].equals("spin") ? new BusySpinWaitStrategy() : new YieldingWaitStrategy();

    final RingBuffer<Event> ring = RingBuffer.createSingleProducer(Event::new, capacity, wait);
    final Handler[] handlers =
        chain
            ? new Handler[] {new Handler(true, false, wide), new Handler(true, false, wide), new Handler(true, true, wide)}
            : new Handler[] {new Handler(false, true, wide)};
    Sequence before = null;
    for (final Handler handler : handlers) {
      final SequenceBarrier barrier = before == null ? ring.newBarrier() : ring.newBarrier(before);
      final BatchEventProcessor<Event> processor = new BatchEventProcessor<>(ring, barrier, handler);
      before = processor.getSequence();
      final Thread thread = new Thread(processor);
      thread.setDaemon(true);
      thread.start();
    }
    ring.addGatingSequences(before);

    final Handler end = handlers[handlers.length - 1];
    for (int lap = 0; ; lap++) {
      // A lap of few records is no warm-up: it is repeated until it has taken its time.
      final long until = System.nanoTime() + (long) (WARM_SECONDS * 1e9);
      while (lap < WARM_LAPS && System.nanoTime() < until) lap(ring, end, records, batch, wide, chain);
      if (lap < WARM_LAPS) continue;
      final double[] took = lap(ring, end, records, batch, wide, chain);
      System.out.printf(java.util.Locale.ROOT, "{\"seconds\":%.9f,\"off_cpu\":%.6f}%n", took[0], took[1]);
      return;
    }
  }

  private static double[] lap(
      RingBuffer<Event> ring, Handler end, long records, boolean batch, boolean wide, boolean chain) throws Exception {
    end.sum = 0;
    end.ended = new CountDownLatch(1);
    end.last = ring.getCursor() + records;
    final long endBefore = end.onCpu;
    final long ownBefore = THREADS.getCurrentThreadCpuTime();
    final long begin = System.nanoTime();
    if (batch) {
      for (long i = 0; i < records; ) {
        final int count = (int) Math.min(BATCH, records - i);
        final long high = ring.next(count);
        for (long s = high - count + 1; s <= high; s++) fill(ring.get(s), i++, wide);
        ring.publish(high - count + 1, high);
      }
    } else {
      for (long i = 0; i < records; i++) {
        final long s = ring.next();
        fill(ring.get(s), i, wide);
        ring.publish(s);
      }
    }
    final long own = THREADS.getCurrentThreadCpuTime() - ownBefore;
    final long produced = System.nanoTime() - begin;
    end.ended.await();
    final double seconds = (System.nanoTime() - begin) * 1e-9;
    final int words = wide ? 8 : 1;
    final long wanted = expected(records, words) + (chain ? 3 * records : 0);
    if (end.sum != wanted) {
      System.err.println("wrong sum: " + end.sum + ", not " + wanted);
      System.exit(1);
    }
    final double ownOff = 1 - (double) own / produced;
    // The handler has been waiting, which is work here, since the lap before.
    final double endOff = endBefore == 0 ? 0 : Math.max(0, 1 - (end.onCpu - endBefore) * 1e-9 / seconds);
    return new double[] {seconds, Math.max(0, Math.max(ownOff, endOff))};
  }
}

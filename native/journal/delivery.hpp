// What became of the records that a journal's reader passed on. The cursor may pass a record only when no crash of the
// process can take it any more: what a stage has read lies in lanes in memory until somebody outside has it. The
// reader's thread; after all threads have ended, whoever ended them.
#pragma once

namespace byteor::journal {

class Delivery {
 public:
  virtual ~Delivery() = default;
  // The reader has published everything that it made of the records which it has released. From now on arrived()
  // speaks of these.
  virtual void begin() noexcept = 0;
  // Everything that begin() saw has left the pipeline, or lies in another journal. To be asked again; costs a few
  // loads.
  virtual bool arrived() noexcept = 0;
};

}  // namespace byteor::journal

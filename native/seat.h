// Keeps a thread on the processor where it happens to run, for a while: sched_setaffinity(2). Owns what the thread was
// allowed before, and which processors threads of this process keep to.
#pragma once

#include <sched.h>

namespace taploom {

/** One thread's; every call must be made by it. */
class Seat {
 public:
  Seat() = default;
  ~Seat() { leave(); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  /** Stays on this processor, unless another thread of the process does already: two would only take turns there. */
  void take();

  /** May go wherever it might before. */
  void leave();

 private:
  int processor_ = -1;  // -1: it has none
  cpu_set_t before_;
  bool is_common_ = false;  // the thread was allowed what the main thread is
};

}  // namespace taploom

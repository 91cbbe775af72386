// See seat.h.

#include "seat.h"

#include <unistd.h>

#include <atomic>

namespace taploom {

namespace {

std::atomic<bool> taken[CPU_SETSIZE];

/** Where the process's main thread may run, which is what threads are given that nobody treats apart. */
bool get_common(cpu_set_t* set) { return gettid() != getpid() && sched_getaffinity(getpid(), sizeof *set, set) == 0; }

cpu_set_t only(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return set;
}

}  // namespace

void Seat::take() {
  const int processor = sched_getcpu();
  if (processor_ >= 0 || processor < 0 || processor >= CPU_SETSIZE) return;
  if (sched_getaffinity(0, sizeof before_, &before_) < 0 || !CPU_ISSET(processor, &before_)) return;
  if (taken[processor].exchange(true)) return;
  cpu_set_t common;
  is_common_ = get_common(&common) && CPU_EQUAL(&before_, &common);
  const cpu_set_t here = only(processor);
  if (sched_setaffinity(0, sizeof here, &here) == 0) {
    processor_ = processor;
  } else {
    taken[processor] = false;
  }
}

void Seat::leave() {
  if (processor_ < 0) return;
  const cpu_set_t here = only(processor_);
  cpu_set_t now;
  // Who gave the thread other processors meanwhile (taskset) has the last word.
  if (sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &here)) {
    if (is_common_) (void)get_common(&before_);  // processors may have come and gone
    (void)sched_setaffinity(0, sizeof before_, &before_);
  }
  taken[processor_] = false;
  processor_ = -1;
}

}  // namespace taploom

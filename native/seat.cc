// See seat.h.

#include "seat.h"

#include <atomic>

namespace taploom {

namespace {

std::atomic<bool> taken[CPU_SETSIZE];

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
  if (sched_getaffinity(0, sizeof before_, &before_) < 0 || taken[processor].exchange(true)) return;
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
    (void)sched_setaffinity(0, sizeof before_, &before_);
  }
  taken[processor_] = false;
  processor_ = -1;
}

}  // namespace taploom

// The monotonic clock. clock_gettime(2).
#pragma once

#include <time.h>

#include <cstdint>

namespace taploom {

inline uint64_t clock_us(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

/** As of the kernel's last tick, 1 to 10 ms ago: cheap enough for every turn. */
inline uint64_t now_ms() { return clock_us(CLOCK_MONOTONIC_COARSE) / 1000; }

inline uint64_t now_us() { return clock_us(CLOCK_MONOTONIC); }

}  // namespace taploom

// Reads and writes that do not wait, many a system call: a ring of io_uring(7), from Linux 6.0. What is asked for is
// done while the call lasts and in its order, so that nothing is under way between calls. One thread, the one that
// made it. Files are given by fd: registered ones would stay open after they were closed.
#pragma once

#include <linux/io_uring.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fd.h"

namespace taploom {

class Uring {
 public:
  /** How much may be asked for in one call. */
  static constexpr uint32_t BATCH = 64;

  /** nullptr where the system has no such ring, or refuses it. */
  static std::unique_ptr<Uring> create();
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  void read(int fd, void* buffer, uint32_t size);
  /** `parts` must stay until `run`. */
  void write(int fd, const iovec* parts, int count);

  /** Does what was asked for since the last call. Returns how it went, in that order: bytes, or -errno. */
  const int32_t* run();

 private:
  explicit Uring(Fd ring) : ring_(std::move(ring)) {}

  bool map(const io_uring_params& params);
  void ask(uint8_t operation, int fd, const void* what, uint32_t length);
  uint32_t reap();

  const Fd ring_;
  uint8_t* rings_ = nullptr;  // both, in one piece
  size_t rings_size_ = 0;
  io_uring_sqe* entries_ = nullptr;
  size_t entries_size_ = 0;
  // In `rings_`; the kernel moves the head of what is asked for, and the tail of what is done.
  uint32_t* asked_head_;
  uint32_t* asked_tail_;
  uint32_t asked_mask_;
  uint32_t* done_head_;
  uint32_t* done_tail_;
  uint32_t done_mask_;
  io_uring_cqe* done_;
  uint32_t count_ = 0;  // asked for and not yet done
  int32_t results_[BATCH];
};

}  // namespace taploom

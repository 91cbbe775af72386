// See uring.h.

#include "uring.h"

#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace taploom {

namespace {

// IORING_SETUP_…, which headers of Linux 5 do not all name; its kernels refuse them.
constexpr uint32_t COOP_TASKRUN = 1u << 8;
constexpr uint32_t SINGLE_ISSUER = 1u << 12;

void* map_ring(int fd, size_t size, off_t what) {
  void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
  return at == MAP_FAILED ? nullptr : at;
}

}  // namespace

std::unique_ptr<Uring> Uring::create() {
  io_uring_params params = {};
  params.flags = COOP_TASKRUN | SINGLE_ISSUER;
  Fd fd(static_cast<int>(syscall(SYS_io_uring_setup, BATCH, &params)));
  if (!fd) return nullptr;
  std::unique_ptr<Uring> ring(new Uring(std::move(fd)));
  return ring->map(params) ? std::move(ring) : nullptr;
}

Uring::~Uring() {
  if (rings_) munmap(rings_, rings_size_);
  if (entries_) munmap(entries_, entries_size_);
}

bool Uring::map(const io_uring_params& params) {
  const size_t asked_end = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t done_end = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  rings_size_ = std::max(asked_end, done_end);
  entries_size_ = params.sq_entries * sizeof(io_uring_sqe);
  rings_ = static_cast<uint8_t*>(map_ring(ring_.get(), rings_size_, IORING_OFF_SQ_RING));
  entries_ = static_cast<io_uring_sqe*>(map_ring(ring_.get(), entries_size_, IORING_OFF_SQES));
  if (!rings_ || !entries_) return false;
  const auto word = [this](uint32_t offset) { return reinterpret_cast<uint32_t*>(rings_ + offset); };
  asked_head_ = word(params.sq_off.head);
  asked_tail_ = word(params.sq_off.tail);
  asked_mask_ = *word(params.sq_off.ring_mask);
  done_head_ = word(params.cq_off.head);
  done_tail_ = word(params.cq_off.tail);
  done_mask_ = *word(params.cq_off.ring_mask);
  done_ = reinterpret_cast<io_uring_cqe*>(rings_ + params.cq_off.cqes);
  // An entry's place in the ring is its place in the array, for good.
  for (uint32_t i = 0; i < params.sq_entries; i++) word(params.sq_off.array)[i] = i;
  return true;
}

void Uring::ask(uint8_t operation, int fd, const void* what, uint32_t length) {
  io_uring_sqe& entry = entries_[(*asked_tail_ + count_) & asked_mask_];
  memset(&entry, 0, sizeof entry);
  entry.opcode = operation;
  entry.fd = fd;
  entry.addr = reinterpret_cast<uintptr_t>(what);
  entry.len = length;
  entry.rw_flags = RWF_NOWAIT;  // O_NONBLOCK does not do: what finds nothing would stay under way, and end out of order
  entry.user_data = count_++;
}

void Uring::read(int fd, void* buffer, uint32_t size) { ask(IORING_OP_READ, fd, buffer, size); }

void Uring::write(int fd, const iovec* parts, int count) {
  if (count == 1) return ask(IORING_OP_WRITE, fd, parts->iov_base, static_cast<uint32_t>(parts->iov_len));
  ask(IORING_OP_WRITEV, fd, parts, static_cast<uint32_t>(count));
}

/** Takes down how what is done went. Returns how much that is. */
uint32_t Uring::reap() {
  const uint32_t tail = __atomic_load_n(done_tail_, __ATOMIC_ACQUIRE);
  const uint32_t head = *done_head_;
  for (uint32_t i = head; i != tail; i++) {
    const io_uring_cqe& done = done_[i & done_mask_];
    results_[done.user_data] = done.res;
  }
  __atomic_store_n(done_head_, tail, __ATOMIC_RELEASE);
  return tail - head;
}

const int32_t* Uring::run() {
  std::fill_n(results_, count_, -EAGAIN);
  __atomic_store_n(asked_tail_, *asked_tail_ + count_, __ATOMIC_RELEASE);
  uint32_t submitted = 0;
  for (uint32_t left = count_; left > 0; left -= reap()) {
    const uint32_t rest = count_ - submitted;
    const long taken = syscall(SYS_io_uring_enter, ring_.get(), rest, left, IORING_ENTER_GETEVENTS, nullptr, 0);
    if (taken >= 0) {
      submitted += static_cast<uint32_t>(taken);
    } else if (errno != EINTR) {  // no memory: what the kernel has not taken is taken back, and did not happen
      left -= rest;
      submitted = count_;
      __atomic_store_n(asked_tail_, __atomic_load_n(asked_head_, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    }
  }
  count_ = 0;
  return results_;
}

}  // namespace taploom

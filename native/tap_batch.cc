// See tap_batch.h.

#include "tap_batch.h"

#include <algorithm>
#include <cerrno>

#include "tap.h"

namespace taploom {

namespace {

constexpr uint32_t FEW = 4;      // frames for which a batch is not worth its while
constexpr uint32_t LONG = 4096;  // bytes of frames whose copying costs so much that calls do not count

/** Tells the queue what became of the frames at its front. As tap_transmit, but 0 does not say that it is empty. */
int settle(TransmitQueue& queue, const int32_t* results, uint32_t count) {
  uint32_t sent = count;  // up to the last one that left
  while (sent > 0 && results[sent - 1] < 0) sent--;
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] >= 0) {
      queue.consume(1);
      continue;
    }
    const uint32_t before = queue.size();
    const bool frame_only = concerns_frame_only(-results[i], queue);
    if (queue.size() < before) continue;
    if (i >= sent) return frame_only ? 0 : -results[i];
    queue.fail(Reason::queueFull);  // it must not follow those that left after it
  }
  return 0;
}

/** Takes in what was read; as tap_receive. */
int take(ReceiveBatch& batch, uint32_t port, const int32_t* results, uint32_t count, bool headers) {
  int error = 0;
  uint32_t empty = 0;  // rooms before the next one's into which nothing was read
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] <= 0) {
      if (error == 0) error = results[i] == 0 ? EPIPE : -results[i];
      empty++;
    } else {
      if (empty > 0) batch.bring_forward(empty);
      tap_add(batch, port, static_cast<uint32_t>(results[i]), headers);
    }
  }
  return error;
}

}  // namespace

/** Asks for writes of the frames at the front, as far as they are well formed; returns how many. */
uint32_t TapBatch::fill(int fd, TransmitQueue& queue, bool headers) {
  const uint32_t count = std::min(queue.size(), Uring::BATCH);
  for (uint32_t i = 0; i < count; i++) {
    const int parts = tap_gather(queue, i, headers, parts_[i], tags_[i], headers_[i]);
    if (parts == 0) return i;
    ring_->write(fd, parts_[i], parts);
  }
  return count;
}

int TapBatch::transmit(int fd, TransmitQueue& queue, bool headers) {
  while (ring_ && queue.size() >= FEW) {
    const uint32_t count = fill(fd, queue, headers);
    if (count == 0) {
      queue.fail(Reason::malformed);
    } else if (const int error = settle(queue, ring_->run(), count)) {
      return error;
    }
  }
  return tap_transmit(fd, queue, headers);
}

/** Asks for reads into the next rooms; returns how many. */
uint32_t TapBatch::ask(int fd, const ReceiveBatch& batch, uint32_t count, bool headers) {
  for (uint32_t i = 0; i < count; i++) {
    uint8_t* room = batch.room(i);
    if (!room) return i;
    ring_->read(fd, tap_place(room, headers), tap_capacity(batch, headers));
  }
  return count;
}

int TapBatch::receive_some(int fd, uint32_t port, ReceiveBatch& batch, uint32_t wanted, bool headers) {
  if (!ring_ || wanted < FEW) return tap_receive(fd, port, batch, wanted, headers);
  const uint32_t count = ask(fd, batch, wanted, headers);
  return count == 0 ? 0 : take(batch, port, ring_->run(), count, headers);
}

int TapBatch::receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget, bool headers) {
  const uint64_t end = batch.bytes() + TAP_RECEIVE_BYTES;
  while (budget > 0 && batch.bytes() < end && !batch.full()) {
    const uint32_t before = batch.filled();
    const uint64_t bytes = batch.bytes();
    const uint32_t wanted = std::min<uint32_t>(expected_[port], budget);
    const int error = receive_some(fd, port, batch, wanted, headers);
    const uint32_t got = batch.filled() - before;
    const bool is_long = batch.bytes() - bytes > uint64_t{got} * LONG;
    const uint32_t more = is_long ? 1 : error ? got : 2 * wanted;
    expected_[port] = static_cast<uint8_t>(std::clamp(more, 1u, Uring::BATCH));
    if (error) return error;
    budget -= got;
  }
  return 0;
}

}  // namespace taploom

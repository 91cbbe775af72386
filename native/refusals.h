// What to do with frames that a network device refuses with ENOBUFS. Linux gives that error for two different reasons
// (net_xmit_errno in include/linux/netdevice.h): the queueing discipline is full for the moment, or the host's egress
// policy (nftables, tc) drops the frame. A frame of the first kind is worth another try; one of the second kind must
// not keep the frames behind it waiting. Three observations tell them apart:
//
//   - A frame further back passes: the device has room, so a policy refuses the frame at the front.
//   - None of our own frames are left in the device (SIOCOUTQ): we are not what fills it.
//   - A policy refused many frames lately: it probably refuses this one, too.
//
// One object per port. It owns the counts of tries, decides, and moves nothing: packet.cc sends, poller_turn.cc waits.
#pragma once

#include <algorithm>
#include <cstdint>

namespace taploom {

class Refusals {
 public:
  /** The frame at the front passed. */
  void passed() {
    if (tries_ > 0 && policy_ > 0) policy_--;  // the device was full after all
    tries_ = 0;
  }

  /** The frame at the front was refused. `backlog`: the device still holds frames of ours. */
  void refused(bool backlog) {
    backlog_ = backlog;
    tries_++;
  }

  /** How many frames behind the refused one to try now. The frames that one of these passes are dropped. So a device
   *  that may only be full gets time first, and few tries then: room could come up between two of them. */
  uint32_t reach() const {
    if (!backlog_) return UINT32_MAX;
    return is_suspect() || tries_ > PATIENCE ? REACH_FULL : 0;
  }

  /** A frame further back passed: the ones before it were refused by a policy. */
  void was_policy() {
    policy_ = std::min<uint8_t>(policy_ + 1, POLICY_MAX);
    tries_ = 0;
  }

  /** Whether the frame at the front has had all its tries. The next one begins with none. */
  bool gives_up() {
    if (tries_ < (backlog_ ? TRIES_FULL : is_suspect() ? TRIES_SUSPECT : TRIES)) return false;
    if (!backlog_) was_policy();
    tries_ = 0;
    return true;
  }

  bool has_backlog() const { return backlog_; }

  /** Milliseconds until the next try: 1, 2, 4, 8, then 16. */
  uint32_t wait_ms() const { return 1u << std::min(tries_ > 0 ? tries_ - 1u : 0u, 4u); }

 private:
  static constexpr uint8_t PATIENCE = 4;       // tries, 7 ms, before a device with a backlog is suspected of a policy
  static constexpr uint8_t TRIES = 4;          // 7 ms
  static constexpr uint8_t TRIES_SUSPECT = 2;  // 1 ms
  static constexpr uint8_t TRIES_FULL = 16;    // 191 ms: a frame of 1,500 bytes at 64 kbit/s
  static constexpr uint8_t SUSPECT = 8;        // refusals by a policy, less those by a full device
  static constexpr uint8_t POLICY_MAX = 2 * SUSPECT;
  static constexpr uint32_t REACH_FULL = 4;    // frames

  bool is_suspect() const { return policy_ >= SUSPECT; }

  uint8_t tries_ = 0;
  uint8_t policy_ = 0;
  bool backlog_ = false;
};

}  // namespace taploom

// Ports that wait their turn: first in, first out, each at most once.
#pragma once

#include <cstdint>
#include <vector>

namespace taploom {

class PortQueue {
 public:
  explicit PortQueue(uint32_t ports_max) : ports_(ports_max), waiting_(ports_max, false) {}

  uint32_t size() const { return size_; }

  void add(uint32_t port) {
    if (waiting_[port]) return;
    waiting_[port] = true;
    const size_t end = first_ + size_++;
    ports_[end < ports_.size() ? end : end - ports_.size()] = static_cast<uint16_t>(port);
  }

  uint32_t take() {
    const uint32_t port = ports_[first_];
    first_ = first_ + 1 < ports_.size() ? first_ + 1 : 0;
    size_--;
    waiting_[port] = false;
    return port;
  }

 private:
  std::vector<uint16_t> ports_;
  std::vector<uint8_t> waiting_;
  size_t first_ = 0;
  uint32_t size_ = 0;
};

}  // namespace taploom

// The offsets of the memory map that this side needs, under the names that they have there.
// Owns nothing: assembly/layout.ts and assembly/reason.ts declare them, test/native/layout.test.ts compares.
#pragma once

#include <cstdint>

namespace taploom {

// Descriptors.
constexpr uint32_t DESC_SIZE = 16;
constexpr uint32_t DESC_SLOT = 0;
constexpr uint32_t DESC_LENGTH = 4;
constexpr uint32_t DESC_TAG = 8;
constexpr uint32_t DESC_SHAPE = 12;
constexpr uint32_t DESC_PORT = 12;
constexpr uint32_t DESC_START = 14;
constexpr uint32_t DESC_POP = 15;
constexpr uint32_t DESC_FAILED = 16;
constexpr uint32_t START_SHIFT = 16;
constexpr uint32_t POP_SHIFT = 24;
constexpr uint32_t CUT_SHIFT = 24;
constexpr uint32_t FRAME_MIN = 14;
constexpr uint32_t START_HEADER = 16;
constexpr uint32_t VNET_SIZE = 10;

// Ring.
constexpr uint32_t RING_HEAD = 0;
constexpr uint32_t RING_TAIL = 64;
constexpr uint32_t RING_SLOTS = 192;

// Pipe. The ring of bytes that go out follows the one of those that come in, whose size the geometry tells.
constexpr uint32_t PIPE_IN_HEAD = 0;
constexpr uint32_t PIPE_IN_TAIL = 64;
constexpr uint32_t PIPE_OUT_HEAD = 128;
constexpr uint32_t PIPE_OUT_TAIL = 192;
constexpr uint32_t PIPE_FAULT = 256;
constexpr uint32_t PIPE_HUNGRY = 260;
constexpr uint32_t PIPE_IN = 320;

/** Why a frame could not be sent: the members of Reason that a transmitter has use for. */
enum class Reason : uint8_t { malformed = 0, queueFull = 3, mtu = 4 };

// Ethernet: where a VLAN tag stands (behind both MACs) and how long it is (IEEE 802.1Q, 9.3).
constexpr uint32_t TAG_OFFSET = 12;
constexpr uint32_t TAG_SIZE = 4;

}  // namespace taploom

// See steering.h. The program: bpf(2), Linux: Documentation/bpf/standardization/instruction-set.rst ("Legacy BPF Packet
// access instructions"): a load past the end of the frame ends it with 0, the first queue.
//
// UDP is steered by its addresses alone: datagrams that are sent in fragments have no ports but in the first one, and
// would leave the others of their flow. TCP has none, or sorts them out by itself.

#include "steering.h"

#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fd.h"
#include "layout.h"

#ifndef TUNSETSTEERINGEBPF
#define TUNSETSTEERINGEBPF _IOR('T', 224, int)  // Linux 4.16
#endif

namespace taploom {

namespace {

constexpr uint64_t MULTIPLIER = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
constexpr int32_t HASH_SHIFT = 48;                   // the upper bits are mixed best

constexpr int32_t TYPE_IPV4 = 0x0800;
constexpr int32_t TYPE_IPV6 = 0x86dd;
constexpr int32_t TYPE_VLAN = 0x8100;
constexpr int32_t TYPE_SERVICE_VLAN = 0x88a8;
constexpr int32_t TYPE_AT = TAG_OFFSET;
constexpr int32_t MACS_SIZE = 12;
constexpr int32_t PROTOCOL_TCP = 6;
// RFC 791 3.1, RFC 8200 3.
constexpr int32_t IPV4_LENGTH = 0, IPV4_FRAGMENT = 6, IPV4_PROTOCOL = 9, IPV4_ADDRESSES = 12, IPV4_END = 20;
constexpr int32_t IPV4_WORDS_MASK = 0xf, IPV4_WORD_SHIFT = 2;
constexpr int32_t FRAGMENT_MASK = 0x3fff;  // more fragments, offset
constexpr int32_t IPV6_NEXT = 6, IPV6_ADDRESSES = 8, IPV6_SIZE = 40;

/** Puts a program together, in the order of its instructions. */
class Program {
 public:
  enum Register : uint8_t { R0, R1, FRAME = BPF_REG_6, FACTOR, HASH, NETWORK };
  using Jump = size_t;

  void move(Register to, Register from) { add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0); }
  void set(Register to, int32_t value) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, R0, value); }
  void change(uint8_t how, Register what, int32_t by) { add(BPF_ALU64 | how | BPF_K, what, R0, by); }
  void change(uint8_t how, Register what, Register by) { add(BPF_ALU64 | how | BPF_X, what, by, 0); }

  void set_wide(Register to, uint64_t value) {
    add(BPF_LD | BPF_DW | BPF_IMM, to, R0, static_cast<int32_t>(value));
    add(0, R0, R0, static_cast<int32_t>(value >> 32));
  }

  /** Loads from the frame into R0, as a number: from its beginning, or from that of its network header. */
  void load(uint8_t size, int32_t at) { add(BPF_LD | BPF_ABS | size, R0, R0, at); }
  void load_network(uint8_t size, int32_t at) { add(BPF_LD | BPF_IND | size, R0, NETWORK, at); }

  /** Lets R0 take part in the hash. */
  void mix() {
    change(BPF_XOR, HASH, R0);
    change(BPF_MUL, HASH, FACTOR);
  }
  void mix_network(int32_t from, int32_t to) {
    for (int32_t at = from; at < to; at += 4) {
      load_network(BPF_W, at);
      mix();
    }
  }

  /** A jump forward, to where `land` is called with it. */
  Jump jump() { return jump_if(BPF_JA, 0); }
  Jump jump_if(uint8_t condition, int32_t value) {
    add(static_cast<uint8_t>(BPF_JMP | BPF_K | condition), R0, R0, value);
    return code_.size() - 1;
  }
  void land(Jump jump) { code_[jump].off = static_cast<int16_t>(code_.size() - jump - 1); }

  void end() { add(BPF_JMP | BPF_EXIT, R0, R0, 0); }

  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  void add(int code, Register to, Register from, int32_t value) {
    bpf_insn instruction = {};
    instruction.code = static_cast<uint8_t>(code);
    instruction.dst_reg = to & 0xf;
    instruction.src_reg = from & 0xf;
    instruction.imm = value;
    code_.push_back(instruction);
  }

  std::vector<bpf_insn> code_;
};

/** Passes a tag, where there is one: R0 is the type, and NETWORK where the header behind it begins. */
void pass_tag(Program& program) {
  const Program::Jump customer = program.jump_if(BPF_JEQ, TYPE_VLAN);
  const Program::Jump none = program.jump_if(BPF_JNE, TYPE_SERVICE_VLAN);
  program.land(customer);
  program.change(BPF_ADD, Program::NETWORK, TAG_SIZE);
  program.load_network(BPF_H, -2);
  program.land(none);
}

/** Mixes what a flow's IPv4 packets have alike; `NETWORK` becomes the transport header. Returns where there is none. */
std::vector<Program::Jump> mix_ipv4(Program& program) {
  program.mix_network(IPV4_ADDRESSES, IPV4_END);
  program.load_network(BPF_B, IPV4_PROTOCOL);
  const Program::Jump other = program.jump_if(BPF_JNE, PROTOCOL_TCP);
  program.load_network(BPF_H, IPV4_FRAGMENT);
  program.change(BPF_AND, Program::R0, FRAGMENT_MASK);
  const Program::Jump fragment = program.jump_if(BPF_JNE, 0);
  program.load_network(BPF_B, IPV4_LENGTH);
  program.change(BPF_AND, Program::R0, IPV4_WORDS_MASK);
  program.change(BPF_LSH, Program::R0, IPV4_WORD_SHIFT);
  program.change(BPF_ADD, Program::NETWORK, Program::R0);
  return {other, fragment};
}

/** The same of IPv6; extension headers count as no TCP. */
std::vector<Program::Jump> mix_ipv6(Program& program) {
  program.mix_network(IPV6_ADDRESSES, IPV6_SIZE);
  program.load_network(BPF_B, IPV6_NEXT);
  const Program::Jump other = program.jump_if(BPF_JNE, PROTOCOL_TCP);
  program.change(BPF_ADD, Program::NETWORK, IPV6_SIZE);
  return {other};
}

Program steering() {
  Program program;
  program.move(Program::FRAME, Program::R1);
  program.set_wide(Program::FACTOR, MULTIPLIER);
  program.set(Program::HASH, 0);
  program.set(Program::NETWORK, TYPE_AT + 2);
  program.load(BPF_H, TYPE_AT);
  pass_tag(program);
  pass_tag(program);
  const Program::Jump ipv4 = program.jump_if(BPF_JEQ, TYPE_IPV4);
  const Program::Jump ipv6 = program.jump_if(BPF_JEQ, TYPE_IPV6);
  for (int32_t at = 0; at < MACS_SIZE; at += 4) {
    program.load(BPF_W, at);
    program.mix();
  }
  std::vector<Program::Jump> done = {program.jump()};
  program.land(ipv4);
  for (const Program::Jump jump : mix_ipv4(program)) done.push_back(jump);
  const Program::Jump ports = program.jump();
  program.land(ipv6);
  for (const Program::Jump jump : mix_ipv6(program)) done.push_back(jump);
  program.land(ports);
  program.mix_network(0, 4);
  for (const Program::Jump jump : done) program.land(jump);
  program.move(Program::R0, Program::HASH);
  program.change(BPF_RSH, Program::R0, HASH_SHIFT);
  program.end();
  return program;
}

/** Hands a program to the kernel; -1 where it takes none. */
Fd load(const Program& program) {
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insn_cnt = static_cast<uint32_t>(program.code().size());
  attributes.insns = reinterpret_cast<uintptr_t>(program.code().data());
  attributes.license = reinterpret_cast<uintptr_t>("MIT");
  return Fd(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
}

}  // namespace

void steer_flows(int fd) {
  const Fd loaded = load(steering());
  const int program = loaded.get();
  if (loaded) (void)ioctl(fd, TUNSETSTEERINGEBPF, &program);
}

void steer_no_more(int fd) {
  const int none = -1;
  (void)ioctl(fd, TUNSETSTEERINGEBPF, &none);
}

}  // namespace taploom

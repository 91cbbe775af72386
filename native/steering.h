// Which queue of a TAP a flow's frames come by. Left to itself the kernel remembers by which queue a flow's answers
// were written and lets the flow follow, in the middle of it: frames that wait in the old queue are passed by those in
// the new one. So it is given a program (eBPF, TUNSETSTEERINGEBPF) that chooses by what all frames of a flow have alike.
// Where the kernel refuses programs (before Linux 4.16, or without CAP_BPF) it goes on steering by itself.
#pragma once

namespace taploom {

/** Steers by addresses, and TCP also by ports, for all queues of the device that `fd` is one of. */
void steer_flows(int fd);

/** Lets the kernel steer by itself again. */
void steer_no_more(int fd);

}  // namespace taploom

// How a thread shares its processor with others that want it: sched_setattr(2), for the time slice of SCHED_OTHER, and
// sched_yield(2).
#pragma once

namespace taploom {

/**
 * Asks for the shortest time slices for the calling thread. Its share of the processor stays what it is; but where frames
 * wake it, it comes before whoever has longer ones (EEVDF takes the earlier deadline). Before Linux 6.12: nothing.
 */
void shorten_slice();

/** Lets whoever waits for the calling thread's processor run first. */
void give_way();

}  // namespace taploom

// How long a thread keeps its processor while others wait for it: sched_setattr(2), the time slice of SCHED_OTHER.
#pragma once

namespace taploom {

/**
 * Asks for the shortest time slices for the calling thread. Its share of the processor stays what it is; but where frames
 * wake it, it comes before whoever has longer ones (EEVDF takes the earlier deadline). Before Linux 6.12: nothing.
 */
void shorten_slice();

}  // namespace taploom

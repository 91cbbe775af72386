// Why a worker ended that nobody told to stop. Owns the wording.

/** What to say of an exception that ended a thread, in one line. */
export function whyThrown(error: unknown): string {
  if ((error as NodeJS.ErrnoException | null)?.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return "out of memory (the thread's JavaScript heap is full)";
  }
  return String(error).replace(/\s*\n\s*/g, " ");
}

/** What to say of a thread that ended without an exception. */
export function whyExited(status: number): string {
  return `its thread was ended from within, with exit status ${status}`;
}

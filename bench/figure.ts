// What a benchmark tells.

/** One figure. Delivered frames, not offered ones. */
export interface Figure {
  name: string;
  nsPerFrame: number;
  framesPerSecond: number;
  runs: number;
  /** Lowest and highest ns for a frame. */
  range: [number, number];
  note: string;
}

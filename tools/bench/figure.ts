/** A measured figure, as bench.json stores it. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** The goal as text; `null` for a figure that is only for comparison. */
  readonly goal: string | null;
  readonly met: boolean | null;
  /** The subject of the comparison, for a figure without a goal. */
  readonly beside?: string;
  /** Always true: the figure depends on the emulator on this computer, not on Cloudflare. */
  readonly local: true;
}

/** Returns a figure whose goal is at most `goal`. */
export const atMost = (value: number, unit: string, goal: number): Figure => ({
  value,
  unit,
  goal: `<= ${goal}`,
  met: value <= goal,
  local: true,
});
/** Returns a figure whose goal is at least `goal`. */
export const atLeast = (value: number, unit: string, goal: number): Figure => ({
  value,
  unit,
  goal: `>= ${goal}`,
  met: value >= goal,
  local: true,
});
/** Returns a figure without a goal, to be compared with `of`. */
export const beside = (value: number, unit: string, of: string): Figure => ({
  value,
  unit,
  goal: null,
  met: null,
  beside: of,
  local: true,
});

/** Returns the median of the values; NaN when there are none. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

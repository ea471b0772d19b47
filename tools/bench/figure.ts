/** One measured figure, as bench.json keeps it. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** `null` where the figure only stands beside another. */
  readonly goal: string | null;
  readonly met: boolean | null;
  readonly beside?: string;
  /** Set by the emulator on this machine, not by Cloudflare. */
  readonly local: true;
}

export const atMost = (value: number, unit: string, goal: number): Figure => ({
  value,
  unit,
  goal: `<= ${goal}`,
  met: value <= goal,
  local: true,
});
export const atLeast = (value: number, unit: string, goal: number): Figure => ({
  value,
  unit,
  goal: `>= ${goal}`,
  met: value >= goal,
  local: true,
});
export const beside = (value: number, unit: string, of: string): Figure => ({
  value,
  unit,
  goal: null,
  met: null,
  beside: of,
  local: true,
});

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

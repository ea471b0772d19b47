/** What the console and the plots, which are loaded apart, say to each other. */

interface PlotSeries {
  readonly label: string;
  /** The colour of the page's style that it has, such as `accent`. */
  readonly tone: string;
  readonly values: readonly number[];
}

export interface PlotData {
  /** Milliseconds since 1970 at which each bar begins. */
  readonly times: readonly number[];
  /** The later ones are drawn over the earlier ones. */
  readonly series: readonly PlotSeries[];
  /** Writes a value for people. */
  readonly shown: (value: number) => string;
}

export interface DrawnPlot {
  /** Takes the width that the page has now. */
  fit(): void;
  remove(): void;
}

interface PlotModule {
  draw(host: HTMLElement, data: PlotData): DrawnPlot;
}

/** A variable: the bundler must not look for it. */
const plotsPath: string = '/assets/plots.js';

/** Loads the library. */
export const loadPlots = async (): Promise<PlotModule> => (await import(plotsPath)) as PlotModule;

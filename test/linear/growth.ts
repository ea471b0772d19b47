/**
 * Tells how the work of a reader grows with the length of a text. It repeats atoms: first few of them, where work that
 * is exponential shows, then twice as many again and again, where work that grows with the square shows. What counts is
 * the ratio of times of one run, of the same text at two lengths, and never a time by itself.
 */

/** A function that reads text from outside, and what its texts are made of. */
export interface Reader {
  readonly name: string;
  readonly read: (text: string) => unknown;
  /** What is repeated: the reader's own characters and words. */
  readonly atoms: readonly string[];
  /** What the repeated atoms stand between, such as a prefix that makes the reader begin and a suffix that fails late. */
  readonly frames?: readonly (readonly [prefix: string, suffix: string])[];
  /** The length to begin with, in characters: where a linear part of the work hides the rest for long. */
  readonly least?: number;
  /** The greatest length to try, in characters. */
  readonly most?: number;
}

export interface Growth {
  readonly kind: 'exponential' | 'worse than linear';
  readonly reader: string;
  readonly shape: string;
  readonly length: number;
  /** How many times longer it takes for a text of twice the length. */
  readonly ratio: number;
}

/** Linear work doubles; caches, garbage and tables that grow make it a little more, and the square makes it four. */
const MOST_RATIO = 2.6;
const MOST_LENGTH = 320 * 1024;
/** At this length, too, the square of it is a time that nobody overlooks. */
const QUICK_LENGTH = 24 * 1024;
/** Shorter than this, a measurement is mostly noise. */
const LEAST_MS = 1.5;
const LEAST_LENGTH = 128;
const FEW = [12, 16, 20, 24, 28, 32, 36, 40];
/** An exponential reader at least doubles its time for four more atoms, however short the text is. */
const MOST_RATIO_OF_FEW = 2;
/**
 * How often both texts are read in each round. A growth counts when it is too great in every round. The first round is
 * cheap, since nearly every text passes it.
 */
const ROUNDS = [1, 3, 5, 7];
/** A growth so many times too great needs no further rounds. */
const CLEARLY = 1.7;
const PAUSE_MS = 100;

/**
 * Returns the growths of a reader that are too great, at most one for each frame and atom. With `isThorough` it repeats
 * every pair of atoms too, and goes up to longer texts.
 */
export async function growths({ most, ...given }: Reader, isThorough = false): Promise<Growth[]> {
  const found: Growth[] = [];
  const reader = {
    least: LEAST_LENGTH,
    ...given,
    most: Math.min(most ?? MOST_LENGTH, isThorough ? MOST_LENGTH : QUICK_LENGTH),
  };
  const { atoms } = reader;
  const repeated = isThorough ? [...atoms, ...atoms.flatMap((a) => atoms.map((b) => a + b))] : atoms;
  for (const [prefix, suffix] of [['', ''], ...(reader.frames ?? [])] as const) {
    for (const atom of repeated) {
      const text = (count: number) => prefix + atom.repeat(count) + suffix;
      const shape = `${short(prefix)}(${short(atom)})*${short(suffix)}`;
      const growth = (await growthOfFew(reader, text)) ?? (await growthOfMany(reader, text, atom.length));
      if (growth !== undefined) found.push({ ...growth, reader: reader.name, shape });
    }
  }
  return found;
}

type Found = Omit<Growth, 'reader' | 'shape'>;

async function growthOfFew(
  { read }: Pick<Reader, 'read'>,
  text: (count: number) => string,
): Promise<Found | undefined> {
  for (const [index, count] of FEW.entries()) {
    const fewer = FEW[index - 1] ?? count - 4;
    if ((await timeOf(read, text(count))) < LEAST_MS) continue;
    const ratio = await confirmed(read, text(fewer), text(count), MOST_RATIO_OF_FEW, MOST_RATIO_OF_FEW);
    // A reader that takes long for every text, such as one that computes a key, does not take longer for four atoms more.
    if (ratio !== undefined) return { kind: 'exponential', length: text(count).length, ratio };
  }
  return undefined;
}

async function growthOfMany(
  { read, least, most }: Required<Pick<Reader, 'read' | 'least' | 'most'>>,
  text: (count: number) => string,
  atomLength: number,
): Promise<Found | undefined> {
  const isLong = async (count: number) =>
    // The first time may be that of the compiler.
    (await timeOf(read, text(count))) >= LEAST_MS && (await timeOf(read, text(count))) >= LEAST_MS;
  let count = Math.max(1, Math.floor(least / atomLength));
  while (!(await isLong(count))) {
    // At this length even a short step for each pair of characters would take long, so the work is linear.
    if (count * atomLength * 2 > most) return undefined;
    count *= 2;
  }
  // Two doublings at once: what a single one adds by chance counts half.
  const ratio = await confirmed(read, text(count), text(count * 4), 4, MOST_RATIO ** 2);
  if (ratio === undefined) return undefined;
  // What grows with the square goes on doing so. A table or a heap that became too small once does not.
  const isInside = count * atomLength * 8 <= most;
  if (isInside && (await confirmed(read, text(count * 2), text(count * 8), 4, MOST_RATIO ** 2)) === undefined)
    return undefined;
  return { kind: 'worse than linear', length: text(count).length, ratio: Math.sqrt(ratio) };
}

/**
 * Returns the least ratio of several rounds when every one is too great, and else `undefined`. The shorter text is read
 * `repeats` times, so that both times are about as long: what else runs on the machine then disturbs both alike.
 */
async function confirmed(
  read: Reader['read'],
  shorter: string,
  longer: string,
  repeats: number,
  most: number,
): Promise<number | undefined> {
  let least = Number.POSITIVE_INFINITY;
  for (const times of ROUNDS) {
    let [short, long] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    // The least of several times is the one that other programs disturbed least.
    for (let time = 0; time < times; time += 1) {
      short = Math.min(short, (await timeOf(read, shorter, repeats)) / repeats);
      long = Math.min(long, await timeOf(read, longer));
    }
    least = Math.min(least, long / Math.max(short, 0.001));
    if (least <= most) return undefined;
    if (times > 3 && least > most * CLEARLY) return least;
    // What else runs on the machine comes in bursts: the next round is of another moment.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return least;
}

async function timeOf(read: Reader['read'], text: string, repeats = 1): Promise<number> {
  const started = performance.now();
  for (let time = 0; time < repeats; time += 1) {
    const outcome = read(text);
    if (outcome instanceof Promise) await outcome;
  }
  return performance.now() - started;
}

const short = (text: string): string => {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.length > 60 ? `${quoted.slice(0, 28)}…${quoted.slice(-28)}` : quoted;
};

/** Writes a config as lines of JSON, each with the layer that set it. No I/O. */
/** The name of a layer, such as `base:web`. */
type Layer = string;

export interface ConfigLine {
  readonly depth: number;
  readonly text: string;
  /** The layer that set the leaf on this line; `undefined` for a line of brackets. */
  readonly layer: Layer | undefined;
}

interface LayeredLeaf {
  readonly path: string;
  readonly layer: Layer;
}

/** Returns the lines of `config`. `leaves` name the layer of each leaf by its path (`storage.files.0.path`). */
export function configLines(config: unknown, leaves: readonly LayeredLeaf[]): ConfigLine[] {
  const layers = new Map(leaves.map(({ path, layer }) => [path, layer]));
  return linesOf(config, '', '', 0, '', layers);
}

function linesOf(
  value: unknown,
  path: string,
  name: string,
  depth: number,
  end: string,
  layers: ReadonlyMap<string, Layer>,
): ConfigLine[] {
  if (typeof value !== 'object' || value === null)
    return [{ depth, text: `${name}${JSON.stringify(value)}${end}`, layer: layers.get(path) }];
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return [{ depth, text: `${name}${open}${close}${end}`, layer: undefined }];
  return [
    { depth, text: `${name}${open}`, layer: undefined },
    ...entries.flatMap(([key, inner], index) =>
      linesOf(
        inner,
        path === '' ? key : `${path}.${key}`,
        isList ? '' : `${JSON.stringify(key)}: `,
        depth + 1,
        index === entries.length - 1 ? '' : ',',
        layers,
      ),
    ),
    { depth, text: `${close}${end}`, layer: undefined },
  ];
}

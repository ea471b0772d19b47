/** A config as lines of JSON, each with the layer that set it. No I/O. */
export type Layer = 'base' | 'user' | 'default';

export interface ConfigLine {
  readonly depth: number;
  readonly text: string;
  /** Of a leaf; `undefined` for brackets. */
  readonly layer: Layer | undefined;
}

interface Part {
  readonly path: string;
  readonly layer: Layer;
}

/** The lines of `config`; `parts` name the layer of each leaf by its path (`storage.files.0.path`). */
export function configLines(config: unknown, parts: readonly Part[]): ConfigLine[] {
  const layers = new Map(parts.map(({ path, layer }) => [path, layer]));
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

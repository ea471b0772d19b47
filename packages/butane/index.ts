/** Butane and the Container Linux Config transpiler, as a library. No I/O. */
import { transpileButane } from '../../src/butane/butane/transpile.ts';
import { transpileCt } from '../../src/butane/ct/transpile.ts';

/** What the transpiler says of one place in a config. */
export interface Entry {
  readonly severity: 'error' | 'warning' | 'info';
  readonly path: string;
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export type Transpiled =
  | { readonly ok: true; readonly config: Record<string, unknown>; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly error: string; readonly entries: readonly Entry[] };

export interface ButaneOptions {
  /** Any warning is an error. */
  readonly strict?: boolean;
}

export interface CtOptions extends ButaneOptions {
  /** For dynamic data, such as `ec2`. */
  readonly platform?: string;
}

/** Returns the Ignition config that `butane` makes of YAML with `variant: flatcar` or `fcos`. */
export function butane(text: string, { strict = false }: ButaneOptions = {}): Transpiled {
  return shown(transpileButane(text, { strict, gzip: 'plain' }));
}

/** Returns the Ignition config that `ct` makes of a Container Linux Config. */
export function ct(text: string, { strict = false, platform = '' }: CtOptions = {}): Transpiled {
  return shown(transpileCt(text, { strict, platform }));
}

function shown(made: ReturnType<typeof transpileButane>): Transpiled {
  if (made.ok) return { ok: true, config: made.value.config as Record<string, unknown>, entries: made.value.entries };
  return { ok: false, error: made.error.error, entries: made.error.entries };
}

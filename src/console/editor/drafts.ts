/**
 * Keeps what somebody has typed until it is stored: over a reload, a token that has ended, and a look at another screen. It stays in
 * this tab's sessionStorage, as the token does, because a config may hold secrets.
 */
import { useEffect, useRef, useState } from 'preact/hooks';

const PREFIX = 'flatcar-edge-draft:';
/** A pause in typing after which the text is kept. */
const PAUSE_MS = 300;

interface Draft<T> {
  readonly value: T;
  readonly etag: string | null | undefined;
}

export interface Kept<T> {
  readonly value: T;
  readonly set: (value: T) => void;
  /** The entity tag of what the value began with: a save replaces this and nothing else. */
  readonly etag: string | null | undefined;
  /** From now on the value stands for a change of what has this entity tag. */
  readonly rebase: (etag: string | null | undefined) => void;
  /** What was kept by an earlier visit and is shown now; `undefined` where nothing was. */
  readonly restored: Draft<T> | undefined;
  /** Forgets what was kept: it is stored now, or not wanted. */
  readonly forget: () => void;
}

/** Returns a value like `useState`, which begins with the draft of `name` if there is one. */
export function useDraft<T>(name: string, initial: T, etag?: string | null): Kept<T> {
  const [restored, setRestored] = useState(() => stored<T>(name, initial));
  const [value, setValue] = useState<T>(restored?.value ?? initial);
  const [began, setBegan] = useState(restored === undefined ? etag : restored.etag);
  const pending = useRef<Draft<T> | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const flush = () => {
    clearTimeout(timer.current);
    if (pending.current !== undefined) keep(name, pending.current);
    pending.current = undefined;
  };
  useEffect(() => {
    addEventListener('pagehide', flush);
    return () => {
      removeEventListener('pagehide', flush);
      flush();
    };
  }, [name]);
  return {
    value,
    restored,
    etag: began,
    rebase: setBegan,
    set: (next) => {
      setValue(next);
      pending.current = { value: next, etag: began };
      clearTimeout(timer.current);
      timer.current = setTimeout(flush, PAUSE_MS);
    },
    forget: () => {
      clearTimeout(timer.current);
      pending.current = undefined;
      sessionStorage.removeItem(PREFIX + name);
      setRestored(undefined);
    },
  };
}

function stored<T>(name: string, initial: T): Draft<T> | undefined {
  const text = sessionStorage.getItem(PREFIX + name);
  if (text === null) return undefined;
  const draft = JSON.parse(text) as Draft<T>;
  return JSON.stringify(draft.value) === JSON.stringify(initial) ? undefined : draft;
}

function keep(name: string, draft: Draft<unknown>): void {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // The storage of the tab is full: the text is still in its field.
  }
}

/**
 * Keeps what somebody has typed until it is stored: over a reload, a token that has ended, and a look at another screen. It stays in
 * this tab's sessionStorage, as the token does, because a config may hold secrets; signing out throws it away.
 */
import { useEffect, useRef, useState } from 'preact/hooks';

const PREFIX = 'flatcar-edge-draft:';
/** A pause in typing after which the text is kept. */
const PAUSE_MS = 300;

/** What a draft began with: a later save replaces this and nothing else. */
export interface Base {
  readonly etag: string | null | undefined;
  /** The text, for who compares; absent where nobody does. */
  readonly text?: string;
}

interface Draft<T> {
  readonly value: T;
  readonly base: Base;
}

export interface Kept<T> {
  readonly value: T;
  readonly set: (value: T) => void;
  readonly base: Base;
  /** From now on the value stands for a change of this. */
  readonly rebase: (base: Base) => void;
  /** What was kept by an earlier visit and is shown now; `undefined` where nothing was. */
  readonly restored: Draft<T> | undefined;
  /** Forgets what was kept: it is stored now, or not wanted. */
  readonly forget: () => void;
}

/** Returns a value like `useState`, which begins with the draft of `name` if there is one. `initial` is what is stored. */
export function useDraft<T>(name: string, initial: T, begins: Base): Kept<T> {
  const [restored, setRestored] = useState(() => stored<T>(name, initial));
  const [value, setValue] = useState<T>(restored?.value ?? initial);
  const [base, setBase] = useState<Base>(restored?.base ?? begins);
  const latest = useRef<Draft<T>>({ value, base });
  const whatIsStored = useRef(initial);
  whatIsStored.current = initial;
  const isPending = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const stop = () => {
    clearTimeout(timer.current);
    isPending.current = false;
  };
  const flush = () => {
    if (isPending.current) keep(name, latest.current, whatIsStored.current);
    stop();
  };
  const change = (draft: Draft<T>) => {
    latest.current = draft;
    isPending.current = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(flush, PAUSE_MS);
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
    base,
    set: (next) => {
      setValue(next);
      change({ ...latest.current, value: next });
    },
    rebase: (next) => {
      setBase(next);
      change({ ...latest.current, base: next });
    },
    forget: () => {
      stop();
      forgetDraft(name);
      setRestored(undefined);
    },
  };
}

/** Forgets what was typed under a name: what it was for is gone. */
export const forgetDraft = (name: string): void => sessionStorage.removeItem(PREFIX + name);

const draftNames = (): string[] => Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));

/** True while there is anything that was typed and not saved. */
export const hasDrafts = (): boolean => draftNames().length > 0;

/** Forgets all of it: the next who signs in on this tab may be somebody else. */
export const forgetDrafts = (): void => {
  for (const name of draftNames()) sessionStorage.removeItem(name);
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function stored<T>(name: string, initial: T): Draft<T> | undefined {
  const text = sessionStorage.getItem(PREFIX + name);
  if (text === null) return undefined;
  const draft = JSON.parse(text) as Draft<T>;
  if (!isSame(draft.value, initial)) return draft;
  forgetDraft(name);
  return undefined;
}

/** What is stored already is no draft. */
function keep(name: string, draft: Draft<unknown>, initial: unknown): void {
  if (isSame(draft.value, initial)) {
    forgetDraft(name);
    return;
  }
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // The storage of the tab is full: the text is still in its field.
  }
}

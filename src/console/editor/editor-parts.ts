/** What the console and its text editor, which is loaded apart, say to each other. */
import type { MarkedLine, Remark } from './marks.ts';

export interface EditorOptions {
  readonly text: string;
  readonly label: string;
  /** Absent for a text that is only shown. */
  readonly onText?: (text: string) => void;
  readonly complete?: (text: string, offset: number) => Promise<readonly { name: string; holds: string }[]>;
  readonly marks?: readonly MarkedLine[];
}

/** An editor in the page. */
export interface Mounted {
  /** Replaces the text, unless it is this one already. */
  show(text: string): void;
  mark(lines: readonly MarkedLine[]): void;
  remark(remarks: readonly Remark[]): void;
  goTo(line: number, column: number): void;
  focus(): void;
  remove(): void;
}

export interface EditorModule {
  mount(host: HTMLElement, options: EditorOptions): Mounted;
}

let loading: Promise<EditorModule> | undefined;

/** Loads the editor once. A load that failed is tried again by the next who asks. */
export function loadEditor(): Promise<EditorModule> {
  loading ??= (import(/* not in this bundle */ editorPath) as Promise<EditorModule>).catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  return loading;
}

/** A variable: the bundler must not look for it. */
const editorPath: string = '/assets/editor.js';

/**
 * The text editor of the console, loaded when a screen first shows a config. It lives in a shadow root: the page's policy forbids
 * inline styles, and a shadow root takes its rules as constructed style sheets.
 */
import { autocompletion, type CompletionContext, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension, RangeSetBuilder } from '@codemirror/state';
import {
  Decoration,
  drawSelection,
  EditorView,
  GutterMarker,
  gutter,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { EditorOptions, Mounted } from './editor-parts.ts';
import type { MarkedLine, Remark } from './marks.ts';
import { languageOf } from './place-in-text.ts';

const LANGUAGES = { json, yaml };
/** Marks a change that nobody typed. */
const byConsole = Annotation.define<boolean>();

/** The kinds of layers, and the colours that the page has for them. */
const LAYERS = new Map([
  ...['base', 'user', 'default'].map((kind) => [kind, kind] as const),
  ...['identity', 'built-in'].map((kind) => [kind, 'default'] as const),
]);

const SEVERITIES = new Map([
  ['error', 'bad'],
  ['warning', 'warn'],
  ['info', 'accent'],
]);

const theme = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--paper)', fontSize: '0.9rem', maxHeight: '70vh' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)', minHeight: '14rem' },
  '&.shown .cm-content': { minHeight: '0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--card)', color: 'var(--faint)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 8%, transparent)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent)',
  },
  '.cm-panels, .cm-tooltip': { backgroundColor: 'var(--card)', color: 'var(--ink)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-ink)' },
  '.cm-button, .cm-textfield': { font: 'inherit', color: 'var(--ink)', background: 'var(--paper)' },
  '.cm-foldPlaceholder': { background: 'var(--card)', border: '1px solid var(--line)', color: 'var(--faint)' },
  '.cm-layers': { minWidth: '7rem' },
  '.cm-layers .cm-gutterElement': { padding: '0 0.5rem', textAlign: 'left' },
  ...Object.fromEntries(
    [...LAYERS].map(([kind, colour]) => [
      `.layer-${kind}`,
      { backgroundColor: `var(--${colour}-paper)`, color: `var(--${colour}-ink)` },
    ]),
  ),
  // The library's own marks are images in the style sheet, which the page's policy forbids.
  ...Object.fromEntries(
    [...SEVERITIES].flatMap(([severity, colour]) => [
      [`.cm-lintRange-${severity}`, { backgroundImage: 'none', textDecoration: `underline wavy var(--${colour})` }],
      [
        `.cm-lint-marker-${severity}`,
        { content: 'normal', width: '0.7em', height: '0.7em', borderRadius: '50%', background: `var(--${colour})` },
      ],
    ]),
  ),
  '.line-removed': { backgroundColor: 'var(--bad-paper)' },
  '.line-added': { backgroundColor: 'var(--good-paper)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--faint)', fontStyle: 'italic' },
]);

/** Puts the editor into `host`. */
export function mount(host: HTMLElement, options: EditorOptions): Mounted {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  root.replaceChildren();
  const language = new Compartment();
  const marks = new Compartment();
  let spoken = languageOf(options.text);
  const view: EditorView = new EditorView({
    root,
    parent: root as unknown as Element,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        ...[theme, syntaxHighlighting(colours), lineNumbers(), foldGutter(), codeFolding(), drawSelection()],
        ...[bracketMatching(), highlightSelectionMatches(), EditorView.lineWrapping],
        language.of(LANGUAGES[spoken]()),
        marks.of(markedLines(options.marks ?? [])),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false' }),
        ...(options.onText === undefined ? shown : typed(options)),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          const text = update.state.doc.toString();
          const speaks = languageOf(text);
          if (speaks !== spoken) {
            spoken = speaks;
            // Not within this update: the view takes one at a time.
            queueMicrotask(() => view.dispatch({ effects: language.reconfigure(LANGUAGES[speaks]()) }));
          }
          // What the console shows it knows already.
          if (!update.transactions.some((one) => one.annotation(byConsole) === true)) options.onText?.(text);
        }),
      ],
    }),
  });
  // What was out of view was not measured: its numbers stand beside the wrong lines until it is.
  const seen = new IntersectionObserver(() => view.requestMeasure());
  const sized = new ResizeObserver(() => view.requestMeasure());
  seen.observe(host);
  sized.observe(host);
  return {
    show: (text) => {
      if (view.state.doc.toString() === text) return;
      const changes = { from: 0, to: view.state.doc.length, insert: text };
      view.dispatch({ changes, annotations: byConsole.of(true) });
    },
    mark: (lines) => view.dispatch({ effects: marks.reconfigure(markedLines(lines)) }),
    remark: (remarks) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          remarks.flatMap((one) => placed(view.state, one)),
        ),
      ),
    goTo: (line, column) => {
      const { from, to } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: Math.min(from + Math.max(column - 1, 0), to) }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    remove: () => {
      seen.disconnect();
      sized.disconnect();
      view.destroy();
    },
  };
}

/** Tab leaves the editor, as it leaves every other field: whoever has only a keyboard must get out. */
const KEYS = [...completionKeymap, ...lintKeymap, ...foldKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap];

const typed = ({ complete }: EditorOptions): Extension[] => [
  ...[history(), indentOnInput(), closeBrackets(), highlightActiveLine(), lintGutter(), keymap.of(KEYS)],
  autocompletion({ override: complete === undefined ? [] : [completionsFrom(complete)] }),
];

const shown: Extension[] = [
  EditorState.readOnly.of(true),
  EditorView.editorAttributes.of({ class: 'shown' }),
  keymap.of([...foldKeymap, ...searchKeymap, ...defaultKeymap]),
];

const completionsFrom = (complete: NonNullable<EditorOptions['complete']>) => async (context: CompletionContext) => {
  const word = context.matchBefore(/\w+/);
  if (word === null && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const found = await complete(context.state.doc.toString(), from);
  return { from, validFor: /^\w*$/, options: found.map(({ name, holds }) => ({ label: name, detail: holds })) };
};

/** A remark without a place is in the list below the editor only. */
function placed({ doc }: EditorState, { severity, message, line, column }: Remark): Diagnostic[] {
  if (line === undefined || line > doc.lines) return [];
  const { from, to, text } = doc.line(Math.max(line, 1));
  const start = Math.min(from + Math.max((column ?? 1) - 1, text.length - text.trimStart().length, 0), to);
  return [{ severity, message, from: start, to: Math.max(start, to) }];
}

class Named extends GutterMarker {
  readonly #text: string;
  constructor(text: string) {
    super();
    this.#text = text;
  }
  override eq(other: GutterMarker): boolean {
    return other instanceof Named && other.#text === this.#text;
  }
  override toDOM(): Node {
    return document.createTextNode(this.#text);
  }
}

/** Colours lines, and names the reason of each beside it: not everybody can see a colour. */
function markedLines(lines: readonly MarkedLine[]): Extension {
  if (lines.length === 0) return [];
  return [
    EditorView.decorations.compute(['doc'], ({ doc }) => {
      const builder = new RangeSetBuilder<Decoration>();
      for (const { line, kind } of lines) {
        if (line > doc.lines) break;
        const { from } = doc.line(line);
        builder.add(from, from, Decoration.line({ class: kind }));
      }
      return builder.finish();
    }),
    gutter({
      class: 'cm-layers',
      markers: ({ state: { doc } }) => {
        const builder = new RangeSetBuilder<GutterMarker>();
        for (const { line, name } of lines) {
          if (line > doc.lines) break;
          const { from } = doc.line(line);
          builder.add(from, from, new Named(name));
        }
        return builder.finish();
      },
    }),
  ];
}

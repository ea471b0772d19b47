/** A text field for a config. It is a plain field until the editor is loaded, and stays one where it cannot be. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type EditorOptions, loadEditor, type Mounted } from './editor-parts.ts';
import type { MarkedLine, Remark } from './marks.ts';

interface CodeEditorProps extends Omit<EditorOptions, 'marks'> {
  readonly remarks?: readonly Remark[];
  readonly marks?: readonly MarkedLine[];
  /** Told of the editor once it is there, so that a list of remarks can lead to their lines. */
  readonly onMounted?: (editor: Mounted | undefined) => void;
}

const NONE: readonly never[] = [];
/** Of the plain field: about as high as the editor that takes its place. */
const MOST_ROWS = 12;

/** Shows the field. The component that uses it keeps the text. */
export function CodeEditor({ remarks = NONE, marks = NONE, onMounted, ...options }: CodeEditorProps) {
  const { text, label, onText } = options;
  const host = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const [editor, setEditor] = useState<Mounted | undefined>(undefined);
  const latest = useRef(options);
  latest.current = options;
  useEffect(() => {
    let isOver = false;
    let made: Mounted | undefined;
    const start = async () => {
      const { mount } = await loadEditor();
      if (isOver || host.current === null) return;
      const hadFocus = document.activeElement === plain.current && plain.current !== null;
      const { onText: _, ...rest } = latest.current;
      // The functions of the latest rendering, not those of the first.
      const told = onText === undefined ? {} : { onText: (next: string) => latest.current.onText?.(next) };
      made = mount(host.current, { ...rest, ...told, marks });
      setEditor(made);
      onMounted?.(made);
      if (hadFocus) made.focus();
    };
    // The plain field does.
    start().catch(() => undefined);
    return () => {
      isOver = true;
      made?.remove();
      onMounted?.(undefined);
    };
  }, []);
  // In the same turn as the rendering: a letter that was typed after it must not be taken back.
  useLayoutEffect(() => editor?.show(text), [editor, text]);
  useEffect(() => editor?.remark(remarks), [editor, remarks]);
  useEffect(() => editor?.mark(marks), [editor, marks]);
  return (
    <>
      {/* Never hidden: the editor measures itself while it is made. */}
      <div ref={host} class={editor === undefined ? '' : 'code'} />
      {editor !== undefined ? null : (
        <textarea
          ref={plain}
          rows={onText === undefined ? Math.min(text.split('\n', MOST_ROWS).length, MOST_ROWS) : MOST_ROWS}
          spellcheck={false}
          autocomplete="off"
          aria-label={label}
          readOnly={onText === undefined}
          value={text}
          onInput={(event) => onText?.(event.currentTarget.value)}
        />
      )}
    </>
  );
}

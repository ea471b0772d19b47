/** Shows what is different between two texts: the lines that are gone, and those that are new, between those that stayed. */
import { useMemo } from 'preact/hooks';
import { CodeEditor } from './code-editor.tsx';
import { differences } from './differences.ts';

interface TextDiffProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** Shows the differences, or says that there is none. */
export function TextDiff({ label, before, after }: TextDiffProps) {
  const shown = useMemo(() => differences(before, after), [before, after]);
  if (shown === undefined) return <p class="notice warn">The two have too little in common to be shown as a change.</p>;
  if (shown.marks.length === 0) return <p class="notice good">They are the same.</p>;
  return <CodeEditor key={shown.text} label={label} text={shown.text} marks={shown.marks} />;
}

/** Small widgets that several screens share, such as messages, chips, questions and copy buttons. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Shows a fault. A screen reader reads it at once. */
export const Fault = ({ text }: { text: string | undefined }) =>
  text === undefined ? null : (
    <p class="notice bad" role="alert">
      {text}
    </p>
  );

interface LoadingProps {
  readonly of: { readonly value: unknown; readonly fault: string | undefined };
}

/** Says that an answer is not there yet. */
export const Loading = ({ of: { value, fault } }: LoadingProps) =>
  value === undefined && fault === undefined ? <p class="faint">Loading …</p> : null;

export type Tone = 'good' | 'warn' | 'bad' | '';

export const Chip = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`chip ${tone}`}>{children}</span>
);

/** Shows a button that copies `text`. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [label, setLabel] = useState('Copy');
  // Browsers offer the clipboard only to pages in a secure context (https).
  if (navigator.clipboard === undefined) return null;
  const copy = async () => {
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setLabel(isDone ? 'Copied' : 'Not allowed');
    setTimeout(() => setLabel('Copy'), 1500);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {label}
      <span class="seen-not"> {what}</span>
    </button>
  );
}

interface ScrollBoxProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** Lets its content scroll when it does not fit. The keyboard can reach it, and it has a name for screen readers. */
export const ScrollBox = ({ label, children }: ScrollBoxProps) => (
  <section class="scroll" tabIndex={0} aria-label={label}>
    {children}
  </section>
);

interface TableProps {
  readonly label: string;
  readonly columns: readonly string[];
  /** The rows. */
  readonly children: ComponentChildren;
}

/** Shows a table that may scroll, with the names of its columns. */
export const Table = ({ label, columns, children }: TableProps) => (
  <ScrollBox label={label}>
    <table>
      <thead>
        <tr>
          {columns.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </ScrollBox>
);

interface FoldProps {
  readonly summary: ComponentChildren;
  readonly isOpen: boolean;
  readonly children: ComponentChildren;
}

/** Shows its content while it is unfolded, and makes it no sooner. */
export function Fold({ summary, isOpen, children }: FoldProps) {
  const [isShown, setShown] = useState(isOpen);
  return (
    <details open={isShown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isShown ? children : null}
    </details>
  );
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  /** What has to be typed first: the name of something that is gone afterwards. */
  readonly typed?: string;
  /** More that the action is asked for. */
  readonly children?: ComponentChildren;
}

/** Asks before an action. Escape and the first button cancel it. */
export function Confirm({ title, text, confirm, onConfirm, onClose, typed, children }: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [given, setGiven] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={onClose}>
      <h2 id="question">{title}</h2>
      <p>{text}</p>
      {children}
      {typed === undefined ? null : <Field label={`Type ${typed} to go on`} value={given} onValue={setGiven} />}
      <div class="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class="danger"
          disabled={typed !== undefined && given.trim() !== typed}
          onClick={() => {
            onConfirm();
            dialog.current?.close();
          }}
        >
          {confirm}
        </button>
      </div>
    </dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: string;
  readonly list?: string;
  readonly disabled?: boolean;
  readonly required?: boolean;
}

/** Shows a text field of one line with its label. */
export const Field = ({ label, value, onValue, hint, ...rest }: FieldProps) => (
  <label class="field">
    <span>
      {label}
      {hint === undefined ? null : <span class="faint"> {hint}</span>}
    </span>
    <input
      {...rest}
      type="text"
      autocomplete="off"
      spellcheck={false}
      value={value}
      onInput={(event) => onValue(event.currentTarget.value)}
    />
  </label>
);

/** Shows a text field of several lines with its label. */
export const Lines = ({ label, value, onValue, hint }: Pick<FieldProps, 'label' | 'value' | 'onValue' | 'hint'>) => (
  <label class="field">
    <span>
      {label}
      {hint === undefined ? null : <span class="faint"> {hint}</span>}
    </span>
    <textarea rows={3} spellcheck={false} value={value} onInput={(event) => onValue(event.currentTarget.value)} />
  </label>
);

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [value: string, text: string])[];
  readonly onValue: (value: string) => void;
}

/** Shows a list from which the operator chooses one value. */
export const Choice = ({ label, value, choices, onValue }: ChoiceProps) => (
  <label class="field">
    <span>{label}</span>
    <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
      {choices.map(([choice, text]) => (
        <option key={choice} value={choice}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

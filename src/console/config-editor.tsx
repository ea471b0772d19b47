/** A text field for a config, with the report on it while one types. */
import { useEffect, useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { faultText, useClient } from './client.ts';
import { Choice } from './widgets.tsx';

export type Format = 'auto' | 'ct';
type Entry = CallAnswer<'validateConfig'>['entries'][number];

interface Report {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
  readonly entries: readonly Entry[];
}

interface ConfigEditorProps {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly format: Format;
  readonly onFormat: (format: Format) => void;
  readonly engine: 'ignition' | 'legacy';
  /** Here what is no Ignition config has a meaning too. */
  readonly isUserData: boolean;
}

/** Long enough that a word is finished, short enough to feel at once. */
const PAUSE_MS = 250;
/** As the service tells Butane from Ignition (a key at the margin). */
const NAMES_VARIANT = /^["']?variant["']?[ \t]*:/m;

const FORMATS = [
  ['auto', 'Ignition, Butane, cloud-config or script'],
  ['ct', 'Container Linux Config'],
] as const;

/** The field with its report; who shows it keeps the text. */
export function ConfigEditor({ label, text, onText, format, onFormat, engine, isUserData }: ConfigEditorProps) {
  const report = useReport(text, format, engine, isUserData);
  const id = label.replaceAll(' ', '-');
  return (
    <div class="editor">
      <div class="head">
        <label class="field grow" for={id}>
          <span>{label}</span>
        </label>
        <Choice
          label="Written in"
          value={format}
          choices={FORMATS}
          onValue={(value) => onFormat(value === 'ct' ? 'ct' : 'auto')}
        />
      </div>
      <textarea
        id={id}
        rows={12}
        spellcheck={false}
        autocomplete="off"
        value={text}
        aria-describedby={`${id}-report`}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <div id={`${id}-report`} class="report" role="status">
        {report === undefined ? null : (
          <>
            <p class={`notice ${report.tone}`}>{report.text}</p>
            <EntryList entries={report.entries} />
          </>
        )}
      </div>
    </div>
  );
}

interface EntryListProps {
  readonly entries: readonly (Entry & { readonly layer?: string })[];
}

/** Entries with their place in the text. */
export const EntryList = ({ entries }: EntryListProps) =>
  entries.length === 0 ? null : (
    <ul class="entries">
      {entries.map(({ severity, path, message, line, column, layer }, index) => (
        <li key={index} class={severity}>
          <b>{severity}</b> {layer === undefined ? null : <span>in {layer} </span>}
          <code>{path}</code> {message}
          {line === undefined ? null : (
            <span class="faint">
              {' '}
              line {line}, column {column}
            </span>
          )}
        </li>
      ))}
    </ul>
  );

function useReport(text: string, format: Format, engine: 'ignition' | 'legacy', isUserData: boolean) {
  const client = useClient();
  const [report, setReport] = useState<Report | undefined>(undefined);
  useEffect(() => {
    let isLate = false;
    const look = async () => {
      const made = await (format === 'ct' || NAMES_VARIANT.test(text) ? transpile() : validate());
      if (!isLate) setReport(made);
    };
    const transpile = async (): Promise<Report> => {
      const from = format === 'ct' ? 'ct' : 'butane';
      const answer = await client.call('transpileConfig', { query: { from }, body: text });
      if (answer.ok)
        return said(answer.value.entries, `Valid: ${from} that makes Ignition ${versionOf(answer.value.config)}`);
      if (answer.error.reason === 'unreachable') return { tone: 'warn', text: faultText(answer.error), entries: [] };
      return { tone: 'bad', text: answer.error.problem.detail, entries: entriesOf(answer.error.problem) };
    };
    const validate = async (): Promise<Report> => {
      const answer = await client.call('validateConfig', { query: { engine }, body: text });
      if (!answer.ok) return { tone: 'warn', text: faultText(answer.error), entries: [] };
      const { valid, version, kind, error, entries } = answer.value;
      if (valid) return said(entries, `Valid Ignition ${version ?? ''}`);
      if (isUserData && (kind === 'cloud-config' || kind === 'script'))
        return { tone: 'good', text: `A ${kind}: the machine boots the default, and can fetch this`, entries };
      return { tone: 'bad', text: error ?? 'Not valid', entries };
    };
    if (text.trim() === '') {
      setReport(undefined);
      return undefined;
    }
    const timer = setTimeout(() => void look(), PAUSE_MS);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [client, text, format, engine, isUserData]);
  return report;
}

const said = (entries: readonly Entry[], text: string): Report => ({
  tone: entries.some(({ severity }) => severity === 'warning') ? 'warn' : 'good',
  text: entries.length === 0 ? text : `${text}, with remarks`,
  entries,
});

const versionOf = (config: Record<string, unknown>): string =>
  String((config['ignition'] as { version?: unknown } | undefined)?.version ?? '');

/** The report that a refusal carries. */
export const entriesOf = (problem: Readonly<Record<string, unknown>>): readonly Entry[] =>
  Array.isArray(problem['entries']) ? (problem['entries'] as Entry[]) : [];

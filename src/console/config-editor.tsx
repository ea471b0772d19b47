/** A text field for a config, which shows the report on the config while the operator types. */
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
  /** True for user data, where a cloud-config or a script is allowed too. */
  readonly isUserData: boolean;
}

/** The report is asked for after this pause: a word is then finished, and the report still seems immediate. */
const PAUSE_MS = 250;
/** A text with this key at the start of a line is Butane. The service has the same rule. */
const NAMES_VARIANT = /^["']?variant["']?[ \t]*:/m;

const FORMATS = [
  ['auto', 'Ignition, Butane, cloud-config or script'],
  ['ct', 'Container Linux Config'],
] as const;

/** Shows the field with its report. The component that uses it keeps the text. */
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

/** Lists entries with their place in the text. */
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
    let isOutdated = false;
    const refresh = async () => {
      const newReport = await (format === 'ct' || NAMES_VARIANT.test(text) ? transpile() : validate());
      if (!isOutdated) setReport(newReport);
    };
    const transpile = async (): Promise<Report> => {
      const from = format === 'ct' ? 'ct' : 'butane';
      const answer = await client.call('transpileConfig', { query: { from, strict: '1' }, body: text });
      if (answer.ok)
        return validReport(
          answer.value.entries,
          `Valid: ${from} that makes Ignition ${versionOf(answer.value.config)}`,
        );
      if (answer.error.reason === 'unreachable') return { tone: 'warn', text: faultText(answer.error), entries: [] };
      return { tone: 'bad', text: answer.error.problem.detail, entries: entriesOf(answer.error.problem) };
    };
    const validate = async (): Promise<Report> => {
      const answer = await client.call('validateConfig', { query: { engine }, body: text });
      if (!answer.ok) return { tone: 'warn', text: faultText(answer.error), entries: [] };
      const { valid, version, kind, error, entries } = answer.value;
      if (valid) return validReport(entries, `Valid Ignition ${version ?? ''}`);
      if (isUserData && (kind === 'cloud-config' || kind === 'script'))
        return { tone: 'good', text: `A ${kind}: the machine boots the default, and can fetch this`, entries };
      return { tone: 'bad', text: error ?? 'Not valid', entries };
    };
    if (text.trim() === '') {
      setReport(undefined);
      return undefined;
    }
    const timer = setTimeout(() => void refresh(), PAUSE_MS);
    return () => {
      isOutdated = true;
      clearTimeout(timer);
    };
  }, [client, text, format, engine, isUserData]);
  return report;
}

const validReport = (entries: readonly Entry[], text: string): Report => ({
  tone: entries.some(({ severity }) => severity === 'warning') ? 'warn' : 'good',
  text: entries.length === 0 ? text : `${text}, with remarks`,
  entries,
});

const versionOf = (config: Record<string, unknown>): string =>
  String((config['ignition'] as { version?: unknown } | undefined)?.version ?? '');

/** Returns the entries of a refused call, or none. */
export const entriesOf = (problem: Readonly<Record<string, unknown>>): readonly Entry[] =>
  Array.isArray(problem['entries']) ? (problem['entries'] as Entry[]) : [];

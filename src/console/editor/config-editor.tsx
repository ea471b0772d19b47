/** An editor for a config, with the report on it while the operator types. */
import { useEffect, useState } from 'preact/hooks';
import { Choice } from '../widgets/widgets.tsx';
import { CodeEditor } from './code-editor.tsx';
import type { Mounted } from './editor-parts.ts';
import { completionsOf, reportOf } from './engine.ts';
import type { Remark } from './marks.ts';
import type { Format, Report, ReportQuery } from './report.ts';

interface ConfigEditorProps extends ReportQuery {
  readonly label: string;
  readonly onText: (text: string) => void;
  readonly onFormat: (format: Format) => void;
}

/** The report is asked for after this pause: a word is then finished, and the report still seems immediate. */
const PAUSE_MS = 250;

const FORMATS = [
  ['auto', 'Ignition, Butane, cloud-config or script'],
  ['ct', 'Container Linux Config'],
] as const;

/** Shows the editor with its report. The component that uses it keeps the text. */
export function ConfigEditor({ label, onText, onFormat, ...query }: ConfigEditorProps) {
  const report = useReport(query);
  const [editor, setEditor] = useState<Mounted | undefined>(undefined);
  return (
    <div class="editor">
      <div class="head">
        <span class="grow">{label}</span>
        <Choice
          label="Written in"
          value={query.format}
          choices={FORMATS}
          onValue={(value) => onFormat(value === 'ct' ? 'ct' : 'auto')}
        />
      </div>
      <CodeEditor
        label={label}
        text={query.text}
        onText={onText}
        complete={completionsOf}
        remarks={report?.entries ?? NONE}
        onMounted={setEditor}
      />
      <div class="report" role="status">
        {report === undefined ? null : (
          <>
            <p class={`notice ${report.tone}`}>{report.text}</p>
            <EntryList entries={report.entries} onPlace={editor?.goTo} />
          </>
        )}
      </div>
    </div>
  );
}

const NONE: readonly never[] = [];

/** A remark as the service tells it. */
interface Entry extends Remark {
  readonly path: string;
  readonly layer?: string;
}

interface EntryListProps {
  readonly entries: readonly Entry[];
  /** Leads to a place in the text; absent where the text is not shown. */
  readonly onPlace?: ((line: number, column: number) => void) | undefined;
}

/** Lists entries with their place in the text. */
export const EntryList = ({ entries, onPlace }: EntryListProps) =>
  entries.length === 0 ? null : (
    <ul class="entries">
      {entries.map(({ severity, path, message, line, column, layer }, index) => (
        <li key={index} class={severity}>
          <b>{severity}</b> {layer === undefined ? null : <span>in {layer} </span>}
          <code>{path}</code> {message}
          {line === undefined ? null : onPlace === undefined ? (
            <span class="faint">
              {' '}
              line {line}, column {column}
            </span>
          ) : (
            <button type="button" class="link" onClick={() => onPlace(line, column ?? 1)}>
              line {line}, column {column}
            </button>
          )}
        </li>
      ))}
    </ul>
  );

const UNCHECKED: Report = {
  ...{ tone: 'warn', entries: [] },
  text: 'This browser cannot check the text while you type. The service checks it when you save it.',
};

function useReport({ text, format, engine, isUserData }: ReportQuery): Report | undefined {
  const [report, setReport] = useState<Report | undefined>(undefined);
  useEffect(() => {
    let isOutdated = false;
    const refresh = async () => {
      const newReport = (await reportOf({ text, format, engine, isUserData })) ?? UNCHECKED;
      if (!isOutdated) setReport(newReport);
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
  }, [text, format, engine, isUserData]);
  return report;
}

/** Returns the entries of a refused call, or none. */
export const entriesOf = (problem: Readonly<Record<string, unknown>>): readonly Entry[] =>
  Array.isArray(problem['entries']) ? (problem['entries'] as Entry[]) : [];

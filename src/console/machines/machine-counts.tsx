/** How many machines are in each state: each number leads to its machines. */
import { useEffect, useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { faultText, useClient } from '../client/client.ts';
import { STATES } from '../widgets/state-chip.tsx';
import { Chip, Fault } from '../widgets/widgets.tsx';

type Page = CallAnswer<'countMachines'>;

export interface Counts {
  /** By state; `undefined` until the first answer. */
  readonly counts: Page['counts'] | undefined;
  /** False while more are being counted. */
  readonly isWhole: boolean;
  readonly fault: string | undefined;
}

/** A page counts 10,000 machines. */
const MOST_PAGES = 20;
const NONE: Counts = { counts: undefined, isWhole: false, fault: undefined };

/** Counts the machines once, page by page. Another number of `round` counts anew. */
export function useCounts(query: { readonly prefix?: string; readonly profile?: string }, round = 0): Counts {
  const client = useClient();
  const [counted, setCounted] = useState(NONE);
  const key = JSON.stringify(query);
  useEffect(() => {
    let isOver = false;
    const count = async () => {
      let counts: Page['counts'] | undefined;
      let cursor: string | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const next = cursor === undefined ? {} : { cursor };
        const answer = await client.call('countMachines', { query: { ...(JSON.parse(key) as object), ...next } });
        if (isOver) return;
        if (!answer.ok) return setCounted({ counts, isWhole: false, fault: faultText(answer.error) });
        counts = counts === undefined ? answer.value.counts : sumOf(counts, answer.value.counts);
        cursor = answer.value.cursor ?? undefined;
        setCounted({ counts, isWhole: cursor === undefined, fault: undefined });
        if (cursor === undefined) return;
      }
    };
    void count();
    return () => {
      isOver = true;
    };
  }, [client, key, round]);
  return counted;
}

function sumOf(a: Page['counts'], b: Page['counts']): Page['counts'] {
  const sum = { ...a };
  for (const [state] of STATES) sum[state] += b[state];
  return sum;
}

interface MachineCountsProps {
  readonly counted: Counts;
  readonly addressOf: (state: string) => string;
}

/** Shows the numbers. */
export function MachineCounts({ counted: { counts, isWhole, fault }, addressOf }: MachineCountsProps) {
  // Where nothing is counted, the list says the same.
  if (counts === undefined) return null;
  const all = STATES.reduce((sum, [state]) => sum + counts[state], 0);
  const number = (value: number) => value.toLocaleString('en');
  return (
    <>
      <Fault text={fault} />
      <p class="row">
        <span>
          {number(all)}
          {isWhole ? '' : ' or more'} {all === 1 ? 'machine' : 'machines'}
          {all === 0 ? '.' : ':'}
        </span>
        {STATES.filter(([state]) => counts[state] > 0).map(([state, meaning, tone]) => (
          <a key={state} href={addressOf(state)} title={meaning}>
            <Chip tone={tone}>
              {number(counts[state])} {state}
            </Chip>
          </a>
        ))}
      </p>
    </>
  );
}

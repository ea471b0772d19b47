/** Calls the API from the page, and gives components the state of a call: its answer, its fault, whether it runs. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  type ApiClient,
  apiClient,
  type CallAnswer,
  type CallFault,
  type CallInput,
  type CallName,
  type CallOutcome,
  type CallTable,
} from '../../api/api-client.ts';

/** The table of calls. The build inserts it from the contract (`api/contract`). */
declare const CALLS: CallTable;

/** Returns a client of the API that calls `signOut` when the service refuses the token with 401. */
export function pageClient(token: string, signOut: (why: string) => void): ApiClient {
  const client = apiClient(CALLS, { url: '', token, send: (url, init) => fetch(url, { ...init, cache: 'no-store' }) });
  return {
    call: async <N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutcome<CallAnswer<N>>> => {
      const answer = await client.call(name, input);
      if (!answer.ok && answer.error.reason === 'refused' && answer.error.status === 401) {
        signOut('The token is not accepted.');
      }
      return answer;
    },
  };
}

export const Client = createContext<ApiClient>({
  call: async () => ({ ok: false, error: { reason: 'unreachable', detail: 'not signed in' } }),
});

/** True for a write that was refused because somebody else has written meanwhile, or because it exists already. */
export const isOvertaken = (fault: CallFault | undefined): boolean =>
  fault?.reason === 'refused' && fault.status === 412;

export const useClient = (): ApiClient => useContext(Client);

/** Returns a fault as one sentence for the operator. */
export const faultText = (fault: CallFault): string =>
  fault.reason === 'refused'
    ? `${fault.problem.detail} (${fault.status})`
    : `The service cannot be reached: ${fault.detail.replace(/^the service cannot be reached: /, '')}`;

/** The gate names files, machines, or both; other conflicts name neither. */
function gateSays(fault: CallFault): string | undefined {
  if (fault.reason !== 'refused' || fault.status !== 409) return undefined;
  const { problem } = fault;
  return 'causes' in problem || 'files' in problem ? problem.detail.replace(/; nothing was changed.*/, '') : undefined;
}

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly fault: string | undefined;
  /** The status with which the service refused the latest call; `undefined` where it did not. */
  readonly refused: number | undefined;
  /** The entity tag of the latest answer: a write sends it, so that it replaces nothing which nobody here has seen. */
  readonly etag: string | undefined;
  readonly reload: () => Promise<void>;
}

/**
 * Makes a call and returns its latest answer. With `seconds` above 0 it repeats the call after each such pause.
 * The last answer stays while the next call runs.
 */
export function useAnswer<N extends CallName>(name: N, input: CallInput<N>, seconds = 0): Loaded<CallAnswer<N>> {
  const client = useClient();
  const [latest, setLatest] = useState<{ value: CallAnswer<N>; etag: string | undefined } | undefined>(undefined);
  const [fault, setFault] = useState<CallFault | undefined>(undefined);
  const lastStarted = useRef(0);
  const lastApplied = useRef(0);
  // Each rendering makes a new input object, so its text tells whether the input has changed.
  const key = JSON.stringify(input);
  const reload = useCallback(async () => {
    lastStarted.current += 1;
    const turn = lastStarted.current;
    const answer = await client.call(name, JSON.parse(key) as CallInput<N>);
    // An older answer must not replace a newer one.
    if (turn < lastApplied.current) return;
    lastApplied.current = turn;
    setFault(answer.ok ? undefined : answer.error);
    if (answer.ok) setLatest({ value: answer.value, etag: answer.etag });
  }, [client, name, key]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    // The pause begins after the answer, so that a slow service gets fewer calls.
    const repeat = async () => {
      await reload();
      if (!isOver && seconds > 0) timer = setTimeout(() => void repeat(), seconds * 1000);
    };
    void repeat();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [reload, seconds]);
  const refused = fault?.reason === 'refused' ? fault.status : undefined;
  const said = fault === undefined ? undefined : faultText(fault);
  return { value: latest?.value, etag: latest?.etag, fault: said, refused, reload };
}

export interface Action {
  readonly isBusy: boolean;
  readonly fault: string | undefined;
  /** The refusal itself, for screens that can say more than its sentence. */
  readonly refusal: CallFault | undefined;
  /** The entity tag of the latest answer; `undefined` where it had none. */
  lastEtag(): string | undefined;
  /** Forgets the refusal: what was said of an earlier input says nothing of this one. */
  forget(): void;
  /** Makes a call and returns its answer. After a failure it returns `undefined`, and `fault` holds the message. */
  run<N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N> | undefined>;
  /** Does the same, and returns what the gate says where it refuses: the caller asks whether it is to be overruled. */
  runGated<N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N> | GateRefusal | undefined>;
}

/** What the gate says against a change of a name. */
interface GateRefusal {
  readonly wouldBreak: string;
}

/** Returns a call that the operator starts, with its state. */
export function useAction(): Action {
  const client = useClient();
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<CallFault | undefined>(undefined);
  const tag = useRef<string | undefined>(undefined);
  const run = async <N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N> | undefined> => {
    setBusy(true);
    const answer = await client.call(name, input);
    setBusy(false);
    tag.current = answer.ok ? answer.etag : undefined;
    setRefusal(answer.ok ? undefined : answer.error);
    return answer.ok ? answer.value : undefined;
  };
  const runGated = async <N extends CallName>(
    name: N,
    input: CallInput<N>,
  ): Promise<CallAnswer<N> | GateRefusal | undefined> => {
    setBusy(true);
    const answer = await client.call(name, input);
    setBusy(false);
    const wouldBreak = answer.ok ? undefined : gateSays(answer.error);
    setRefusal(answer.ok || wouldBreak !== undefined ? undefined : answer.error);
    if (wouldBreak !== undefined) return { wouldBreak };
    return answer.ok ? answer.value : undefined;
  };
  const forget = () => setRefusal(undefined);
  const lastEtag = () => tag.current;
  return {
    isBusy,
    forget,
    lastEtag,
    fault: refusal === undefined ? undefined : faultText(refusal),
    refusal,
    run,
    runGated,
  };
}

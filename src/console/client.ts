/** Calls of the API from the page, and what a component shows while they are under way. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  type ApiClient,
  apiClient,
  type CallAnswer,
  type CallFault,
  type CallInput,
  type CallName,
  type CallTable,
} from '../api/api-client.ts';
import type { Result } from '../shared/result.ts';

/** Put in by the build, from the contract. */
declare const CALLS: CallTable;

/** A client that tells `signOut` when the token is not accepted any more. */
export function pageClient(token: string, signOut: (why: string) => void): ApiClient {
  const client = apiClient(CALLS, { url: '', token, send: (url, init) => fetch(url, { ...init, cache: 'no-store' }) });
  return {
    call: async <N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallAnswer<N>, CallFault>> => {
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

export const useClient = (): ApiClient => useContext(Client);

/** One sentence for the operator. */
export const faultText = (fault: CallFault): string =>
  fault.reason === 'refused'
    ? `${fault.problem.detail} (${fault.status})`
    : `The service cannot be reached: ${fault.detail}`;

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly fault: string | undefined;
  readonly reload: () => Promise<void>;
}

/** What a call answers, again every `seconds` while that is above 0. The last answer stays while the next is under way. */
export function useAnswer<N extends CallName>(name: N, input: CallInput<N>, seconds = 0): Loaded<CallAnswer<N>> {
  const client = useClient();
  const [value, setValue] = useState<CallAnswer<N> | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const latest = useRef(0);
  const applied = useRef(0);
  // What is input is made anew at every rendering; its text tells whether it is the same.
  const key = JSON.stringify(input);
  const reload = useCallback(async () => {
    latest.current += 1;
    const turn = latest.current;
    const answer = await client.call(name, JSON.parse(key) as CallInput<N>);
    // An older answer must not replace a newer one.
    if (turn < applied.current) return;
    applied.current = turn;
    setFault(answer.ok ? undefined : faultText(answer.error));
    if (answer.ok) setValue(answer.value);
  }, [client, name, key]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    // The next call waits for the answer: a slow service is input less, and is not left without an answer that counts.
    const turn = async () => {
      await reload();
      if (!isOver && seconds > 0) timer = setTimeout(() => void turn(), seconds * 1000);
    };
    void turn();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [reload, seconds]);
  return { value, fault, reload };
}

export interface Action {
  readonly isBusy: boolean;
  readonly fault: string | undefined;
  /** Gives the answer, or `undefined` after a refusal, which `fault` then tells. */
  run<N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N> | undefined>;
}

/** One call at a time on the operator's word. */
export function useAction(): Action {
  const client = useClient();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const run = async <N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N> | undefined> => {
    setBusy(true);
    const answer = await client.call(name, input);
    setBusy(false);
    setFault(answer.ok ? undefined : faultText(answer.error));
    return answer.ok ? answer.value : undefined;
  };
  return { isBusy, fault, run };
}

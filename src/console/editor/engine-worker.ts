/** Runs the engines beside the page, so that a large config never holds up what somebody types. */

import type { Answer, Asked } from './engine.ts';
import { completionsAt, reportOn } from './report.ts';

/** As much of a dedicated worker's scope as is used; the DOM's own types are those of a page. */
interface Scope {
  addEventListener(type: 'message', listener: (event: MessageEvent<Asked>) => void): void;
  postMessage(answer: Answer): void;
}

const scope = globalThis as unknown as Scope;

scope.addEventListener('message', ({ data }) => {
  const value = data.what === 'report' ? reportOn(data.query) : completionsAt(data.text, data.offset);
  scope.postMessage({ id: data.id, value });
});

/** Shows on the way how a long work gets on: a bar for a person, a line at each change for a log. */
import type { Terminal } from './terminal.ts';

const WIDTH = 30;

/** Returns a bar such as `[=======>      ] 42 %`. `share` is from 0 to 1. */
export function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
  const head = filled > 0 && filled < WIDTH ? '>' : '';
  const body = '='.repeat(Math.max(0, filled - head.length));
  return `[${(body + head).padEnd(WIDTH)}] ${Math.floor(share * 100)} %`;
}

/** Returns a function that shows a line in the place of the one before, and one that ends the line. */
export function progress({ tell, isInteractive }: Terminal): {
  readonly show: (line: string) => void;
  readonly end: () => void;
} {
  let last = '';
  return {
    show: (line) => {
      if (line === last) return;
      if (isInteractive) tell(`\r${line.padEnd(last.length)}`);
      else tell(`${line}\n`);
      last = line;
    },
    end: () => {
      if (isInteractive && last !== '') tell('\n');
      last = '';
    },
  };
}

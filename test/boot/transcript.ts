/** Keeps what a boot showed, for docs/boot-transcript.md: where TRANSCRIPT says, as `npm run boot` does. */
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** True for what is shown; colours and moves of the cursor are taken out before. */
const isShown = (character: string): boolean => character === '\n' || character >= ' ';

/** Writes the lines of the serial port and the files of the disk. */
export function keepTranscript(serial: string, disk: Readonly<Record<string, string>>): void {
  const path = process.env['TRANSCRIPT'];
  if (path === undefined) return;
  const lines = [...stripVTControlCharacters(serial.replaceAll('\r', '\n'))]
    .filter(isShown)
    .join('')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const files = Object.entries(disk).map(([name, text]) => `${name}: ${text}`);
  writeFileSync(path, [...lines, '', 'on the disk:', ...files, ''].join('\n'));
}

/** Finds where in a config a cursor stands, for completion. It reads a text that is only half written. No I/O. */

/** What the text is written in. */
export type Language = 'json' | 'yaml';

/** Returns the language of a config: JSON begins with a brace, and a tar or a script is shown as it is. */
export const languageOf = (text: string): Language => (/^\s*[{[]/.test(text.slice(0, 1000)) ? 'json' : 'yaml');

/** Returns the names of the fields that `offset` lies in, outermost first. Lists have no name. */
export const pathAt = (text: string, offset: number, language: Language): string[] =>
  language === 'json' ? jsonPath(text, offset) : yamlPath(text, offset);

/** One pass over the text before the cursor, which knows strings from the rest. */
function jsonPath(text: string, offset: number): string[] {
  const open: { readonly isList: boolean; key: string | undefined }[] = [];
  let at = 0;
  let lastString = '';
  while (at < offset) {
    const character = text[at];
    if (character === '"') {
      const end = stringEnd(text, at, offset);
      lastString = text.slice(at + 1, end);
      at = end + 1;
      continue;
    }
    const inner = open.at(-1);
    if (character === '{' || character === '[') open.push({ isList: character === '[', key: undefined });
    else if (character === '}' || character === ']') open.pop();
    else if (character === ':' && inner !== undefined) inner.key = lastString;
    else if (character === ',' && inner !== undefined && !inner.isList) inner.key = undefined;
    at += 1;
  }
  return open.flatMap(({ key }) => (key === undefined ? [] : [key]));
}

function stringEnd(text: string, start: number, offset: number): number {
  let at = start + 1;
  while (at < offset && text[at] !== '"' && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Goes up from the line of the cursor: each line that is less indented names what the ones below it lie in. */
function yamlPath(text: string, offset: number): string[] {
  const lines = text.slice(0, offset).split('\n');
  const path: string[] = [];
  let depth = depthOf(lines.pop() ?? '');
  for (let at = lines.length - 1; at >= 0 && depth > 0; at -= 1) {
    const line = lines[at] ?? '';
    const { key, indent, isEmpty } = keyOf(line);
    if (isEmpty || indent >= depth) continue;
    if (key !== undefined) path.unshift(key);
    depth = dashOf(line) ?? indent;
  }
  return path;
}

/** Columns before what a line says, the dashes of a list among them. */
const depthOf = (line: string): number => /^[ -]*/.exec(line)?.[0].length ?? 0;
/** The column of the dash with which the line begins an item. */
const dashOf = (line: string): number | undefined => {
  const at = line.search(/\S/);
  return at >= 0 && line.startsWith('- ', at) ? at : undefined;
};

function keyOf(line: string) {
  const indent = depthOf(line);
  const said = line.slice(indent);
  const key = /^"?([A-Za-z_]\w*)"?\s*:/.exec(said)?.[1];
  return { key, indent, isEmpty: said.trim() === '' || said.startsWith('#') };
}

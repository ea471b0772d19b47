/** Shows the layers on the left and the composed config on the right. Each line has the colour of its layer. */

import { useMemo } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { CodeEditor } from '../editor/code-editor.tsx';
import { EntryList } from '../editor/config-editor.tsx';
import type { MarkedLine } from '../editor/marks.ts';
import { Fold } from '../widgets/widgets.tsx';
import { configLines } from './config-lines.ts';

type Explained = CallAnswer<'explainMachine'>;

/** Shows the layers and the composed config. The layers that the config uses are unfolded. */
export function MergeView({ explained }: { explained: Explained }) {
  const { layers, config, parts, entries, version } = explained;
  const usedLayers = new Set(parts.map(({ layer }) => layer));
  // A large config is written once, not at each look at the machine's boots.
  const merged = useMemo(() => mergedText(config, parts), [config, parts]);
  const names = Object.keys(layers);
  // What this service adds by itself is no text of an operator's.
  const added = [...usedLayers].filter((layer) => !names.includes(layer));
  return (
    <>
      <p class="legend">
        {[...names, ...added].map((layer) => (
          <span key={layer} class={`layer ${kindOf(layer)}`}>
            {layer}
          </span>
        ))}
        <span class="faint">Ignition {version}</span>
      </p>
      <EntryList entries={entries} />
      <div class="merge">
        <div>
          {names.map((layer) => (
            <Fold
              key={layer}
              isOpen={layers[layer] !== null && usedLayers.has(layer)}
              summary={
                <>
                  <span class={`layer ${kindOf(layer)}`}>{layer}</span>{' '}
                  {layers[layer] === null ? 'none' : usedLayers.has(layer) ? '' : 'not used for this machine'}
                </>
              }
            >
              {layers[layer] === null ? null : <Text label={`Text of ${layer}`} text={layers[layer] ?? ''} />}
            </Fold>
          ))}
        </div>
        <CodeEditor label="Merged config" text={merged.text} marks={merged.marks} />
      </div>
    </>
  );
}

const Text = ({ label, text }: { label: string; text: string }) => {
  const shown = useMemo(() => readable(text), [text]);
  return <CodeEditor label={label} text={shown} />;
};

/** Returns the text of the merged config, with the layer of each of its lines. */
function mergedText(config: unknown, parts: Explained['parts']) {
  const lines = configLines(config, parts);
  const marks = lines.flatMap(({ layer }, index): MarkedLine[] =>
    layer === undefined ? [] : [{ line: index + 1, kind: `layer-${kindOf(layer)}`, name: layer }],
  );
  return { text: lines.map(({ depth, text }) => `${'  '.repeat(depth)}${text}`).join('\n'), marks };
}

/** Returns JSON with indentation, and any other text unchanged. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Returns the kind of a layer, by which it has its colour: `base` of `base:web`. */
const kindOf = (layer: string): string => layer.split(':')[0] ?? '';

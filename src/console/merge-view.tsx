/** Shows the layers on the left and the composed config on the right. Each line has the colour of its layer. */
import type { CallAnswer } from '../api/api-client.ts';
import { EntryList } from './config-editor.tsx';
import { type ConfigLine, configLines } from './config-lines.ts';
import { ScrollBox } from './widgets.tsx';

type Explained = CallAnswer<'explainMachine'>;

/** Shows the layers and the composed config. The layers that the config uses are unfolded. */
export function MergeView({ explained }: { explained: Explained }) {
  const { layers, config, parts, entries, version } = explained;
  const usedLayers = new Set(parts.map(({ layer }) => layer));
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
            <details key={layer} open={layers[layer] !== null && usedLayers.has(layer)}>
              <summary>
                <span class={`layer ${kindOf(layer)}`}>{layer}</span>{' '}
                {layers[layer] === null ? 'none' : usedLayers.has(layer) ? '' : 'not used for this machine'}
              </summary>
              {layers[layer] === null ? null : (
                <ScrollBox label={`Text of ${layer}`}>
                  <pre>
                    <code>{readable(layers[layer] ?? '')}</code>
                  </pre>
                </ScrollBox>
              )}
            </details>
          ))}
        </div>
        <ScrollBox label="Merged config">
          <pre>
            <code>
              {configLines(config, parts).map((line, index) => (
                <Line key={index} line={line} />
              ))}
            </code>
          </pre>
        </ScrollBox>
      </div>
    </>
  );
}

/** Shows a line with the name of its layer, because not everybody can see the colour. */
const Line = ({ line: { depth, text, layer } }: { line: ConfigLine }) => (
  <span class={`line ${layer === undefined ? '' : `layer ${kindOf(layer)}`}`}>
    {'  '.repeat(depth)}
    {text}
    {layer === undefined ? null : <span class="mark"> {layer}</span>}
    {'\n'}
  </span>
);

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

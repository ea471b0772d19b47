/** Shows what the next boot changes: the config that the machine got last, beside the one that it would get now. */
import { useMemo } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { TextDiff } from '../editor/text-diff.tsx';
import { When } from '../widgets/when.tsx';
import { Fault } from '../widgets/widgets.tsx';

interface SinceLastBootProps {
  readonly id: string;
  readonly explained: CallAnswer<'explainMachine'>;
  /** The digest of the last boot: when it changes, the kept config has changed too. */
  readonly lastDigest: string | undefined;
}

/** Shows the differences, or that there are none; nothing for a machine that has not booted. */
export function SinceLastBoot({ id, explained, lastDigest }: SinceLastBootProps) {
  const { value, fault } = useAnswer('getBootedConfig', { params: { id } });
  const isOld = value !== undefined && lastDigest !== undefined && value.sha512 !== lastDigest;
  const before = useMemo(() => readable(value?.config), [value?.sha512]);
  const after = useMemo(() => readable(explained.config), [explained.sha512, explained.config]);
  return (
    <>
      <h2>What the next boot changes</h2>
      {value === undefined ? (
        fault?.includes('(404)') ? (
          <p>It has not got a config yet.</p>
        ) : (
          <Fault text={fault} />
        )
      ) : (
        <>
          <p class="faint">
            It first got its last config <When at={value.at} />, of generation {value.generation}.
            {isOld ? ' A newer boot is still being written down.' : ''}
          </p>
          <TextDiff label="Difference to its last boot" before={before} after={after} />
        </>
      )}
    </>
  );
}

const readable = (config: unknown): string => (config === undefined ? '' : JSON.stringify(config, null, 2));

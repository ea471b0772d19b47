/** Shows what the next boot changes: the config that the machine got last, beside the one that it would get now. */
import { useMemo } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { TextDiff } from '../editor/text-diff.tsx';
import { jsonText } from '../widgets/show.ts';
import { When } from '../widgets/when.tsx';
import { Fault } from '../widgets/widgets.tsx';

interface SinceLastBootProps {
  readonly id: string;
  readonly explained: CallAnswer<'explainMachine'>;
}

/** Shows the differences, or that there are none. It is for a machine that has asked: of others nothing is kept. */
export function SinceLastBoot({ id, explained }: SinceLastBootProps) {
  const { value, fault, refused } = useAnswer('getBootedConfig', { params: { id } });
  const before = useMemo(() => jsonText(value?.config), [value?.sha512]);
  const after = useMemo(() => jsonText(explained.config), [explained.config]);
  if (refused === 404) return <p>The config of its last boot was not kept.</p>;
  if (value === undefined) return <Fault text={fault} />;
  return (
    <>
      <p class="faint">
        It first got its last config <When at={value.at} />, of generation {value.generation}.
      </p>
      <TextDiff label="Difference to its last boot" before={before} after={after} />
    </>
  );
}

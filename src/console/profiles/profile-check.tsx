/** Follows the check of a change on all machines of a profile. */
import { useEffect } from 'preact/hooks';
import { useAnswer } from '../client/client.ts';
import { Fault } from '../widgets/widgets.tsx';
import { Breaks } from './breaks.tsx';

interface CheckProgressProps {
  readonly profile: string;
  readonly change: string;
  readonly onEnded: () => Promise<void>;
}

const TEXTS = {
  checking: 'The machines are being looked at',
  stored: 'The change is stored',
  refused: 'The change is not stored: machines would not boot any more',
  failed: 'The change is not stored',
  cancelled: 'The change was cancelled',
} as const;

/** Shows how far the check has come, until it has ended. */
export function CheckProgress({ profile, change, onEnded }: CheckProgressProps) {
  const { value, fault } = useAnswer('getProfileChange', { params: { name: profile, change } }, 2);
  const hasEnded = value !== undefined && value.state !== 'checking';
  useEffect(() => {
    if (hasEnded) void onEnded();
  }, [hasEnded, onEnded]);
  return (
    <div role="status">
      <Fault text={fault} />
      {value === undefined ? null : (
        <>
          <p class={`notice ${value.state === 'refused' || value.state === 'failed' ? 'bad' : 'good'}`}>
            {TEXTS[value.state]}: {value.checked} looked at, {value.broken} would break.{' '}
            {value.state === 'checking' ? '' : value.detail}
          </p>
          <Breaks breaks={value.breaks} />
        </>
      )}
    </div>
  );
}

/** A form that makes something new under a name, and never takes the place of what has that name. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type Action, isOvertaken } from '../client/client.ts';
import { Fault, Field } from './widgets.tsx';

interface NewFormProps {
  /** What is made, such as `fleet`. */
  readonly what: string;
  readonly button: string;
  readonly action: Action;
  /** What to do where there is one of this name. */
  readonly taken: string;
  readonly isReady?: boolean;
  /** Returns true when it was made. */
  readonly onMake: (name: string) => Promise<boolean>;
  readonly children?: ComponentChildren;
}

/** Shows the field for the name, what else there is to say, and the refusal. */
export function NewForm({ what, button, action, taken, isReady = true, onMake, children }: NewFormProps) {
  const [name, setName] = useState('');
  const make = async () => {
    if (await onMake(name.trim())) setName('');
  };
  return (
    <form
      class="panel"
      aria-label={`New ${what}`}
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div class="fields">
        <Field
          label="Name"
          value={name}
          onValue={(text) => {
            setName(text);
            action.forget();
          }}
          required
        />
        {children}
        <button type="submit" class="primary" disabled={action.isBusy || !isReady}>
          {button}
        </button>
      </div>
      <Fault text={isOvertaken(action.refusal) ? `${name.trim()} exists already: ${taken}.` : action.fault} />
    </form>
  );
}

/** Asks for the operator token, and tries it with a call before it shows the screens. */
import { useState } from 'preact/hooks';
import { faultText, pageClient } from './client/client.ts';
import { keepToken } from './client/session.ts';
import { Fault } from './widgets/widgets.tsx';

interface SignInProps {
  readonly why: string | undefined;
  readonly onToken: (token: string) => void;
}

/** Shows the form. `why` is the reason why the last session ended. */
export function SignIn({ why, onToken }: SignInProps) {
  const [token, setToken] = useState('');
  const [keeps, setKeeps] = useState(false);
  const [fault, setFault] = useState(why);
  const [isBusy, setBusy] = useState(false);
  const enter = async () => {
    setBusy(true);
    const trimmed = token.trim();
    const answer = await pageClient(trimmed, () => undefined).call('getCaller', {});
    setBusy(false);
    if (!answer.ok) {
      const isRefused = answer.error.reason === 'refused' && answer.error.status === 401;
      setFault(isRefused ? 'The token is not accepted.' : faultText(answer.error));
      return;
    }
    if (keeps) keepToken(trimmed);
    onToken(trimmed);
  };
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      <h1>Console</h1>
      <p>
        Enter the operator token, or a token that was made for you. It stays in this tab and is sent to this host alone.
      </p>
      <Fault text={fault} />
      <label class="field">
        <span>Token</span>
        <input
          type="password"
          autocomplete="off"
          required
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <label class="tick">
        <input type="checkbox" checked={keeps} onChange={(event) => setKeeps(event.currentTarget.checked)} />
        Keep it until this tab is closed
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        Sign in
      </button>
    </form>
  );
}

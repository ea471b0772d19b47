/** The console in the browser: the sign-in, then the screen that the fragment of the address names. */
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { AuditScreen } from './access/audit-screen.tsx';
import { TokensScreen } from './access/tokens-screen.tsx';
import { AnnouncementsScreen } from './announcements/announcements-screen.tsx';
import { Client, pageClient } from './client/client.ts';
import { forgetToken, keptToken } from './client/session.ts';
import { forgetDrafts, hasDrafts } from './editor/drafts.ts';
import { FleetsScreen } from './fleets/fleets-screen.tsx';
import { MachineScreen } from './machines/machine-screen.tsx';
import { MachinesScreen } from './machines/machines-screen.tsx';
import { OverviewScreen } from './overview/overview-screen.tsx';
import { ProfilesScreen } from './profiles/profiles-screen.tsx';
import { JobsScreen } from './releases/jobs-screen.tsx';
import { ReleasesScreen } from './releases/releases-screen.tsx';
import { SignIn } from './sign-in.tsx';
import { Confirm } from './widgets/widgets.tsx';

const SCREENS = [
  ['overview', 'Overview'],
  ['jobs', 'Mirror jobs'],
  ['releases', 'Releases'],
  ['machines', 'Machines'],
  ['profiles', 'Profiles'],
  ['fleets', 'Fleets'],
  ['tokens', 'Tokens'],
  ['announcements', 'Announcements'],
  ['audit', 'Audit'],
] as const;

function Screen({ address }: { address: string }) {
  const [path = '', filter = ''] = address.split('?', 2);
  const [screen, ...rest] = path.split('/');
  const name = decoded(rest.join('/'));
  if (screen === 'releases') return <ReleasesScreen />;
  if (screen === 'audit') return <AuditScreen />;
  if (screen === 'tokens') return <TokensScreen />;
  if (screen === 'announcements') return <AnnouncementsScreen />;
  if (screen === 'fleets') return <FleetsScreen named={name} />;
  if (screen === 'profiles') return <ProfilesScreen named={name} />;
  if (screen === 'machines')
    return name === '' ? <MachinesScreen filter={filter} /> : <MachineScreen id={name} key={name} />;
  if (screen === 'jobs') return <JobsScreen />;
  if (screen === 'overview') return <OverviewScreen />;
  return <p class="notice warn">There is no such screen: choose one above.</p>;
}

/** Decodes a name in the address. An address that somebody typed may be badly encoded; then the text stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const currentAddress = (): string => location.hash.replace(/^#\/?/, '') || 'overview';

function Console() {
  const [token, setToken] = useState(keptToken);
  const [why, setWhy] = useState<string | undefined>(undefined);
  const [address, setAddress] = useState(currentAddress);
  const [isLeaving, setLeaving] = useState(false);
  useEffect(() => {
    const moved = () => setAddress(currentAddress());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const client = useMemo(() => {
    const signOut = (reason: string) => {
      forgetToken();
      setWhy(reason);
      setToken(undefined);
    };
    return token === undefined ? undefined : pageClient(token, signOut);
  }, [token]);
  if (client === undefined) return <SignIn why={why} onToken={setToken} />;
  const leave = () => {
    forgetDrafts();
    setLeaving(false);
    forgetToken();
    setWhy(undefined);
    setToken(undefined);
  };
  return (
    <Client.Provider value={client}>
      <div class="console-bar">
        <nav class="tabs" aria-label="Screens">
          {SCREENS.map(([name, text]) => (
            <a key={name} href={`#/${name}`} aria-current={address.split(/[/?]/)[0] === name ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <button type="button" onClick={() => (hasDrafts() ? setLeaving(true) : leave())}>
          Sign out
        </button>
      </div>
      {isLeaving ? (
        <Confirm
          title="Sign out?"
          text="What you typed and have not saved is thrown away."
          confirm="Sign out"
          onConfirm={leave}
          onClose={() => setLeaving(false)}
        />
      ) : null}
      <Screen address={address} />
    </Client.Provider>
  );
}

const root = document.getElementById('console');
if (root) {
  root.replaceChildren();
  render(<Console />, root);
}

import './no-code-from-text.js';
import { StrictMode, useCallback, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Api, isSetupRequired } from './api.js';
import { FirstUser } from './first-user.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';
import './style.css';

function Dashboard() {
  const [api, setApi] = useState<Api>();
  const [notice, setNotice] = useState<string>();
  const [isLooking, setIsLooking] = useState(true);
  const [needsFirstUser, setNeedsFirstUser] = useState(false);
  const onSignedOut = useCallback(() => {
    setNotice('Your session has ended. Please sign in again.');
    setApi(undefined);
  }, []);
  const signOut = useCallback(() => {
    setNotice(undefined);
    setApi(undefined);
    api
      ?.signOut()
      .catch((error: unknown) =>
        setNotice(`${(error as Error).message} This page has forgotten your session, but the server has not ended it.`),
      );
  }, [api]);
  // A page that was reloaded goes on where it was.
  useEffect(() => {
    Api.resume(onSignedOut)
      .then(async (resumed) => {
        setApi(resumed);
        if (!resumed) setNeedsFirstUser(await isSetupRequired());
      })
      .catch((error: unknown) => setNotice((error as Error).message))
      .finally(() => setIsLooking(false));
  }, [onSignedOut]);
  if (isLooking) return <main className="sign-in" aria-busy="true" />;
  if (api) return <Shell api={api} onSignOut={signOut} />;
  if (needsFirstUser) {
    const onMade = () => {
      setNeedsFirstUser(false);
      setNotice('The first user is there. Please sign in.');
    };
    return <FirstUser onMade={onMade} />;
  }
  return <SignIn notice={notice} onSignedIn={setApi} onSignedOut={onSignedOut} />;
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Dashboard />
    </StrictMode>,
  );
}

import { StrictMode, useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import type { Api } from './api.js';
import { SignIn } from './sign-in.js';
import './style.css';
import { Watch } from './watch.js';

// The content policy of the page forbids code made from text, which zod would otherwise try.
z.config({ jitless: true });

function Dashboard() {
  const [api, setApi] = useState<Api>();
  const [notice, setNotice] = useState<string>();
  const onSignedOut = useCallback(() => {
    setNotice('Your session has ended. Please sign in again.');
    setApi(undefined);
  }, []);
  const signOut = useCallback(() => {
    setNotice(undefined);
    setApi(undefined);
  }, []);
  return api ? <Watch api={api} onSignOut={signOut} /> : <SignIn notice={notice} onSignedIn={setApi} onSignedOut={onSignedOut} />;
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Dashboard />
    </StrictMode>,
  );
}

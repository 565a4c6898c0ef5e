import { useCallback, useEffect, useState } from 'react';
import { readPermissions, readProfile, type Profile } from './api/account.js';
import { ApiError } from './api/answer.js';
import type { Api } from './api.js';
import { CamerasPage } from './cameras/cameras-page.js';
import { EventsPage } from './events/events-page.js';
import { LivePage } from './live/live-page.js';
import { Problem } from './loading/problem.js';
import { useLoaded } from './loading/use-loaded.js';
import { linkTo, type Page } from './navigation/route.js';
import { useRoute } from './navigation/use-route.js';
import { SecondFactor } from './settings/second-factor.js';
import { SettingsPage } from './settings/settings-page.js';
import { SystemPage } from './system/system-page.js';
import { TimelinePage } from './timeline/timeline-page.js';

const pageNames: Record<Page, string> = {
  live: 'Live',
  timeline: 'Timeline',
  events: 'Events',
  cameras: 'Cameras',
  system: 'System',
  settings: 'Settings',
};
/** What a role must hold for a page to have something to show. */
const pageNeeds: Partial<Record<Page, readonly string[]>> = {
  live: ['cameras.view'],
  timeline: ['cameras.view', 'recordings.view'],
  events: ['alerts.view'],
  cameras: ['cameras.view'],
};

/** Who looks at the page. `permissions` undefined: nothing before a second factor is set up. */
interface Viewer {
  profile: Profile;
  permissions: ReadonlySet<string> | undefined;
}

/** The page of a signed-in person: the navigation, and the page that the address names. */
export function Shell({ api, onSignOut }: { api: Api; onSignOut: () => void }) {
  const [needsSecondFactor, setNeedsSecondFactor] = useState(false);
  useEffect(() => {
    api.onSecondFactorNeeded = () => setNeedsSecondFactor(true);
    return () => {
      api.onSecondFactorNeeded = undefined;
    };
  }, [api]);
  const load = useCallback((signal: AbortSignal) => readViewer(api, signal), [api]);
  const { problem, reload, value: viewer } = useLoaded(load);
  const { page: wanted, parameters } = useRoute();
  const permissions = viewer?.permissions;
  const shown = permissions
    ? (Object.keys(pageNames) as Page[]).filter((page) => isOpen(page, permissions) && (page !== 'system' || viewer?.profile.is_superuser))
    : [];
  const page = shown.includes(wanted) ? wanted : (shown[0] ?? 'settings');
  useEffect(() => {
    document.title = `${pageNames[page]} – Nightjar`;
  }, [page]);
  const onSecondFactorOn = () => {
    setNeedsSecondFactor(false);
    reload();
  };
  return (
    <>
      <header className="bar">
        <h1>Nightjar</h1>
        <nav aria-label="Pages">
          {shown.map((name) => (
            <a key={name} href={linkTo(name)} aria-current={name === page ? 'page' : undefined}>
              {pageNames[name]}
            </a>
          ))}
        </nav>
        <div className="who">
          {viewer && <span title={`Signed in as ${viewer.profile.username} (${viewer.profile.role_name})`}>{viewer.profile.username}</span>}
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      {!viewer && (
        <main className="page">{problem ? <Problem text={problem} onRetry={reload} /> : <p className="empty">Loading …</p>}</main>
      )}
      {viewer && (!permissions || needsSecondFactor) && (
        <main className="page">
          <p className="notice">Your administrator asks for a second factor. Set one up to go on.</p>
          <SecondFactor api={api} isOn={viewer.profile.mfa_enabled} onChange={onSecondFactorOn} />
        </main>
      )}
      {viewer && permissions && !needsSecondFactor && (
        <ShownPage
          key={page}
          page={page}
          parameters={parameters}
          api={api}
          profile={viewer.profile}
          permissions={permissions}
          onProfile={reload}
        />
      )}
    </>
  );
}

interface ShownPageProps {
  page: Page;
  parameters: URLSearchParams;
  api: Api;
  profile: Profile;
  permissions: ReadonlySet<string>;
  /** The profile has changed. */
  onProfile: () => void;
}

function ShownPage({ api, onProfile, page, parameters, permissions, profile }: ShownPageProps) {
  const isAdmin = profile.is_superuser;
  switch (page) {
    case 'live':
      return (
        <LivePage
          api={api}
          parameters={parameters}
          mayAdd={isAdmin}
          seesEvents={permissions.has('alerts.view')}
          seesRecordings={isOpen('timeline', permissions)}
        />
      );
    case 'timeline':
      return (
        <TimelinePage
          api={api}
          parameters={parameters}
          seesEvents={permissions.has('alerts.view')}
          mayProtect={permissions.has('recordings.manage')}
        />
      );
    case 'events':
      return (
        <EventsPage
          api={api}
          parameters={parameters}
          seesCameras={permissions.has('cameras.view')}
          seesRecordings={isOpen('timeline', permissions)}
        />
      );
    case 'cameras':
      return <CamerasPage api={api} parameters={parameters} isAdmin={isAdmin} mayManage={permissions.has('cameras.manage')} />;
    case 'system':
      return <SystemPage api={api} />;
    case 'settings':
      return <SettingsPage api={api} parameters={parameters} profile={profile} permissions={permissions} onProfile={onProfile} />;
  }
}

function isOpen(page: Page, permissions: ReadonlySet<string>): boolean {
  return (pageNeeds[page] ?? []).every((needed) => permissions.has(needed));
}

async function readViewer(api: Api, signal: AbortSignal): Promise<Viewer> {
  const profile = await readProfile(api, signal);
  try {
    return { profile, permissions: await readPermissions(api, signal) };
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'mfa_setup_required') return { profile, permissions: undefined };
    throw error;
  }
}

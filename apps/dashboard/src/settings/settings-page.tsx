import { Fragment, type ReactNode } from 'react';
import type { Profile } from '../api/account.js';
import type { Api } from '../api.js';
import { linkTo } from '../navigation/route.js';
import { ApiKeys } from './api-keys.js';
import { AuditLog } from './audit-log.js';
import { OwnPassword } from './own-password.js';
import { Roles } from './roles.js';
import { Rules } from './rules.js';
import { SecondFactor } from './second-factor.js';
import { SignInRules } from './sign-in-rules.js';
import { Users } from './users.js';
import './settings.css';

interface SettingsPageProps {
  api: Api;
  /** `section` names what is shown. */
  parameters: URLSearchParams;
  profile: Profile;
  permissions: ReadonlySet<string>;
  /** The profile has changed. */
  onProfile: () => void;
}

/** A part of the settings, and who it is for. */
interface Section {
  name: string;
  title: string;
  isFor: (viewer: { profile: Profile; permissions: ReadonlySet<string> }) => boolean;
  render: (props: SettingsPageProps) => ReactNode;
}

const isAdmin = ({ profile }: { profile: Profile }) => profile.is_superuser;

const sections: readonly Section[] = [
  {
    name: 'account',
    title: 'My account',
    isFor: () => true,
    render: ({ api, onProfile, profile }) => (
      <>
        <p>{`Signed in as ${profile.username} (${profile.role_name}).`}</p>
        {profile.is_superuser && !profile.mfa_enabled && (
          <p className="notice recommended">You can change everything here, so a stolen password could too. Set up a second factor.</p>
        )}
        <OwnPassword api={api} />
        <SecondFactor api={api} isOn={profile.mfa_enabled} onChange={onProfile} />
      </>
    ),
  },
  {
    name: 'rules',
    title: 'Rules',
    isFor: ({ permissions }) => permissions.has('alerts.manage'),
    render: ({ api }) => <Rules api={api} />,
  },
  { name: 'users', title: 'Users', isFor: isAdmin, render: ({ api, profile }) => <Users api={api} ownId={profile.id} /> },
  { name: 'roles', title: 'Roles', isFor: isAdmin, render: ({ api }) => <Roles api={api} /> },
  { name: 'keys', title: 'API keys', isFor: isAdmin, render: ({ api }) => <ApiKeys api={api} /> },
  { name: 'sign-in', title: 'Passwords', isFor: isAdmin, render: ({ api }) => <SignInRules api={api} /> },
  {
    name: 'audit',
    title: 'Audit log',
    isFor: ({ permissions }) => permissions.has('audit.view'),
    render: ({ api }) => <AuditLog api={api} />,
  },
];

/** Settings of one's own access, and for administrators of everything else. */
export function SettingsPage(props: SettingsPageProps) {
  const shown = sections.filter(({ isFor }) => isFor(props));
  const section = shown.find(({ name }) => name === props.parameters.get('section')) ?? shown[0];
  return (
    <main className="page">
      {shown.length > 1 && (
        <nav className="tabs" aria-label="Settings">
          {shown.map(({ name, title }) => (
            <a key={name} href={linkTo('settings', { section: name })} aria-current={name === section?.name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
      )}
      <Fragment key={section?.name}>{section?.render(props)}</Fragment>
    </main>
  );
}

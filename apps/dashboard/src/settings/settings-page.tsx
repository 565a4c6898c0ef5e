import type { Profile } from '../api/account.js';
import type { Api } from '../api.js';
import { linkTo } from '../navigation/route.js';
import { OwnPassword } from './own-password.js';
import { SecondFactor } from './second-factor.js';
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
  render: (props: SettingsPageProps) => React.ReactNode;
}

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
      {section?.render(props)}
    </main>
  );
}

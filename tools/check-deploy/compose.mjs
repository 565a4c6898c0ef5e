import path from 'node:path';
import { parse } from 'yaml';
import { entryProblems, exists, isSecret, read, settingProblems } from './known-settings.mjs';

const file = 'docker/compose.yml';

/** `${NAME:?text}` refuses to start without a value, `${NAME:-default}` has one. */
const variables = /\$\{([A-Z][A-Z0-9_]*)(:?[?-])?[^}]*\}/g;

/** A value with a secret in it: every such part must come from .env, and be demanded. */
function literalSecretProblems(environment) {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (!isSecret(name)) return [];
    const demanded = [...String(value).matchAll(variables)].some(([, , operator]) => operator === ':?');
    return demanded ? [] : [`${name} is not demanded from .env with \${…:?…}`];
  });
}

function variableProblems(environment, generated) {
  const used = Object.values(environment).flatMap((value) => [...String(value).matchAll(variables)]);
  return used.flatMap(([, name, operator]) => {
    if (operator === ':?') return generated.has(name) ? [] : [`${name} is not printed by generate-secrets.sh`];
    return operator === ':-' ? [] : [`\${${name}} has neither a default nor a demand`];
  });
}

function healthProblems(name, service, services) {
  const isAwaited = Object.values(services).some(
    ({ depends_on: dependsOn = {} }) => dependsOn[name]?.condition === 'service_completed_successfully',
  );
  if (isAwaited) return service.restart === 'no' ? [] : ['others wait for its end, but it is restarted'];
  return service.healthcheck?.test ? [] : ['no healthcheck'];
}

function dependencyProblems(service, services) {
  return Object.entries(service.depends_on ?? {}).flatMap(([name, { condition }]) => {
    if (!services[name]) return [`depends on ${name}, which is no service`];
    return condition === 'service_healthy' && !services[name].healthcheck ? [`waits for the health of ${name}, which has none`] : [];
  });
}

function mountProblems(service, declared) {
  return (service.volumes ?? []).flatMap((mount) => {
    const [source] = mount.split(':');
    if (source.startsWith('.')) return exists(path.posix.join('docker', source)) ? [] : [`${source} is not in docker/`];
    return source in declared ? [] : [`volume ${source} is not declared`];
  });
}

/** A new volume takes owner and mode of what the image has at that place; where it has nothing, root would own the volume. */
function volumeOwnerProblems(service, app) {
  const dockerfile = read(`docker/${app}.Dockerfile`);
  const places = (service.volumes ?? []).filter((mount) => !mount.startsWith('.')).map((mount) => mount.split(':')[1]);
  return places
    .filter((place) => !new RegExp(`^RUN install -d .*${place}( |$)`, 'm').test(dockerfile))
    .map((place) => `the image makes no ${place}, so root would own the volume`);
}

/** Our image `nightjar/x` runs apps/x; other images are Postgres and NATS, whose settings are not ours. */
function ownProblems(service) {
  const app = /^nightjar\/([a-z]+)$/.exec(service.image)?.[1];
  if (!app) return [];
  const command = service.command ?? [];
  const problems = [...settingProblems({ app, names: Object.keys(service.environment ?? {}), command }), ...entryProblems(command)];
  problems.push(...volumeOwnerProblems(service, app));
  if (service.build?.dockerfile !== `docker/${app}.Dockerfile` || !exists(service.build.dockerfile))
    problems.push(`is not built from docker/${app}.Dockerfile`);
  if (service.read_only !== true || !service.cap_drop?.includes('ALL')) problems.push('is not read-only without capabilities');
  return problems;
}

/** Runs the checks of docker/compose.yml. */
export function checkCompose(check) {
  const { services, volumes } = parse(read(file), { merge: true });
  const generated = new Set([...read('docker/generate-secrets.sh').matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
  for (const [name, service] of Object.entries(services)) {
    const environment = service.environment ?? {};
    check(`${file}: ${name}`, [
      ...(service.image || service.build ? [] : ['neither image nor build']),
      ...(/:(latest)?$|^[^:]+$/.test(service.image ?? '') && !service.build ? ['the image has no fixed tag'] : []),
      ...healthProblems(name, service, services),
      ...literalSecretProblems(environment),
      ...variableProblems(environment, generated),
      ...dependencyProblems(service, services),
      ...mountProblems(service, volumes),
      ...ownProblems(service),
    ]);
  }
}

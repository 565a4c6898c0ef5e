import fs from 'node:fs';
import path from 'node:path';
import { Capability, inferenceQueue, Lane } from '@nightjar/contracts';
import { parseAllDocuments } from 'yaml';
import { entryProblems, isSecret, read, root, settingProblems } from './known-settings.mjs';
import { hasKubectl, parseFiles, renderInHouse, renderWithKubectl } from './render.mjs';

const podOf = ({ spec }) => spec.template.spec;
const isWorkload = ({ kind }) => kind === 'Deployment' || kind === 'Job';
/** kustomize adds a hash to the names of generated ConfigMaps. */
const named = (objects, kind, name) =>
  objects.find(
    (object) => object.kind === kind && (object.metadata.name === name || object.metadata.name.replace(/-[a-z0-9]{10}$/, '') === name),
  );

/** Problems of the first object that lacks what is asked, in words. */
const demand = (conditions) => Object.entries(conditions).flatMap(([text, holds]) => (holds ? [] : [text]));

function hardeningProblems(workload) {
  const pod = podOf(workload);
  return [
    ...demand({
      'pod may run as root': pod.securityContext?.runAsNonRoot === true,
      'no seccomp profile': pod.securityContext?.seccompProfile?.type === 'RuntimeDefault',
      'service links would set variables like GATEWAY_PORT': pod.enableServiceLinks === false,
      'mounts a service account token': pod.automountServiceAccountToken === false,
    }),
    ...pod.containers.flatMap(({ name, image, securityContext: context = {}, resources = {} }) =>
      demand({
        [`${name}: root file system is writable`]: context.readOnlyRootFilesystem === true,
        [`${name}: may gain privileges`]: context.allowPrivilegeEscalation === false,
        [`${name}: keeps capabilities`]: context.capabilities?.drop?.includes('ALL') === true,
        [`${name}: requests no CPU and memory`]: Boolean(resources.requests?.cpu && resources.requests?.memory),
        [`${name}: has no memory limit`]: Boolean(resources.limits?.memory),
        [`${name}: image without a fixed tag`]: !hasKubectl || /:[^:/]+$/.test(image),
      }),
    ),
  ];
}

function probeProblems({ kind, spec }) {
  if (kind !== 'Deployment') return [];
  const { containers, terminationGracePeriodSeconds: graceSeconds = 30 } = spec.template.spec;
  return containers.flatMap(({ startupProbe, readinessProbe, livenessProbe, lifecycle, ports = [] }) => {
    const asks = (probe, route) => probe?.httpGet?.path === route && ports.some(({ name }) => name === probe.httpGet.port);
    const pauseSeconds = Number(lifecycle?.preStop?.exec?.command?.[1] ?? 0);
    return demand({
      'startup probe is not /livez': asks(startupProbe, '/livez'),
      'readiness probe is not /readyz': asks(readinessProbe, '/readyz'),
      'liveness probe is not /livez': asks(livenessProbe, '/livez'),
      'no preStop pause': pauseSeconds > 0,
      'grace period is shorter than the pause and the stop deadline of 10 s': graceSeconds >= pauseSeconds + 10,
    });
  });
}

/** Every variable of a container with the place it comes from. */
function variablesOf(container, objects) {
  const fromMaps = (container.envFrom ?? []).flatMap(({ configMapRef }) => {
    const map = configMapRef && named(objects, 'ConfigMap', configMapRef.name);
    return map ? Object.keys(map.data).map((name) => ({ name, literal: true })) : [{ name: undefined, missing: configMapRef?.name }];
  });
  return [...fromMaps, ...(container.env ?? []).map(({ name, value }) => ({ name, literal: value !== undefined }))];
}

function environmentProblems(workload, objects) {
  return podOf(workload).containers.flatMap((container) => {
    const variables = variablesOf(container, objects);
    const app = /nightjar\/([a-z]+)(-cuda)?(:|$)/.exec(container.image)?.[1];
    const { command = [] } = container;
    return [
      ...variables.filter(({ missing }) => missing).map(({ missing }) => `ConfigMap ${missing} does not exist`),
      ...variables
        .filter(({ name, literal }) => name && literal && isSecret(name))
        .map(({ name }) => `${name} is written out instead of referred to`),
      ...(app
        ? settingProblems({ app, names: variables.flatMap(({ name }) => name ?? []), command })
        : [`image ${container.image} is not ours`]),
      ...entryProblems(command),
    ];
  });
}

function storageProblems(workload, objects) {
  const { containers, volumes = [] } = podOf(workload);
  const claims = volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
  const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
  return [
    ...claims.filter((claim) => !named(objects, 'PersistentVolumeClaim', claim)).map((claim) => `claim ${claim} does not exist`),
    ...mounts.filter(({ name }) => !volumes.some((volume) => volume.name === name)).map(({ name }) => `volume ${name} does not exist`),
  ];
}

const matches = (selector, { spec }) =>
  Object.entries(selector).every(([label, value]) => spec.template.metadata.labels?.[label] === value);

/** Services, disruption budgets and scaled objects must find the pods they are about. */
function targetProblems(object, objects) {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  if (object.kind === 'Service') {
    const target = deployments.find((deployment) => matches(object.spec.selector, deployment));
    if (!target) return ['selects no pods'];
    const ports = podOf(target).containers.flatMap((container) => container.ports ?? []);
    return object.spec.ports
      .filter(({ targetPort }) => !ports.some(({ name }) => name === targetPort))
      .map(({ targetPort }) => `port ${targetPort} does not exist`);
  }
  if (object.kind === 'PodDisruptionBudget')
    return deployments.some((deployment) => matches(object.spec.selector.matchLabels, deployment)) ? [] : ['selects no pods'];
  if (object.kind !== 'ScaledObject') return [];
  const queues = Capability.options.flatMap((capability) => Lane.options.map((lane) => inferenceQueue(capability, lane)));
  const triggers = object.spec.triggers.map(({ metadata }) => metadata);
  const target = named(objects, 'Deployment', object.spec.scaleTargetRef.name);
  return [
    ...demand({ 'scales no Deployment': Boolean(target), 'the Deployment sets a number of pods too': target?.spec.replicas === undefined }),
    ...queues
      .filter(
        ({ streamName, consumerName }) => !triggers.some(({ stream, consumer }) => stream === streamName && consumer === consumerName),
      )
      .map(({ streamName }) => `does not watch ${streamName}`),
  ];
}

/** Networks that cameras may be in are named twice: for the program and for the network. */
function cameraNetworkProblems(objects) {
  const policy = named(objects, 'NetworkPolicy', 'cameras');
  const open = policy.spec.egress
    .flatMap(({ to }) => to.map(({ ipBlock }) => ipBlock.cidr))
    .sort()
    .join(',');
  const allowed = (named(objects, 'ConfigMap', 'nvr-settings').data.NIGHTJAR_CAMERA_NETWORKS ?? '').split(',').sort().join(',');
  return open === allowed ? [] : [`policy opens ${open}, NIGHTJAR_CAMERA_NETWORKS is ${allowed}`];
}

function objectProblems(object, objects) {
  if (object.kind === 'Secret') return ['a Secret does not belong into the repository'];
  if (!isWorkload(object)) return targetProblems(object, objects);
  return [
    ...hardeningProblems(object),
    ...probeProblems(object),
    ...environmentProblems(object, objects),
    ...storageProblems(object, objects),
  ];
}

function checkRendered(check, folder, objects) {
  for (const object of objects) {
    if (!isWorkload(object) && !['Service', 'PodDisruptionBudget', 'ScaledObject', 'Secret'].includes(object.kind)) continue;
    check(`${folder}: ${object.kind} ${object.metadata.name}`, objectProblems(object, objects));
  }
  check(`${folder}: camera networks agree`, cameraNetworkProblems(objects));
}

/** Runs `work`; what it throws becomes the check's problem. */
function attempt(check, title, work) {
  try {
    const result = work();
    check(title(result), []);
    return result;
  } catch (error) {
    check(title(), [error.message]);
    return undefined;
  }
}

/** Runs the checks of deploy/. */
export function checkKubernetes(check) {
  const overlays = fs.readdirSync(path.join(root, 'deploy/overlays')).map((name) => `deploy/overlays/${name}`);
  const by = hasKubectl ? 'kubectl kustomize' : 'read without kubectl';
  for (const folder of ['deploy/base', ...overlays]) {
    const render = hasKubectl ? renderWithKubectl : folder === 'deploy/base' ? renderInHouse : parseFiles;
    const objects = attempt(
      check,
      (found) => `${folder}: ${by}${found ? `, ${found.length} objects` : ''}`,
      () => render(folder),
    );
    if (objects && render !== parseFiles) checkRendered(check, folder, objects);
  }
  for (const name of fs.readdirSync(path.join(root, 'deploy/examples'))) {
    attempt(
      check,
      () => `deploy/examples/${name}: parses`,
      () => {
        const broken = parseAllDocuments(read(`deploy/examples/${name}`)).flatMap(({ errors }) => errors);
        if (broken.length > 0) throw new Error(broken[0].message);
      },
    );
  }
}

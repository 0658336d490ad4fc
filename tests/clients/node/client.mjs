// Uses the API as a program in JavaScript does. KUBECONFIG says where,
// NAMESPACE whose; CLIENT is the folder where the library was installed.

import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {PassThrough, Writable} from 'node:stream';
import {setTimeout as pause} from 'node:timers/promises';

const require = createRequire(process.env.CLIENT + '/');
const k8s = require('@kubernetes/client-node');
const namespace = process.env.NAMESPACE;

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);

/** Asks until it is so; the caller's time limit ends what never is. */
async function until(what) {
  while (!(await what()))
    await pause(20);
}

function collector() {
  const stream = new Writable({
    write(chunk, _, done) {
      stream.text += chunk;
      done();
    },
  });
  stream.text = '';
  return stream;
}

function configMap(name, data) {
  return {namespace, body: {metadata: {name}, data}};
}

async function createsAndPatches() {
  await core.createNamespacedConfigMap(configMap('one', {a: '1'}));
  await assert.rejects(
      core.createNamespacedConfigMap(configMap('one', {})),
      (e) => e.code === 409);
  await core.patchNamespacedConfigMap(
      {name: 'one', namespace, body: {data: {b: '2'}}},
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  await core.patchNamespacedConfigMap(
      {name: 'one', namespace, body: [{op: 'remove', path: '/data/a'}]});
  const got = await core.readNamespacedConfigMap({name: 'one', namespace});
  assert.deepEqual(got.data, {b: '2'});
  const list = await core.listNamespacedConfigMap({namespace, limit: 1});
  assert.equal(list.items.length, 1);
  await assert.rejects(
      core.readNamespacedConfigMap({name: 'none', namespace}),
      (e) => e.code === 404);
}

/** Follows what an informer sees, over the end of a watch too. */
async function watches() {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const seen = [];
  const informer = k8s.makeInformer(
      config, path, () => core.listNamespacedConfigMap({namespace}));
  for (const kind of ['add', 'update', 'delete'])
    informer.on(kind, (x) => seen.push(`${kind} ${x.metadata.name}`));
  await informer.start();
  await until(() => seen.includes('add one'));
  await core.createNamespacedConfigMap(configMap('two', {}));
  await until(() => seen.includes('add two'));
  await core.deleteNamespacedConfigMap({name: 'two', namespace});
  await until(() => seen.includes('delete two'));
  await informer.stop();

  // One that ends and goes on where it was.
  const {metadata} = await core.listNamespacedConfigMap({namespace});
  const watch = new k8s.Watch(config);
  const follow = (resourceVersion) => new Promise((done) => {
    let last = resourceVersion;
    const types = [];
    watch.watch(path, {resourceVersion, timeoutSeconds: 1}, (type, x) => {
      types.push(`${type} ${x.metadata.name}`);
      last = x.metadata.resourceVersion;
    }, () => done({last, types}));
  });
  await core.createNamespacedConfigMap(configMap('three', {}));
  const first = await follow(metadata.resourceVersion);
  assert.deepEqual(first.types, ['ADDED three']);
  await core.deleteNamespacedConfigMap({name: 'three', namespace});
  const second = await follow(first.last);
  assert.deepEqual(second.types, ['DELETED three']);
}

async function runsPods() {
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: {name: 'shell'},
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: 'main',
          image: 'any',
          command: ['sh', '-c', 'echo one; echo two; exec sleep 600'],
        }],
      },
    },
  });
  await until(async () => {
    const pod = await core.readNamespacedPod({name: 'shell', namespace});
    return pod.status.phase === 'Running';
  });
  await until(async () => await core.readNamespacedPodLog(
      {name: 'shell', namespace}) === 'one\ntwo\n');
  const log = collector();
  const logs = new k8s.Log(config);
  const request = await logs.log(
      namespace, 'shell', 'main', log, {follow: true, tailLines: 1});
  await until(() => log.text === 'two\n');
  request.abort();

  const exec = new k8s.Exec(config);
  const out = collector();
  const err = collector();
  const stdin = new PassThrough();
  stdin.end('hello\n');
  const status = await new Promise((done, failed) => {
    exec.exec(namespace, 'shell', 'main',
        ['sh', '-c', 'read x; echo got $x; echo bad >&2; exit 3'], out, err,
        stdin, false, done).catch(failed);
  });
  assert.equal(out.text, 'got hello\n');
  assert.equal(err.text, 'bad\n');
  assert.equal(status.status, 'Failure');
  assert.equal(status.details.causes[0].message, '3');
  await core.deleteNamespacedPod({name: 'shell', namespace});
}

async function scales() {
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: {name: 'web'},
      spec: {
        replicas: 1,
        selector: {matchLabels: {app: 'web'}},
        template: {
          metadata: {labels: {app: 'web'}},
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{
              name: 'main', image: 'any', command: ['sleep', '600'],
            }],
          },
        },
      },
    },
  });
  // Others write it too: whoever was too late reads it again.
  await until(async () => {
    const body = await apps.readNamespacedDeploymentScale(
        {name: 'web', namespace});
    body.spec.replicas = 2;
    return apps.replaceNamespacedDeploymentScale({name: 'web', namespace, body})
        .then(() => true, (e) => {
          assert.equal(e.code, 409);
          return false;
        });
  });
  await until(async () => {
    const {status} = await apps.readNamespacedDeployment(
        {name: 'web', namespace});
    return status.readyReplicas === 2;
  });
  await apps.deleteNamespacedDeployment({name: 'web', namespace});
}

/** Of two that want to lead one does, and the other takes over. */
async function leads() {
  const coordination = config.makeApiClient(k8s.CoordinationV1Api);
  const spec = (holderIdentity, leaseTransitions) => ({
    holderIdentity, leaseTransitions, leaseDurationSeconds: 15,
    acquireTime: new k8s.V1MicroTime(), renewTime: new k8s.V1MicroTime(),
  });
  const lease = await coordination.createNamespacedLease({
    namespace, body: {metadata: {name: 'leader'}, spec: spec('a', 0)},
  });
  const b = await coordination.readNamespacedLease({name: 'leader', namespace});
  lease.spec.renewTime = new k8s.V1MicroTime();
  await coordination.replaceNamespacedLease(
      {name: 'leader', namespace, body: lease});
  // It has seen an older one.
  b.spec = spec('b', 1);
  await assert.rejects(
      coordination.replaceNamespacedLease(
          {name: 'leader', namespace, body: b}),
      (e) => e.code === 409);
}

for (const part of [createsAndPatches, watches, runsPods, scales, leads]) {
  console.log(part.name);
  await part();
}
process.exit(0);

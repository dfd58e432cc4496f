import { Client } from 'fhir-kit-client';
import { assert, base, patient, refused, run, unique } from './calls.mjs';

const client = new Client({ baseUrl: base });
let made;
let page;

await run({
  metadata: async () => assert.equal((await client.capabilityStatement()).fhirVersion, '4.0.1'),
  create: async () => { made = await client.create({ resourceType: 'Patient', body: patient('Kit') }); assert.ok(made.id); },
  read: async () => assert.equal((await client.read({ resourceType: 'Patient', id: made.id })).name[0].family, 'Kit'),
  update: async () => {
    made.name[0].family = 'Kit2';
    made = await client.update({ resourceType: 'Patient', id: made.id, body: made, options: { headers: { 'If-Match': 'W/"1"' } } });
    assert.equal(made.meta.versionId, '2');
  },
  'update stale': async () => assert.equal((await refused(() => client.update({ resourceType: 'Patient', id: made.id, body: made, options: { headers: { 'If-Match': 'W/"1"' } } }))).response.status, 412),
  vread: async () => assert.equal((await client.vread({ resourceType: 'Patient', id: made.id, version: '1' })).name[0].family, 'Kit'),
  patch: async () => assert.equal((await client.patch({ resourceType: 'Patient', id: made.id, jsonPatch: [{ op: 'add', path: '/active', value: true }] })).active, true),
  'merge patch': async () => assert.equal((await client.request(`Patient/${made.id}`, { method: 'PATCH', body: { active: false }, options: { headers: { 'Content-Type': 'application/merge-patch+json' } } })).active, false),
  'conditional create': async () => assert.equal((await client.create({ resourceType: 'Patient', body: patient('Other'), options: { headers: { 'If-None-Exist': `identifier=urn:clients|${unique}` } } })).id, made.id),
  'conditional update': async () => assert.equal((await client.update({ resourceType: 'Patient', searchParams: { identifier: `urn:clients|${unique}` }, body: patient('Kit3') })).id, made.id),
  'search by GET': async () => assert.equal((await client.search({ resourceType: 'Patient', searchParams: { identifier: `urn:clients|${unique}` } })).total, 1),
  'search by POST': async () => assert.equal((await client.search({ resourceType: 'Patient', searchParams: { identifier: `urn:clients|${unique}` }, options: { postSearch: true } })).total, 1),
  batch: async () => {
    const entry = [1, 2, 3].map((n) => ({ resource: { ...patient(`Batch${n}`), identifier: [{ system: 'urn:clients', value: `${unique}-b` }] }, request: { method: 'POST', url: 'Patient' } }));
    const answer = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry } });
    assert.deepEqual(answer.entry.map((e) => e.response.status.slice(0, 3)), ['201', '201', '201']);
  },
  transaction: async () => {
    const answer = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry: [
      { fullUrl: 'urn:uuid:6f3b4f5e-9c0f-4a2b-8f0a-1d5f0c6b7a81', resource: patient('Tx'), request: { method: 'POST', url: 'Patient' } },
      { resource: { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: 'urn:uuid:6f3b4f5e-9c0f-4a2b-8f0a-1d5f0c6b7a81' } }, request: { method: 'POST', url: 'Basic' } }] } });
    assert.equal(answer.entry.length, 2);
  },
  'first page': async () => { page = await client.search({ resourceType: 'Patient', searchParams: { identifier: `urn:clients|${unique}-b`, _count: 2 } }); assert.equal(page.entry.length, 2); },
  'next page': async () => { page = await client.nextPage({ bundle: page }); assert.equal(page.entry.length, 1); },
  'previous page': async () => { page = await client.prevPage({ bundle: page }); assert.equal(page.entry.length, 2); },
  'history of a resource': async () => assert.ok((await client.history({ resourceType: 'Patient', id: made.id })).total >= 4),
  'history of a type': async () => assert.equal((await client.history({ resourceType: 'Patient' })).type, 'history'),
  'history of all': async () => assert.equal((await client.history()).type, 'history'),
  'operation $validate': async () => assert.equal((await client.operation({ name: 'validate', resourceType: 'Patient', input: patient('V') })).issue[0].severity, 'information'),
  resolve: async () => assert.equal((await client.resolve({ reference: `Patient/${made.id}` })).id, made.id),
  'error is an OperationOutcome': async () => {
    const e = await refused(() => client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', birthdate: 'x' } }));
    assert.equal(e.response.data.resourceType, 'OperationOutcome');
  },
  Binary: async () => {
    const b = await client.create({ resourceType: 'Binary', body: { resourceType: 'Binary', contentType: 'text/plain', data: 'aGVsbG8=' } });
    assert.equal((await client.read({ resourceType: 'Binary', id: b.id })).data, 'aGVsbG8=');
  },
  delete: async () => assert.equal((await client.delete({ resourceType: 'Patient', id: made.id })).resourceType, 'OperationOutcome'),
  'delete again': async () => assert.equal((await client.delete({ resourceType: 'Patient', id: made.id })).resourceType, 'OperationOutcome'),
  'read of what is deleted': async () => assert.equal((await refused(() => client.read({ resourceType: 'Patient', id: made.id }))).response.status, 410),
});

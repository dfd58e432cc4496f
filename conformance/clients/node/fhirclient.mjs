import FHIR from 'fhirclient';
import { assert, base, patient, refused, run, unique } from './calls.mjs';

const client = FHIR({ headers: {}, url: '/' }, {}, {}).client({ serverUrl: base });
let made;

await run({
  metadata: async () => assert.equal(await client.getFhirVersion(), '4.0.1'),
  release: async () => assert.equal(await client.getFhirRelease(), 4),
  create: async () => { made = await client.create(patient('Smart')); assert.ok(made.id); },
  read: async () => assert.equal((await client.request(`Patient/${made.id}`)).name[0].family, 'Smart'),
  update: async () => { made.name[0].family = 'Smart2'; made = await client.update(made); assert.equal(made.meta.versionId, '2'); },
  vread: async () => assert.equal((await client.request(`Patient/${made.id}/_history/1`)).name[0].family, 'Smart'),
  patch: async () => assert.equal((await client.patch(`Patient/${made.id}`, [{ op: 'add', path: '/active', value: true }])).active, true),
  'search by GET': async () => assert.equal((await client.request(`Patient?identifier=urn:clients|${unique}`)).total, 1),
  'search by POST': async () => assert.equal((await client.request({ url: 'Patient/_search', method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `identifier=urn:clients|${unique}` })).total, 1),
  'conditional create': async () => assert.equal((await client.create(patient('Other'), { headers: { 'if-none-exist': `identifier=urn:clients|${unique}` } })).id, made.id),
  'conditional update': async () => assert.equal((await client.request({ url: `Patient?identifier=urn:clients|${unique}`, method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(patient('Smart3')) })).id, made.id),
  transaction: async () => {
    const entry = [1, 2, 3].map((n) => ({ resource: { ...patient(`Tx${n}`), identifier: [{ system: 'urn:clients', value: `${unique}-t` }] }, request: { method: 'POST', url: 'Patient' } }));
    const answer = await client.request({ url: '', method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }) });
    assert.equal(answer.type, 'transaction-response');
  },
  'all pages': async () => assert.equal((await client.request(`Patient?identifier=urn:clients|${unique}-t&_count=2`, { pageLimit: 0, flat: true })).length, 3),
  'with references': async () => {
    const basic = await client.create({ resourceType: 'Basic', code: { text: 'x' }, subject: { reference: `Patient/${made.id}` } });
    assert.equal((await client.request(`Basic/${basic.id}`, { resolveReferences: 'subject' })).subject.id, made.id);
  },
  history: async () => assert.ok((await client.request(`Patient/${made.id}/_history`)).total >= 3),
  'operation $validate': async () => assert.equal((await client.request({ url: 'Patient/$validate', method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: JSON.stringify(patient('V')) })).issue[0].severity, 'information'),
  'error says what is wrong': async () => assert.match((await refused(() => client.create({ resourceType: 'Patient', birthdate: 'x' }))).message, /birthDate/),
  'content of a Binary': async () => {
    const b = await client.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGVsbG8=' });
    assert.equal(await client.request({ url: `Binary/${b.id}`, headers: { accept: 'text/plain' } }), 'hello');
  },
  delete: async () => { await client.delete(`Patient/${made.id}`); },
  'read of what is deleted': async () => assert.equal((await refused(() => client.request(`Patient/${made.id}`))).status, 410),
});

import { assert, base, patient, refused, run, unique } from './calls.mjs';
import { MedplumClient } from '@medplum/core';

const url = new URL(base);
const client = new MedplumClient({ baseUrl: url.origin, fhirUrlPath: url.pathname.slice(1), cacheTime: 0, fetch });
let made;

await run({
  create: async () => { made = await client.createResource(patient('Med')); assert.ok(made.id); },
  read: async () => assert.equal((await client.readResource('Patient', made.id)).name[0].family, 'Med'),
  'read by reference': async () => assert.equal((await client.readReference({ reference: `Patient/${made.id}` })).id, made.id),
  update: async () => { made = await client.updateResource({ ...made, active: true }); assert.equal(made.meta.versionId, '2'); },
  vread: async () => assert.equal((await client.readVersion('Patient', made.id, '1')).meta.versionId, '1'),
  patch: async () => assert.equal((await client.patchResource('Patient', made.id, [{ op: 'replace', path: '/active', value: false }])).active, false),
  search: async () => assert.equal((await client.search('Patient', { identifier: `urn:clients|${unique}`, _total: 'accurate' })).total, 1),
  'search one': async () => assert.equal((await client.searchOne('Patient', `identifier=urn:clients|${unique}`)).id, made.id),
  'search resources': async () => assert.equal((await client.searchResources('Patient', `identifier=urn:clients|${unique}`)).length, 1),
  'create if none exist': async () => assert.equal((await client.createResourceIfNoneExist(patient('Other'), `identifier=urn:clients|${unique}`)).id, made.id),
  upsert: async () => assert.equal((await client.upsertResource(patient('Med3'), `identifier=urn:clients|${unique}`)).id, made.id),
  batch: async () => {
    const entry = [1, 2, 3].map((n) => ({ resource: { ...patient(`B${n}`), identifier: [{ system: 'urn:clients', value: `${unique}-m` }] }, request: { method: 'POST', url: 'Patient' } }));
    assert.equal((await client.executeBatch({ resourceType: 'Bundle', type: 'batch', entry })).entry.length, 3);
  },
  pages: async () => {
    let n = 0;
    for await (const page of client.searchResourcePages('Patient', `identifier=urn:clients|${unique}-m&_count=2`)) n += page.length;
    assert.equal(n, 3);
  },
  history: async () => assert.ok((await client.readHistory('Patient', made.id)).total >= 3),
  validate: async () => assert.equal((await client.validateResource(patient('V'))).resourceType, 'OperationOutcome'),
  'error is an OperationOutcome': async () => assert.equal((await refused(() => client.createResource({ resourceType: 'Patient', birthdate: 'x' }))).outcome.resourceType, 'OperationOutcome'),
  metadata: async () => assert.equal((await client.get(client.fhirUrl('metadata'), { cache: 'reload' })).resourceType, 'CapabilityStatement'),
  'content of a Binary': async () => {
    const b = await client.post(client.fhirUrl('Binary'), 'hello', 'text/plain');
    assert.equal(await (await client.download(client.fhirUrl('Binary', b.id))).text(), 'hello');
  },
  delete: async () => { await client.deleteResource('Patient', made.id); },
  'read of what is deleted': async () => assert.equal((await refused(() => client.readResource('Patient', made.id))).outcome.issue[0].code, 'deleted'),
});

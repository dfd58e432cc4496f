import FHIR from 'fhirclient';
import { assert, base, refused, run } from './calls.mjs';
import { allow, launch } from './person.mjs';

// The app's server, as fhirclient sees it: requests of the browser, and a session.
const kept = new Map();
const storage = { get: async (k) => kept.get(k), set: async (k, v) => { kept.set(k, v); return v; }, unset: async (k) => kept.delete(k) };
const smart = (url) => {
  const response = { writeHead(_, headers) { this.to = headers.location; }, end() {} };
  return [FHIR({ headers: { host: '127.0.0.1:8099' }, url, socket: {} }, response, storage), response];
};
const redirectUri = 'http://127.0.0.1:8099/cb';
const back = (address) => new URL(address).pathname + new URL(address).search;
let sent;
let client;

const authorize = async (url, options) => {
  const [app, response] = smart(url);
  await app.authorize({ clientId: 'launch-public', redirectUri, pkceMode: 'required', ...options });
  return response.to ?? '';
};

await run({
  'discover and authorize': async () => {
    sent = await authorize('/launch', { iss: base, scope: 'launch/patient openid fhirUser offline_access patient/*.rs' });
    assert.equal(new URL(sent).pathname, '/authorize');
    assert.equal(new URL(sent).searchParams.get('code_challenge_method'), 'S256');
  },
  'exchange the code': async () => {
    const [app] = smart(back(await allow(sent, 'Marlow')));
    client = await app.ready();
    assert.ok(client.state.tokenResponse.access_token);
  },
  patient: async () => {
    assert.equal(client.patient.id, 'sandbox-patient-1');
    assert.equal((await client.patient.read()).name[0].family, 'Marlow');
  },
  'fhirUser of the id_token': async () => assert.equal(client.user.fhirUser, 'Practitioner/sandbox-pharmacist'),
  'the patient alone': async () => {
    assert.equal((await client.request('Patient')).entry.length, 1);
    assert.equal((await refused(() => client.request('Patient/sandbox-patient-2'))).status, 404);
  },
  'requests of the patient': async () => assert.equal((await client.patient.request('MedicationRequest')).type, 'searchset'),
  'no other type': async () => assert.equal((await refused(() => client.request('Task'))).status, 403),
  refresh: async () => {
    const before = client.state.tokenResponse;
    await client.refresh();
    assert.notEqual(client.state.tokenResponse.access_token, before.access_token);
    assert.notEqual(client.state.tokenResponse.refresh_token, before.refresh_token);
    assert.equal((await client.patient.read()).id, 'sandbox-patient-1');
  },
  'a clinic starts it': async () => {
    const handle = await launch('launch-public', 'sandbox-patient-2');
    const to = await authorize(`/launch?iss=${encodeURIComponent(base)}&launch=${handle}`, { scope: 'launch openid patient/Patient.rs' });
    const [app] = smart(back(await allow(to)));
    assert.equal((await (await app.ready()).patient.read()).id, 'sandbox-patient-2');
  },
  'a client with a secret': async () => {
    const to = await authorize('/launch', { clientId: 'launch-secret', clientSecret: process.env.PESTLE_SECRET, iss: base, scope: 'user/Patient.rs online_access' });
    const [app] = smart(back(await allow(to)));
    const own = await app.ready();
    assert.equal((await own.request('Patient?_count=2')).entry.length, 2);
    await own.refresh();
    assert.equal((await own.request('Patient?_count=2')).entry.length, 2);
  },
  'a scope with a query': async () => {
    const to = await authorize('/launch', { iss: base, scope: 'user/Patient.rs?gender=female' });
    const [app] = smart(back(await allow(to)));
    const found = await (await app.ready()).request('Patient?_count=100');
    assert.deepEqual([...new Set((found.entry ?? []).map((e) => e.resource.gender))], ['female']);
  },
  'an error comes back': async () => {
    const to = await authorize('/launch', { iss: base, scope: 'user/Account.rs' });
    const answer = await fetch(to, { headers: { 'Pestle-Person': 'pharmacist' }, redirect: 'manual' });
    const [app] = smart(back(answer.headers.get('location')));
    assert.match((await refused(() => app.ready())).message, /none of what it asks for/);
  },
});

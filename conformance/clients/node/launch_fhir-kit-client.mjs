import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'fhir-kit-client';
import { assert, base, refused, run } from './calls.mjs';
import { allow } from './person.mjs';

const client = new Client({ baseUrl: base });
const redirect = 'http://127.0.0.1:8098/cb';
const verifier = randomBytes(32).toString('base64url');
let smart;
let code;
let token;

const post = async (form) => {
  const answer = await fetch(smart.tokenUrl, { method: 'POST', body: new URLSearchParams(form) });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${body.error} ${body.error_description}`), { status: answer.status });
  return body;
};

await run({
  'discover by smart-configuration and metadata': async () => {
    smart = await client.smartAuthMetadata();
    assert.equal(new URL(String(smart.authorizeUrl)).pathname, '/authorize');
    assert.equal(new URL(String(smart.tokenUrl)).pathname, '/token');
  },
  authorize: async () => {
    const q = new URLSearchParams({
      response_type: 'code', client_id: 'launch-public', redirect_uri: redirect, scope: 'launch/patient patient/*.rs offline_access', state: randomBytes(24).toString('base64url'), aud: base,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' });
    const back = new URL(await allow(`${smart.authorizeUrl}?${q}`, 'Marlow'));
    assert.equal(back.searchParams.get('state'), q.get('state'));
    code = back.searchParams.get('code');
  },
  'exchange the code': async () => {
    token = await post({ grant_type: 'authorization_code', client_id: 'launch-public', redirect_uri: redirect, code, code_verifier: verifier });
    client.bearerToken = token.access_token;
  },
  read: async () => assert.equal((await client.read({ resourceType: 'Patient', id: token.patient })).name[0].family, 'Marlow'),
  'of nobody else': async () => assert.equal((await refused(() => client.read({ resourceType: 'Patient', id: 'sandbox-patient-2' }))).response.status, 404),
  search: async () => assert.equal((await client.search({ resourceType: 'Patient', searchParams: {} })).entry.length, 1),
  'compartment search': async () => assert.equal((await client.search({ resourceType: 'MedicationRequest', searchParams: { patient: token.patient } })).type, 'searchset'),
  refresh: async () => {
    const before = token;
    token = await post({ grant_type: 'refresh_token', client_id: 'launch-public', refresh_token: token.refresh_token });
    client.bearerToken = token.access_token;
    assert.equal(token.patient, before.patient);
    assert.equal((await client.read({ resourceType: 'Patient', id: token.patient })).id, token.patient);
  },
  'revoke': async () => {
    await fetch(new URL('/revoke', base), { method: 'POST', body: new URLSearchParams({ client_id: 'launch-public', token: token.refresh_token }) });
    assert.equal((await refused(() => client.read({ resourceType: 'Patient', id: token.patient }))).response.status, 401);
  },
});

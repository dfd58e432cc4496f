// A public R4 client subscribes, by plain R4 and to a topic, and receives.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { Client } from 'fhir-kit-client';
import { assert, base, patient, run, unique } from './calls.mjs';

const client = new Client({ baseUrl: base });
const guide = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
const calls = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => { calls.push({ method: request.method, url: request.url, headers: request.headers, body }); response.end(); });
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const endpoint = `http://127.0.0.1:${server.address().port}`;

async function until(what) {
  for (let n = 0; n < 1000; n += 1) {
    const found = await what();
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  throw new Error('it did not happen in ten seconds');
}
const active = (id) => until(async () => (await client.read({ resourceType: 'Subscription', id })).status === 'active');

let plain;
let topical;
let secret;

await run({
  'subscribe by plain R4': async () => {
    plain = await client.create({ resourceType: 'Subscription', body: { resourceType: 'Subscription', status: 'requested', reason: 'client', criteria: `Patient?identifier=urn:clients|${unique}`, channel: { type: 'rest-hook', endpoint: `${endpoint}/plain`, payload: 'application/fhir+json', header: ['X-Key: mine'] } } });
    await active(plain.id);
  },
  'receive a resource': async () => {
    const made = await client.create({ resourceType: 'Patient', body: patient('Told') });
    const call = await until(() => calls.find((c) => c.url === `/plain/Patient/${made.id}`));
    assert.equal(call.method, 'PUT');
    assert.equal(call.headers['x-key'], 'mine');
    assert.equal(JSON.parse(call.body).name[0].family, 'Told');
  },
  'subscribe to a topic': async () => {
    const rest = (await client.capabilityStatement()).rest[0].resource.find((r) => r.type === 'Subscription');
    const topic = rest.extension.map((e) => e.valueCanonical).find((t) => t.endsWith('/prescription-queried'));
    topical = await client.create({ resourceType: 'Subscription', body: { resourceType: 'Subscription', status: 'requested', reason: 'client', criteria: topic, channel: { type: 'rest-hook', endpoint: `${endpoint}/topic`, payload: 'application/fhir+json', _payload: { extension: [{ url: `${guide}backport-payload-content`, valueCode: 'id-only' }] } } } });
    await active(topical.id);
  },
  'shake hands': async () => { await until(() => calls.find((c) => c.url === '/topic' && c.body.includes('"handshake"'))); },
  'fetch the secret': async () => {
    const answer = await client.operation({ name: 'webhook-secret', resourceType: 'Subscription', id: topical.id, method: 'POST' });
    secret = Buffer.from(answer.parameter[0].valueString.replace('whsec_', ''), 'base64');
  },
  'receive an event, signed': async () => {
    const made = await client.create({ resourceType: 'CommunicationRequest', body: { resourceType: 'CommunicationRequest', status: 'active', payload: [{ contentString: 'Is this the dose?' }] } });
    const call = await until(() => calls.find((c) => c.url === '/topic' && c.body.includes(`CommunicationRequest/${made.id}`)));
    const signature = createHmac('sha256', secret).update(`${call.headers['webhook-id']}.${call.headers['webhook-timestamp']}.${call.body}`).digest('base64');
    assert.ok(call.headers['webhook-signature'].split(' ').includes(`v1,${signature}`));
  },
  'ask how it is': async () => {
    const answer = await client.operation({ name: 'status', resourceType: 'Subscription', id: topical.id, method: 'GET' });
    assert.equal(answer.entry[0].resource.parameter.find((p) => p.name === 'events-since-subscription-start').valueString, '1');
  },
  'ask for what was': async () => {
    const answer = await client.operation({ name: 'events', resourceType: 'Subscription', id: topical.id, method: 'GET' });
    assert.equal(answer.entry[0].resource.parameter.find((p) => p.name === 'type').valueCode, 'query-event');
  },
  'turn it off': async () => {
    const now = await client.read({ resourceType: 'Subscription', id: plain.id });
    assert.equal((await client.update({ resourceType: 'Subscription', id: plain.id, body: { ...now, status: 'off' } })).status, 'off');
  },
});
server.close();

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pause, type Client } from './client.js';

const topic = 'https://pestle-fhir.github.io/SubscriptionTopic/prescription-received';
const content = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content';

// How many seconds old a call may be, and how far clocks may differ.
const tolerance = 300;

// Checks a call by Standard Webhooks: it is signed by who has the secret, and new.
export function verified(secret: Buffer, headers: IncomingHttpHeaders, body: string, now = Date.now()): boolean {
  const stamp = String(headers['webhook-timestamp']);
  if (!(Math.abs(now / 1000 - Number(stamp)) <= tolerance)) return false;
  const want = Buffer.from(`v1,${createHmac('sha256', secret).update(`${headers['webhook-id']}.${stamp}.${body}`).digest('base64')}`);
  return String(headers['webhook-signature']).split(' ').some((text) => { // two while the secret is changed
    const given = Buffer.from(text);
    return given.length === want.length && timingSafeEqual(given, want);
  });
}

interface Parameter { name: string; valueCode?: string; valueString?: string; valueDateTime?: string; valueReference?: { reference: string }; part?: Parameter[] }

export const parameter = (list: Parameter[] | undefined, name: string) => (list ?? []).find((p) => p.name === name);

export interface Event { number: string; focus: string }

// Reads a notification: a Bundle whose first entry lists the events.
function eventsOf(body: string): Event[] {
  const list: Parameter[] = JSON.parse(body).entry?.[0]?.resource?.parameter ?? [];
  return list.filter((p) => p.name === 'notification-event').map((p) => ({
    number: parameter(p.part, 'event-number')?.valueString ?? '',
    focus: (parameter(p.part, 'focus')?.valueReference?.reference ?? '').split('/').slice(-2).join('/'),
  }));
}

// Receives what the server tells.
export class Hook {
  url = '';
  private secret: Buffer | undefined;
  private last = 0; // number of the event that was dealt with last; in your software it is stored
  private waiting: Event[] = [];
  private readonly server = createServer((request, response) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => { size += part.length; if (size > 1 << 20) request.destroy(); else parts.push(part); });
    request.on('end', () => {
      // The handshake comes before the secret could be asked for. It says nothing on which
      // anything is done.
      response.statusCode = this.take(request.headers, Buffer.concat(parts).toString('utf8'));
      response.end();
    });
  });

  private take(headers: IncomingHttpHeaders, body: string): number {
    if (this.secret === undefined) return 200;
    if (!verified(this.secret, headers, body)) return 401;
    for (const event of eventsOf(body)) {
      // The server tells at least once, in order: a number that is not greater was dealt with.
      if (Number(event.number) > this.last) { this.last = Number(event.number); this.waiting.push(event); }
    }
    return 200;
  }

  // Listens at HOST:PORT; url is by what the server calls it, where that is another address.
  async listen(address: string, url?: string): Promise<void> {
    const [host, port] = address.split(':');
    await new Promise<void>((resolve, reject) => { this.server.once('error', reject).listen(Number(port), host, resolve); });
    this.url = url ?? `http://${host}:${(this.server.address() as AddressInfo).port}/hook`;
  }

  close(): void { this.server.close(); this.server.closeAllConnections(); }

  // The next event, or undefined where there is none in time.
  async next(ms: number): Promise<Event | undefined> {
    for (const until = Date.now() + ms; Date.now() < until;) {
      const event = this.waiting.shift();
      if (event !== undefined) return event;
      await pause(50);
    }
    return undefined;
  }

  // Finds the clinic's Subscription, or writes it, and waits until it is active.
  async subscribe(client: Client): Promise<string> {
    const found = await client.read(`Subscription?status=active,requested&criteria=${encodeURIComponent(topic)}&url=${encodeURIComponent(this.url)}`);
    const made = found.entry?.[0]?.resource ?? await client.call('POST', 'Subscription', JSON.stringify({
      resourceType: 'Subscription', status: 'requested', reason: 'to know when an order has arrived', criteria: topic,
      channel: { type: 'rest-hook', endpoint: this.url, payload: 'application/fhir+json', _payload: { extension: [{ url: content, valueCode: 'id-only' }] } },
    }));
    const name = `Subscription/${made.id}`;
    const told = await client.call('POST', `${name}/$webhook-secret`);
    this.secret = Buffer.from(String(parameter(told.parameter, 'secret')?.valueString).replace(/^whsec_/, ''), 'base64');
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(100)) {
      const now = await client.read(name);
      if (now.status === 'active') return name;
      if (now.status !== 'requested') throw new Error(`${name} is ${now.status}: ${now.error}`);
    }
    throw new Error(`${name} did not become active in time`);
  }
}

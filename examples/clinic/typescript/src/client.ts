import { assertion, scopes, type SigningKey } from './token.js';

export const pause = (ms: number) => new Promise((resolve) => { setTimeout(resolve, ms); });

// How often something is sent at most: for about two minutes.
const attempts = 8;

interface Issue { severity: string; diagnostics?: string; expression?: string[] }

// The errors of an OperationOutcome.
export function problems(answer: { issue?: Issue[] }): string[] {
  return (answer.issue ?? []).filter((i) => i.severity === 'error' || i.severity === 'fatal')
    .map((i) => `${(i.expression ?? []).join(', ')}: ${i.diagnostics ?? ''}`);
}

// What the server refused, with all that its OperationOutcome says.
export class Refused extends Error {
  constructor(readonly status: number, path: string, text: string) {
    let list: string[] = [];
    try { list = problems(JSON.parse(text)); } catch { /* not JSON: the text is shown as it is */ }
    super([`${path}: ${status}`, ...(list.length > 0 ? list : [text.slice(0, 500)])].join('\n'));
  }
}

// Sends a request until there is an answer that another attempt would not change.
async function retried(url: string, request: () => RequestInit): Promise<any> {
  for (let attempt = 1, wait = 500; ; attempt += 1, wait *= 2) {
    let failure: Error;
    let asked = 0; // milliseconds that the server asked to wait
    try {
      const answer = await fetch(url, { ...request(), signal: AbortSignal.timeout(30_000) });
      const text = await answer.text();
      if (answer.ok) return text === '' ? undefined : JSON.parse(text);
      failure = new Refused(answer.status, url, text);
      if (answer.status !== 429 && answer.status < 500) throw failure;
      asked = Number(answer.headers.get('retry-after') ?? 0) * 1000 || 0;
    } catch (error) {
      failure = error as Error;
      if (failure instanceof Refused && failure.status !== 429 && failure.status < 500) throw failure;
    }
    if (attempt === attempts) throw failure;
    await pause(Math.max(wait, asked));
  }
}

// Calls the server as the clinic.
export class Client {
  private token = '';
  private until = 0; // a new token is needed from then on, in milliseconds

  constructor(private readonly base: string, private readonly id: string, private readonly key: SigningKey) {}

  // Gets an access token, and says how many seconds it lasts.
  async renew(): Promise<number> {
    const known = await retried(`${this.base}/.well-known/smart-configuration`, () => ({}));
    const granted = await retried(known.token_endpoint, () => ({
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials', scope: scopes,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion(this.key, this.id, known.token_endpoint),
      }),
    }));
    this.token = granted.access_token;
    this.until = Date.now() + (granted.expires_in - 30) * 1000;
    return granted.expires_in;
  }

  read(path: string): Promise<any> { return this.call('GET', path); }

  // Sends a text and returns the answer. By requestID, which is the same for each attempt,
  // the server knows a repeat, and answers as it did the first time.
  async call(method: string, path: string, body?: string, requestID?: string): Promise<any> {
    if (Date.now() > this.until) await this.renew();
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}`, Accept: 'application/fhir+json' };
    if (body !== undefined) headers['Content-Type'] = 'application/fhir+json';
    if (requestID !== undefined) headers['X-Request-ID'] = requestID;
    return retried(`${this.base}/${path}`, () => ({ method, headers, ...(body === undefined ? {} : { body }) }));
  }
}

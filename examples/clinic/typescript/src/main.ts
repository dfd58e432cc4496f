// Sends a prescription as the software of a clinic does, and is told by a webhook that it
// has arrived. ../README.md says how to try it.
import { readFileSync } from 'node:fs';
import { Client, problems } from './client.js';
import { readKey } from './token.js';
import { Hook, parameter } from './webhook.js';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

async function progress(client: Client, task: string): Promise<void> {
  const answer = await client.read(`${task}/$progress`);
  console.log(`progress  ${parameter(answer.parameter, 'step')?.valueCode}, since ${parameter(answer.parameter, 'since')?.valueDateTime}`);
}

// Waits to be told of the prescription. Events of others are passed over; where nothing is
// told the program looks itself, since whoever sends an order again is not told again.
async function follow(client: Client, hook: Hook, number: string): Promise<void> {
  for (const until = Date.now() + 120_000; Date.now() < until;) {
    const event = await hook.next(15_000);
    if (event !== undefined) {
      const task = await client.read(event.focus);
      if (task.groupIdentifier?.value !== number) continue;
      console.log(`told      event ${event.number}: ${event.focus}`);
      return progress(client, event.focus);
    }
    const found = await client.read(`Task?code=prescription-order&group-identifier=${encodeURIComponent(number)}`);
    if (found.entry?.length > 0) return progress(client, `Task/${found.entry[0].resource.id}`);
  }
  throw new Error('the prescription did not arrive in time');
}

async function main(hook: Hook): Promise<void> {
  const file = process.argv[2];
  if (file === undefined) throw new Error('usage: node dist/main.js ORDER.json');
  const text = readFileSync(file, 'utf8');
  const message = JSON.parse(text);
  const number = message.entry.find((e: any) => e.resource.resourceType === 'MedicationRequest')?.resource.groupIdentifier?.value;
  const requestID = message.identifier?.value; // the same whenever this message is sent
  if (!number || !requestID) throw new Error('the order lacks Bundle.identifier or MedicationRequest.groupIdentifier');

  const client = new Client(setting('PESTLE_URL').replace(/\/$/, ''), setting('PESTLE_CLIENT'), readKey(setting('PESTLE_KEY')));
  console.log(`token     expires in ${await client.renew()} s`);
  await hook.listen(setting('HOOK_LISTEN'), process.env.HOOK_URL);
  console.log(`webhook   ${await hook.subscribe(client)} is active`);

  const wrong = problems(await client.call('POST', '$validate', text));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  console.log('valid     nothing to put right');
  await client.call('POST', '$process-message', text, requestID);
  console.log(`sent      ${number}`);
  await follow(client, hook, number);
}

const hook = new Hook();
try {
  await main(hook);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  hook.close();
}

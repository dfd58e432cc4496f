// Runs calls one after the other and says of each whether it did what it must.
import assert from 'node:assert/strict';

globalThis.WebSocket ??= class {}; // Node 20 has none, and a client wants its name

export { assert };
export const base = process.argv[2];

export async function run(calls) {
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call();
      console.log(`ok ${name}`);
    } catch (e) {
      console.log(`miss ${name}: ${String(e.message ?? e).replace(/\s+/g, ' ').slice(0, 500)}`);
    }
  }
}

// status runs a call that must be refused and gives what it was refused with.
export async function refused(call) {
  try {
    await call();
  } catch (e) {
    return e;
  }
  throw new Error('the call was not refused');
}

export const unique = `${Date.now()}-${process.pid}`;
export const patient = (family) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:clients', value: unique }],
  name: [{ family, given: ['A'] }],
});

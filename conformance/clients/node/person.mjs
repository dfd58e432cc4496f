// Plays the person in front of a browser: one of the people of a sandbox, who lets an
// app act for them.
import { base } from './calls.mjs';

const origin = new URL(base).origin;
const headers = { 'Pestle-Person': 'pharmacist' };

const page = async (answer) => {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.headers.get('location') ?? text}`);
  return text;
};
const unescaped = (text) => text.replaceAll('&amp;', '&');
const values = (text, name) => [...text.matchAll(new RegExp(`name="${name}" value="([^"]+)"`, 'g'))].map((m) => unescaped(m[1]));

// allow lets the app have what it asks for at an address, and returns where the browser
// is sent then. find is the name of the patient whom the person chooses.
export async function allow(address, find) {
  let text = await page(await fetch(address, { headers, redirect: 'manual' }));
  const form = new URLSearchParams([['asking', values(text, 'asking')[0]], ...values(text, 'scope').map((s) => ['scope', s])]);
  const send = (answer) => fetch(`${origin}/authorize`, { method: 'POST', headers, redirect: 'manual', body: new URLSearchParams([...form, ['answer', answer]]) });
  if (find) {
    form.set('find', find);
    text = await page(await send('find'));
    form.set('patient', values(text, 'patient')[0]);
  }
  const done = await send('allow');
  if (done.status !== 303) throw new Error(`${done.status} ${await done.text()}`);
  return done.headers.get('location');
}

// launch is the handle with which a clinic's software starts an app.
export async function launch(app, patient) {
  const answer = await fetch(`${origin}/launch`, { method: 'POST', body: new URLSearchParams({ client_id: app, patient }) });
  return (await answer.json()).launch;
}

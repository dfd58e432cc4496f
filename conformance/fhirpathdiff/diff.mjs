// Reads the lines of fhirpathdiff, asks fhirpath.js and Medplum the same, and
// prints where a result differs, grouped by who agrees with whom.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

// Medplum's package wants a browser's class at loading; nothing here opens a socket.
globalThis.WebSocket ??= class extends EventTarget {};
const { evalFhirPathTyped, toTypedValue } = await import('@medplum/core');

// round brings numbers to the digits that floating point keeps.
const round = (n) => Number(Number(n).toPrecision(12));

// normal is a value that compares as text: objects by sorted keys, numbers
// rounded, dates and quantities as FHIRPath writes them.
function normal(v) {
  if (v === null || v === undefined) return null;
  if (typeof v === 'number') return round(v);
  if (typeof v === 'bigint') return round(Number(v));
  if (typeof v === 'boolean') return v;
  if (typeof v === 'string') {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(v)) {
      const at = new Date(v);
      return isNaN(at) ? v : at.toISOString();
    }
    const q = v.match(/^(-?[\d.]+) (.+)$/);
    return q && /^('.*'|years?|months?|weeks?|days?|hours?|minutes?|seconds?|milliseconds?)$/.test(q[2]) ? `${round(q[1])} ${q[2].replace(/'/g, '')}` : v.replace(/^T(?=\d\d:)/, '').replace(/(\.\d*?)0+(?=Z|[+-]|$)/, '$1').replace(/\.(?=Z|[+-]|$)/, '');
  }
  if (Array.isArray(v)) return v.map(normal);
  if (v.constructor && /^FP_|ResourceNode/.test(v.constructor.name)) return normal(v.toJSON ? v.toJSON() : v.toString());
  if ('value' in v && 'unit' in v && Object.keys(v).length <= 4 && typeof v.value === 'number') return `${round(v.value)} ${v.unit}`;
  return Object.fromEntries(Object.keys(v).filter((k) => k !== '__path__').sort().map((k) => [k, normal(v[k])]));
}

const text = (list) => JSON.stringify(normal(list));

function ask(evaluate) {
  try {
    return text(evaluate());
  } catch (e) {
    return 'error';
  }
}

const amount = /\d '(mg|g|kg|cm|m|mL|s|min|h|1|mg\/dL|g\/L|Cel)'|\d (days|weeks|hours|months|years)\)?/;
const present = (list) => list.replace(/,null|null,|null/g, '');

// classes are the known reasons for which another engine gives something else;
// disagreements.md explains each.
const classes = [
  ['primitive without value', (c) => present(c.ours) === present(c.js) || present(c.ours) === present(c.medplum) || (/given/.test(c.expr) && c.ours.includes('null'))],
  ['quantities', (c) => amount.test(c.expr)],
  ['fraction of a time', (c) => /@T10:30:00\.5/.test(c.expr)],
  ['zone', (c) => /-00:00|\+00:00/.test(c.js) || (/@2015-02-04T14(?!:)/.test(c.expr) && /@2015-02-04T14:34:28|meta.lastUpdated|birthDate.extension/.test(c.expr)) || /toString\(\)/.test(c.expr) && /T14:34|lastUpdated|birthDate.extension/.test(c.expr)],
  ['digits of a decimal', (c) => /[/*]|mod|power|sqrt|\d\.\d/.test(c.expr) && /toString|'abc'|length|substring/.test(c.expr)],
  ['type hierarchy', (c) => /Element|Extension\)|ofType\(string\)|is string|System\.String/.test(c.expr)],
  ['value below descendants()', (c) => /descendants\(\)|children\(\)/.test(c.expr) && /value|given|system|use/.test(c.expr)],
  ['Medplum has no children()', (c) => /descendants\(\)|children\(\)/.test(c.expr)],
  ['milliseconds', (c) => /millisecond/.test(c.expr)],
];

const files = new Map();
const counts = {};
const tally = {};
const shown = {};
const limit = Number(process.argv[2] ?? 40);
for await (const row of createInterface({ input: process.stdin })) {
  const { expr, file, result, error } = JSON.parse(row);
  if (!files.has(file)) files.set(file, JSON.parse(readFileSync(file, 'utf8')));
  const resource = files.get(file);
  const ours = error ? 'error' : text(result);
  const js = ask(() => fhirpath.evaluate(resource, expr, {}, r4, { async: false, traceFn: () => {} }));
  const medplum = ask(() => evalFhirPathTyped(expr, [toTypedValue(resource)]).map((v) => v.value));
  const verdict = ours === js && ours === medplum ? 'all agree' : ours === js ? 'Medplum differs' : ours === medplum ? 'fhirpath.js differs' : js === medplum ? 'we differ' : 'three answers';
  counts[verdict] = (counts[verdict] ?? 0) + 1;
  if (verdict === 'we differ' || verdict === 'three answers' || verdict === 'fhirpath.js differs') {
    const known = classes.find(([, fits]) => fits({ expr, ours, js, medplum }));
    tally[known?.[0] ?? 'not classified'] = (tally[known?.[0] ?? 'not classified'] ?? 0) + 1;
    shown[verdict] ??= [];
    if (!known && shown[verdict].length < limit) shown[verdict].push({ expr, ours: error ? `error: ${error}` : ours, js, medplum });
  }
}
for (const [verdict, cases] of Object.entries(shown)) {
  console.log(`\n== ${verdict}`);
  for (const c of cases) console.log(`${c.expr}\n   ours    ${c.ours}\n   js      ${c.js}\n   medplum ${c.medplum}`);
}
console.log('\n', counts, tally);

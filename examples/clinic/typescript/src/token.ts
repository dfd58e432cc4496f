import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

// What the program asks for, and no more than it needs.
export const scopes = 'system/Task.rs system/Subscription.cruds system/$validate system/$process-message system/$progress system/$webhook-secret';

// A private key on P-384 with the id under which its public key is registered.
export interface SigningKey { id: string; key: KeyObject }

// Reads a JSON Web Key, as `pestle client key` writes it.
export function readKey(file: string): SigningKey {
  const jwk = JSON.parse(readFileSync(file, 'utf8'));
  return { id: jwk.kid, key: createPrivateKey({ key: jwk, format: 'jwk' }) };
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A JSON Web Token by which the client proves to the token endpoint who it is. It is taken once.
export function assertion(key: SigningKey, client: string, endpoint: string): string {
  const header = { alg: 'ES384', typ: 'JWT', kid: key.id };
  const claims = { iss: client, sub: client, aud: endpoint, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 240 };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign('sha384', Buffer.from(signed), { key: key.key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

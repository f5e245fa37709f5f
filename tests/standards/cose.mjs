// Verifies COSE_Sign1 objects with @auth0/cose, which knows nothing of this project.
//
// usage: node cose.mjs FOLDER_OF_NODE_MODULES < CASES
//
// CASES is JSON: [{name, object, key, aad, payload, valid}], bytes in hex; aad is the external_aad, payload the detached one, or null.
// Ends with 0 when each came out as `valid` says.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'package.json'));
const { Sign1 } = require('@auth0/cose');
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));

async function verifies({ object, key, aad, payload }) {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key, 'hex').toString('base64url') };
    const publicKey = await crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
    const options = { externalAAD: bytes(aad) };
    if (payload !== null) options.detachedPayload = bytes(payload);
    try {
        await Sign1.decode(bytes(object)).verify(publicKey, options);
        return true;
    } catch {
        return false;
    }
}

let wrong = 0;
const cases = JSON.parse(readFileSync(0, 'utf8'));
for (const one of cases) {
    if ((await verifies(one)) === one.valid) continue;
    console.error(`${one.name}: ${one.valid ? 'does not verify' : 'verifies, and must not'}`);
    wrong++;
}
if (cases.length === 0) wrong++;
console.log(`${cases.length} objects, ${wrong} wrong`);
process.exit(wrong === 0 ? 0 : 1);

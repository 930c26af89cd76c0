// Messages as others make them: events by the CloudEvents SDK, tokens by jose.
// Usage: node speak.js FILE, with the packages on NODE_PATH. FILE is JSON: what to say, and the
// keys to sign with. Prints a line for each message, as publish.js takes them.
"use strict";

const { readFileSync } = require("node:fs");
const { CloudEvent, HTTP } = require("cloudevents");
const { SignJWT, importJWK } = require("jose");

async function signed(claims, key) {
  const header = { alg: key.alg, kid: key.kid };
  return new SignJWT(claims).setProtectedHeader(header).setIssuedAt().sign(await importJWK(key, key.alg));
}

// The SDK speaks HTTP; over AMQP the attributes have another prefix.
function binaryHeaders(headers) {
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  return Object.fromEntries(attributes.map(([name, value]) => [`cloudEvents:${name.slice(3)}`, value]));
}

async function main() {
  const { type, contact, tokens } = JSON.parse(readFileSync(process.argv[2], "utf8"));
  for (const { name, claims, key } of tokens) {
    const authorization = `Bearer ${await signed(claims, key)}`;
    const fields = { type, source: "urn:example:kcc", datacontenttype: "application/json", data: contact };
    const structured = HTTP.structured(new CloudEvent({ ...fields, id: `${name}-structured` }));
    const binary = HTTP.binary(new CloudEvent({ ...fields, id: `${name}-binary` }));
    const options = { userId: "callcenter", persistent: true };
    for (const [message, headers] of [[structured, {}], [binary, binaryHeaders(binary.headers)]]) {
      console.log(JSON.stringify({
        body: message.body,
        options: {
          ...options,
          contentType: message.headers["content-type"],
          headers: { ...headers, authorization },
        },
      }));
    }
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

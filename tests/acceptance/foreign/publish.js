// A channel system that is not Python's: publishes what stands in the file named, line by line.
// Usage: node publish.js FILE, with AMQP_URL in the environment and amqplib on NODE_PATH.
"use strict";

const { readFileSync } = require("node:fs");
const amqplib = require("amqplib");

async function main() {
  const connection = await amqplib.connect(process.env.AMQP_URL);
  const channel = await connection.createConfirmChannel();
  for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
    const { body, options } = JSON.parse(line);
    channel.publish("klantcontact.registratie", "callcenter", Buffer.from(body), options);
  }
  await channel.waitForConfirms();
  await connection.close();
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

// The official parser on an AsyncAPI document: prints what it finds, as JSON, and how much it read.
// Usage: node parse.js FILE, with @asyncapi/parser on NODE_PATH.
"use strict";

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

async function main() {
  const text = readFileSync(process.argv[2], "utf8");
  const { document, diagnostics } = await new Parser().parse(text);
  console.log(JSON.stringify({
    diagnostics: diagnostics.map(({ code, severity, message, path }) => (
      { code, severity, message, path: path.join("/") })),
    channels: document ? document.channels().all().length : 0,
    operations: document ? document.operations().all().length : 0,
    messages: document ? document.messages().all().length : 0,
  }));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

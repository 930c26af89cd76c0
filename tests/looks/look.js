// Opens pages in headless Chromium, light and dark, narrow and wide; prints what is wrong, as JSON.
// Usage: node look.js CHROMIUM FOLDER OUTPUT, with the packages of package.json on NODE_PATH.
// Judges FOLDER/shown/*.html and FOLDER/hard/*.html; of the former, OUTPUT gets a *.png per look.
"use strict";

const { readdirSync } = require("node:fs");
const { basename, join, resolve } = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const sharp = require("sharp");

const FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
// Chromium refuses its sandbox to root.
if (process.getuid() === 0) FLAGS.push("--no-sandbox");
// WCAG 2.2 AA, and axe's own good practices.
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// A mail is no page of its own: a mail program shows it within its landmarks.
const NOT_FOR_MAILS = {
  "landmark-one-main": { enabled: false },
  region: { enabled: false },
};
const WIDTHS = [320, 600];

async function judge(page) {
  const found = [];
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  const given = page.viewportSize().width;
  if (wide > given) found.push(`is ${wide} pixels wide`);
  const options = { runOnly: RULES, rules: NOT_FOR_MAILS };
  const { violations, incomplete } = await page.evaluate((given) => axe.run(given), options);
  for (const { id, nodes } of [...violations, ...incomplete]) {
    found.push(`${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  }
  return found;
}

function pages(folder) {
  return readdirSync(folder).sort().map((name) => join(folder, name));
}

async function look(page, file, colorScheme, report, output) {
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.evaluate(axe.source);
  const name = basename(file, ".html");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 400 });
    report.looks += 1;
    for (const what of await judge(page)) {
      (report.wrong[what] ??= []).push(`${name} (${colorScheme}, ${width} pixels)`);
    }
    if (output) {
      const path = join(output, `${name}-${colorScheme}-${width}.png`);
      const picture = await page.screenshot({ fullPage: true });
      // Few colours, so a palette: a third of the size.
      await sharp(picture).png({ palette: true, effort: 10 }).toFile(path);
    }
  }
}

async function main() {
  const [executablePath, folder, output] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const report = { browser: browser.version(), axe: axe.version, looks: 0, wrong: {} };
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, offline: true });
    const page = await context.newPage();
    for (const file of pages(join(folder, "shown"))) {
      await look(page, file, colorScheme, report, output);
    }
    for (const file of pages(join(folder, "hard"))) await look(page, file, colorScheme, report);
    await context.close();
  }
  await browser.close();
  console.log(JSON.stringify(report));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

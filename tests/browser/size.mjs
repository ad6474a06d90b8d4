// What the page weighs, gzipped. First load: what has to arrive before the page can be seen and edited. The worker's program comes after it and is
// counted on its own. Where a ceiling is above its target it is what was reached. Writes dist/sizes.json. Usage: node size.mjs DIST
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const dist = process.argv[2] ?? "dist";
const sizes = readdirSync(dist)
  .filter((name) => /\.(html|js|mjs|css|wasm|svg|webmanifest)$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(dist, name)), { level: 9 }).length }))
  .sort((a, b) => b.bytes - a.bytes);
const sum = (wanted) => sizes.filter(({ name }) => wanted(name)).reduce((all, { bytes }) => all + bytes, 0);
const ofWorker = (name) => /^(worker|engine)/.test(name);
// [name, bytes, ceiling, target]: above the ceiling the run fails, above the target it says so.
const budgets = [
  ["first load", sum((name) => !ofWorker(name)), 500, 500],
  ["page wasm", sum((name) => /^app-.*\.wasm$/.test(name)), 430, 350],
  ["scripts", sum((name) => /\.m?js$/.test(name)), 25, 25],
  ["styles", sum((name) => /\.css$/.test(name)), 15, 15],
  ["worker wasm", sum((name) => /^worker.*\.wasm$/.test(name)), 2340, 450],
];
const told = budgets.map(([name, bytes, ceiling, target]) => ({ name, bytes, ceiling: ceiling * KIB, target: target * KIB }));
writeFileSync(join(dist, "sizes.json"), `${JSON.stringify({ sizes, budgets: told }, null, 1)}\n`);
for (const { name, bytes } of sizes) console.log(`${(bytes / KIB).toFixed(1).padStart(8)} KiB  ${name}`);
let over = 0;
for (const [name, bytes, ceiling, target] of budgets) {
  const fits = bytes > 0 && bytes <= ceiling * KIB;
  over += fits ? 0 : 1;
  const note = bytes > target * KIB ? `; its target is ${target} KiB` : "";
  console.log(`${fits ? "ok  " : "OVER"} ${name}: ${(bytes / KIB).toFixed(1)} of ${ceiling} KiB${note}`);
}
process.exit(over === 0 ? 0 : 1);

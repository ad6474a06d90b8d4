// What the first load weighs, gzipped, and whether it stays within its budgets. Writes dist/sizes.json.
// Usage: node size.mjs DIST
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const dist = process.argv[2] ?? "dist";
const sizes = readdirSync(dist)
  .filter((name) => /\.(html|js|mjs|css|wasm|svg|webmanifest)$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(dist, name)), { level: 9 }).length }))
  .sort((a, b) => b.bytes - a.bytes);
const sum = (wanted) => sizes.filter(({ name }) => wanted.test(name)).reduce((all, { bytes }) => all + bytes, 0);
// The page is there before its worker is: the worker's program is fetched after the first paint and counted on its own.
const budgets = [
  ["page wasm", sum(/^app-.*\.wasm$/), 350],
  ["worker wasm", sum(/^worker.*\.wasm$/), Number(process.env.WAVETANK_WORKER_KIB ?? 450)],
  ["scripts", sum(/\.m?js$/), 25],
  ["styles", sum(/\.css$/), 15],
  ["first load", sum(/./), 500],
];
writeFileSync(join(dist, "sizes.json"), `${JSON.stringify({ sizes, budgets: budgets.map(([name, bytes, kib]) => ({ name, bytes, budget: kib * KIB })) }, null, 1)}\n`);
for (const { name, bytes } of sizes) console.log(`${(bytes / KIB).toFixed(1).padStart(8)} KiB  ${name}`);
let over = 0;
for (const [name, bytes, kib] of budgets) {
  const fits = bytes > 0 && bytes <= kib * KIB;
  over += fits ? 0 : 1;
  console.log(`${fits ? "ok  " : "OVER"} ${name}: ${(bytes / KIB).toFixed(1)} of ${kib} KiB`);
}
process.exit(over === 0 ? 0 : 1);

// Holds the conformance counts against what was reached before: no family may fall, and what disagrees is what `disagreements.json` gives a reason
// for, neither more nor less. `--write` keeps the counts as the new floors.
// Usage: node floors.mjs CONFORMANCE DATA [--write]
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [program, data, write] = process.argv.slice(2);
const file = fileURLToPath(new URL("floors.json", import.meta.url));
const floors = JSON.parse(readFileSync(file, "utf8"));
const reasons = JSON.parse(readFileSync(fileURLToPath(new URL("disagreements.json", import.meta.url)), "utf8"));
let passed = 0;
let failed = 0;

for (const kind of ["scheduler", "controlplane", "apiserver"]) {
  const run = spawnSync(program, [kind, join(data, kind), "--json"], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0 && run.status !== 1) {
    console.log(`FAILED ${kind}: ${run.error ?? run.stderr}`);
    failed += 1;
    continue;
  }
  const report = JSON.parse(run.stdout);
  const before = floors[kind] ?? {};
  for (const { family, agree, total } of report.families) {
    const floor = before[family] ?? 0;
    const holds = agree >= floor;
    passed += holds ? 1 : 0;
    failed += holds ? 0 : 1;
    const note = agree > floor ? ` (the floor, ${floor}, can rise: --write)` : "";
    console.log(`${holds ? "ok    " : "FELL  "} ${kind}/${family}: ${agree}/${total}${holds ? note : `, was ${floor}`}`);
  }
  for (const family of Object.keys(before).filter((family) => !report.families.some((now) => now.family === family))) {
    console.log(`FELL   ${kind}/${family}: no longer judged`);
    failed += 1;
  }
  if (reasons[kind]) {
    // A disagreement is told with the part that disagrees behind the name of its recording.
    const found = new Set(report.families.flatMap(({ disagreements }) => disagreements.map(({ id }) => id.split(" ")[0])));
    const without = [...found].filter((id) => !(id in reasons[kind]));
    const mended = Object.keys(reasons[kind]).filter((id) => !found.has(id));
    without.forEach((id) => console.log(`FELL   ${kind}: ${id} disagrees, and disagreements.json has no reason for it`));
    mended.forEach((id) => console.log(`FELL   ${kind}: ${id} agrees now: take it out of disagreements.json`));
    passed += found.size - without.length;
    failed += without.length + mended.length;
  }
  console.log(`${kind}: ${report.agree}/${report.total}`);
  floors[kind] = Object.fromEntries(report.families.map(({ family, agree }) => [family, agree]));
}
if (write === "--write") writeFileSync(file, `${JSON.stringify(floors, null, 2)}\n`);
console.log(`floors: ${passed} hold, ${failed} fell`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

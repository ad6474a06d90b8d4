// The same trace, byte for byte, natively and as WebAssembly: the worker's own program under node against the native one, over every example.
// Usage: node same-hash.mjs NATIVE_WORKER [DIST [EXAMPLES]]
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [native, dist = join(root, "dist"), examples = join(root, "static/examples")] = process.argv.slice(2);

const questions = readdirSync(examples)
  .sort()
  .filter((name) => statSync(join(examples, name)).isDirectory())
  .map((name) => {
    const dir = join(examples, name);
    const names = readdirSync(dir).sort().filter((file) => /\.(ya?ml|json)$/.test(file));
    const files = names.map((file) => ({ name: file, text: readFileSync(join(dir, file), "utf8") }));
    return { name, json: JSON.stringify({ digest: { files, seed: 1 } }) };
  });

const answers = spawnSync(native, [], { input: questions.map(({ json }) => `${json}\n`).join(""), encoding: "utf8", maxBuffer: 1 << 26 });
if (answers.status !== 0) throw new Error(`${native}: ${answers.error ?? answers.stderr}`);
const natively = answers.stdout.trim().split("\n").slice(1).map((line) => JSON.parse(line).digest);

// A page's worker has these; node has not.
let heard;
globalThis.postMessage = (message) => { heard = message; };
const place = mkdtempSync(join(tmpdir(), "wavetank-"));
copyFileSync(join(dist, "worker.js"), join(place, "worker.mjs"));
const { initSync } = await import(pathToFileURL(join(place, "worker.mjs")));
initSync({ module: readFileSync(join(dist, "worker_bg.wasm")) });
rmSync(place, { recursive: true });

let differ = 0;
let records = 0;
questions.forEach(({ name, json }, nth) => {
  globalThis.onmessage({ data: json });
  const wasm = JSON.parse(heard).digest;
  const same = wasm?.digest !== undefined && wasm.digest === natively[nth]?.digest;
  records += wasm?.records ?? 0;
  if (!same) {
    differ += 1;
    console.log(`${name}: native ${JSON.stringify(natively[nth])}, wasm ${heard}`);
  }
});
console.log(`${questions.length - differ} of ${questions.length} examples have the same trace natively and as wasm (${records} records)`);
process.exit(differ === 0 && questions.length > 0 && records > 0 ? 0 : 1);

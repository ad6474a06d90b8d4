// What the worker's program alone costs, without a page, as JSON on standard output: the worker's own wasm under node. Each answer is timed from the
// question's bytes to the answer's, phase by phase as the worker tells them. Asserts nothing.
// Usage: node [--cpu-prof] measure-worker.mjs DIST [NODES PODS [TIMES]]
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { manifest, round, summary } from "./measured.mjs";

const [dist, nodes = "5000", pods = "150000", times = "50"] = process.argv.slice(2);

// Questions in the form of the page's wire: postcard.
const varint = (of) => {
  const bytes = [];
  let rest = BigInt(of);
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
};
const zigzag = (of) => varint(of >= 0 ? 2 * of : -2 * of - 1);
const text = (of) => {
  const bytes = new TextEncoder().encode(of);
  return [...varint(bytes.length), ...bytes];
};
const step = ({ at_ms, verb, target }) => [...zigzag(at_ms), ...varint(verb), ...text(target)];
const run = (generation, yaml, steps) =>
  Uint8Array.from([form, 0, ...varint(generation), 1, ...text("measured.yaml"), ...text(yaml), steps.length, ...steps.flatMap(step), 0, 0, 0]);
const frame = (generation, at_ms, have) => Uint8Array.from([form, 2, ...varint(generation), ...zigzag(at_ms), ...varint(have)]);
const FAIL_ZONE = 0;

// A page's worker has these; node has not.
let heard = [];
globalThis.postMessage = (message) => { heard.push({ at: performance.now(), bytes: message }); };
const place = mkdtempSync(join(tmpdir(), "wavetank-"));
copyFileSync(join(dist, "worker.js"), join(place, "worker.mjs"));
const { initSync } = await import(pathToFileURL(join(place, "worker.mjs")));
const program = initSync({ module: readFileSync(join(dist, "worker_bg.wasm")) });
rmSync(place, { recursive: true });
// Its first word, that it is ready, begins with the form of the wire.
const form = heard[0].bytes[0];
const mib = () => Math.round(program.memory.buffer.byteLength / 2 ** 20);

// How long a question takes, in all and by phase, and how long its answer is.
function ask(question) {
  heard = [];
  const began = performance.now();
  globalThis.onmessage({ data: question });
  const ms = performance.now() - began;
  const phases = {};
  heard.slice(0, -1).forEach(({ at, bytes }, nth) => {
    // Progress: its variant, the generation, the phase's name.
    const name = new TextDecoder().decode(bytes.slice(-2 - 16)).match(/[A-Z][a-z]+/)?.[0] ?? `phase ${nth}`;
    phases[name] = heard[nth + 1].at - at;
  });
  return { ms, phases, bytes: heard.at(-1).bytes.length };
}
const told = ({ ms, phases, bytes }) => ({ ms: round(ms), phases: Object.fromEntries(Object.entries(phases).map(([name, ms]) => [name, round(ms)])), bytes });

const small = manifest(100, 1000);
const all = [];
for (let nth = 0; nth < Number(times); nth += 1) all.push(ask(run(nth + 1, small.replace("replicas: 100", `replicas: ${60 + (nth % 40)}`), [])));
const result = { keystroke: { ...summary(all.map(({ ms }) => ms)), last: all.length > 0 ? told(all.at(-1)) : null, memory_mib: mib() } };
if (Number(pods) > 0) {
  const large = manifest(Number(nodes), Number(pods));
  result.settle = { ...told(ask(run(1000, large, []))), memory_mib: mib() };
  result.zone_loss = { ...told(ask(run(1001, large, [{ at_ms: 5000, verb: FAIL_ZONE, target: "zone-b" }]))), memory_mib: mib() };
  const frames = [];
  for (let nth = 0; nth < 100; nth += 1) frames.push(ask(frame(1001, 5000 + nth * 6000, nth)).ms);
  result.frames = summary(frames);
}
console.log(JSON.stringify(result, null, 1));

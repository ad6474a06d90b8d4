// The page in Firefox as its makers ship it, over WebDriver BiDi: Playwright drives a Firefox of its own only. A short way through everything that browsers
// do differently: WebAssembly in a module worker, the policy, canvas, keys, pointer, storage, a reload without a network.
// Usage: node firefox.mjs WAVETANK DIST FIREFOX
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";

if (typeof WebSocket === "undefined") {
  // Before its 22nd version node has it behind a flag.
  process.exit(spawnSync(process.execPath, ["--experimental-websocket", "--no-warnings", ...process.argv.slice(1)], { stdio: "inherit" }).status ?? 1);
}

const [wavetank, dist, firefox] = process.argv.slice(2);
const port = Number(process.env.WAVETANK_PORT ?? 8932);
const page = `http://127.0.0.1:${port}/sub/path/`;
const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example/web:1.0.0", resources: {requests: {cpu: 250m, memory: 256Mi}}}]}
`;

const serve = () => {
  const server = spawn(wavetank, ["serve", "--dir", dist, "--base", "/sub/path", "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((yes, no) => {
    server.stdout.once("data", () => yes(server));
    server.once("exit", () => no(new Error("wavetank serve ended")));
  });
};

const profile = mkdtempSync(join(tmpdir(), "wavetank-firefox-"));
writeFileSync(join(profile, "user.js"), 'user_pref("ui.prefersReducedMotion", 1);\nuser_pref("browser.shell.checkDefaultBrowser", false);\n');
let server = await serve();
const browser = spawn(firefox, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"], { stdio: ["ignore", "ignore", "pipe"] });

/** What is asked of the browser, and what it tells by itself. */
async function talk() {
  const address = await new Promise((yes, no) => {
    let said = "";
    browser.stderr.on("data", (more) => {
      said += more;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
      if (found) yes(found[1]);
    });
    browser.once("exit", () => no(new Error(`Firefox ended: ${said}`)));
    setTimeout(() => no(new Error(`Firefox does not listen: ${said}`)), 60_000).unref();
  });
  const socket = new WebSocket(`${address}/session`);
  await new Promise((yes, no) => Object.assign(socket, { onopen: yes, onerror: no }));
  const waiting = new Map();
  const told = [];
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (!message.id) return void told.push(message);
    const [yes, no] = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === "error") no(new Error(`${message.error}: ${message.message}`));
    else yes(message.result);
  };
  let asked = 0;
  const ask = (method, params = {}) => new Promise((yes, no) => {
    const id = asked += 1;
    waiting.set(id, [yes, no]);
    socket.send(JSON.stringify({ id, method, params }));
  });
  return { ask, told };
}

const { ask, told } = await talk();
let checks = 0;
let version = "";

try {
  version = (await ask("session.new", { capabilities: {} })).capabilities.browserVersion;
  await ask("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
  await ask("script.addPreloadScript", { functionDeclaration: "() => { window.broken = []; addEventListener('securitypolicyviolation', (event) => window.broken.push(`${event.violatedDirective} ${event.blockedURI}`)); }" });
  const { context } = (await ask("browsingContext.getTree")).contexts[0];
  await ask("browsingContext.setViewport", { context, viewport: { width: 1440, height: 900 } });

  const run = async (expression) => {
    const { type, result, exceptionDetails } = await ask("script.evaluate", { expression, target: { context }, awaitPromise: true });
    if (type === "exception") throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  };
  /** Waits until it holds, and counts it. */
  const holds = async (what, expression) => {
    for (let tries = 0; tries < 150; tries += 1) {
      if (await run(expression).catch(() => false)) return void (checks += 1);
      await rest(200);
    }
    throw new Error(`${what}: ${expression}`);
  };
  const act = (actions) => ask("input.performActions", { context, actions });
  const press = (value) => act([{ type: "key", id: "keys", actions: [{ type: "keyDown", value }, { type: "keyUp", value }] }]);
  /** Presses the button of the mouse where that stands, or so far along it. */
  const click = async (element, part = 0.5) => {
    const [x, y] = JSON.parse(await run(`(() => { const box = (${element}).getBoundingClientRect(); return JSON.stringify([box.x + ${part} * box.width, box.y + box.height / 2].map(Math.round)); })()`));
    await act([{ type: "pointer", id: "mouse", actions: [{ type: "pointerMove", x, y }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }] }]);
  };
  const button = (words) => `[...document.querySelectorAll("button")].find((each) => each.textContent.trim() === "${words}")`;
  const time = `document.querySelector("[role=slider]")`;
  const label = `(document.querySelector(".canvas-holder canvas")?.getAttribute("aria-label") ?? "")`;
  const settled = `document.querySelector(".stage")?.ariaBusy === "false" && !document.querySelector(".stage.stale")`;

  await ask("browsingContext.navigate", { context, url: page, wait: "complete" });
  await holds("opens on its example", `${settled} && /lost/.test(${label})`);
  await holds("the map is drawn", `new Set(document.querySelector(".canvas-holder canvas").getContext("2d").getImageData(0, 0, 300, 300).data).size > 8`);
  await run(`${time}.focus()`);
  await press("\uE011");
  await holds("Home is the start", `${time}.ariaValueNow === "0"`);
  await press("\uE014");
  await holds("an arrow is the next event", `Number(${time}.ariaValueNow) > 0`);
  await click(time, 0.9);
  await holds("a click on the line is a moment", `Number(${time}.ariaValueNow) > 0.7 * Number(${time}.ariaValueMax)`);
  const item = (words) => `[...document.querySelectorAll("[role=menuitem]")].find((each) => each.textContent.includes("${words}"))`;
  await click(button("Examples"));
  await holds("a menu opens", `!!${item("Empty page")}`);
  await run(`${item("Empty page")}.scrollIntoView()`);
  await click(item("Empty page"));
  await holds("nothing is open", `document.querySelector("textarea").value === ""`);
  await run(`(() => { const field = document.querySelector("textarea"); field.value = ${JSON.stringify(web)}; field.dispatchEvent(new InputEvent("input", { bubbles: true })); })()`);
  await holds("what is written is run", `${settled} && /6 ready/.test(${label})`);
  await click(button("Fail zone"));
  await holds("its zones are offered", `!!${item("zone-a")}`);
  await click(item("zone-a"));
  await holds("a step is added", `/Fail zone zone-a/.test(document.querySelector(".steps")?.textContent)`);
  await click(button("Report"));
  await holds("the report tells of it", `${settled} && /deployment\\/web/.test(document.querySelector(".workloads")?.textContent)`);
  await click(button("Graph"));
  await holds("relations are drawn", `document.querySelectorAll(".relations .node").length > 0`);
  await click(button("Table"));
  await holds("rows are shown", `document.querySelectorAll(".cluster-table tr.pod").length > 0`);
  await holds("the scene is kept", `/^1\\./.test(localStorage.getItem("wavetank-scene")) && navigator.serviceWorker.ready.then(() => caches.keys()).then((names) => names.length === 1)`);
  await holds("and all of its files", `caches.keys().then(([name]) => caches.open(name)).then((cache) => cache.keys()).then((files) => files.length > 8)`);
  server.kill();
  await new Promise((gone) => server.once("exit", gone));
  await ask("browsingContext.reload", { context, wait: "complete" });
  await holds("it opens without a network, with what was written", `${settled} && /lost|ready/.test(${label}) && document.querySelector("textarea").value.includes("name: web")`);
  await holds("no policy is broken", "window.broken.length === 0");
  const elsewhere = told.filter(({ method, params }) => method === "network.beforeRequestSent" && !/^(data|blob):/.test(params.request.url) && !params.request.url.startsWith(page));
  const wrong = told.filter(({ method, params }) => method === "log.entryAdded" && params.level === "error");
  if (elsewhere.length > 0) throw new Error(`asked elsewhere: ${elsewhere.map(({ params }) => params.request.url)}`);
  if (wrong.length > 0) throw new Error(`errors in the console: ${wrong.map(({ params }) => params.text).join("; ")}`);
  checks += 2;
} catch (error) {
  console.log(`Firefox ${version}, after ${checks} checks: ${error.message}`);
  process.exitCode = 1;
} finally {
  browser.kill();
  server.kill();
  await rest(500);
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${checks} checks in Firefox ${version}`);
process.exit();

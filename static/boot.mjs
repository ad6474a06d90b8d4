// Starts the page. A file of its own, for the policy of the page allows no inline script. What goes wrong here or later is said without the program.
const tag = document.querySelector("script[data-program]");

function say(words, ...more) {
  const box = Object.assign(document.createElement("div"), { className: "refused", role: "alert" });
  box.append(Object.assign(document.createElement("p"), { textContent: words }), ...more);
  document.body.append(box);
}

// The program itself came to a halt: what is in the editor is still there, and can be saved.
addEventListener("error", ({ error }) => {
  const halted = typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError;
  if (!halted || document.querySelector(".refused")) return;
  const text = document.querySelector("textarea")?.value ?? "";
  const save = Object.assign(document.createElement("a"), { className: "button", textContent: "Save what is in the editor", download: "manifest.yaml", href: URL.createObjectURL(new Blob([text], { type: "text/yaml" })) });
  const again = Object.assign(document.createElement("button"), { className: "button", textContent: "Load the page again", onclick: () => location.reload() });
  say("Wavetank came to a halt. Nothing you wrote is lost: save it, or load the page again.", save, again);
});

// Workers are started here, the first while the page's own program is still coming: by the time it is asked, it can answer. Their program is
// fetched and compiled once for all of them.
const build = `?${tag.dataset.program.replaceAll(/[^A-Za-z0-9]/g, "")}`;
const program = (async () => WebAssembly.compileStreaming(fetch(new URL(`./worker_bg.wasm${build}`, document.baseURI))))();
function hire() {
  const worker = new Worker(new URL(`./engine.mjs${build}`, document.baseURI), { type: "module" });
  program.then((compiled) => worker.postMessage(compiled), () => worker.postMessage(null));
  return worker;
}

let first;
const said = [];
try {
  first = hire();
  first.onmessage = (event) => said.push(event.data);
  first.onerror = () => { first = undefined; };
} catch {
  // The page says that there are no workers.
}
// What the first one said before anybody heard it is said again.
globalThis.hireWorker = () => {
  const worker = first ?? hire();
  first = undefined;
  setTimeout(() => said.splice(0).forEach((data) => worker.dispatchEvent(new MessageEvent("message", { data }))));
  return worker;
};

try {
  const { default: start } = await import(new URL(tag.dataset.script, document.baseURI));
  await start({ module_or_path: new URL(tag.dataset.program, document.baseURI) });
  // The files stay for a visit without a network. A browser that keeps none goes on without.
  navigator.serviceWorker?.register("./keep.mjs", { type: "module" }).catch(() => {});
} catch (error) {
  const lacking = typeof WebAssembly !== "object";
  const forbidden = !lacking && /unsafe-eval|Content Security Policy/i.test(String(error));
  say(
    lacking ? "Wavetank needs WebAssembly, which this browser lacks or has switched off. Switch it on (some browsers do so for a site that is allowed more), or use another browser."
      : forbidden ? "Something forbids WebAssembly on this page: a browser's strict mode, an extension, or the policy of the server. Allow it for this page, or use another browser."
        : `Wavetank could not be loaded: ${error}. Look at the connection and load the page again.`,
  );
  throw error;
}

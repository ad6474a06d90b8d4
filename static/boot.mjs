// Starts the page. A file of its own, for the policy of the page allows no inline script.
const tag = document.querySelector("script[data-program]");
try {
  const { default: start } = await import(new URL(tag.dataset.script, document.baseURI));
  await start({ module_or_path: new URL(tag.dataset.program, document.baseURI) });
  // The files stay for a visit without a network. A browser that keeps none goes on without.
  navigator.serviceWorker?.register("./keep.mjs", { type: "module" }).catch(() => {});
} catch (error) {
  const words = typeof WebAssembly === "object" ? `Wavetank could not be started: ${error}. Load the page again.` : "Wavetank needs WebAssembly, which this browser lacks or forbids. Allow it, or use another browser.";
  document.body.append(Object.assign(document.createElement("p"), { className: "refused", textContent: words }));
  throw error;
}

// Starts the worker's program, which the page has compiled; where it could not, the worker tries by itself. The page adds its own build's name as a
// query, so that an old copy is never taken from a cache.
const given = new Promise((hear) => addEventListener("message", ({ data }) => hear(data), { once: true }));
const build = new URL(import.meta.url).search;
const { default: start } = await import(`./worker.js${build}`);
await start({ module_or_path: (await given) ?? new URL(`./worker_bg.wasm${build}`, import.meta.url) });

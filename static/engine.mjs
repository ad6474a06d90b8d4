// Starts the worker's program. The page adds its own build's name as a query, so that an old copy is never taken from a cache.
const build = new URL(import.meta.url).search;
const { default: start } = await import(`./worker.js${build}`);
await start({ module_or_path: new URL(`./worker_bg.wasm${build}`, import.meta.url) });

// Starts the page. A file of its own, for the policy of the page allows no inline script.
const tag = document.querySelector("script[data-program]");
const { default: start } = await import(new URL(tag.dataset.script, document.baseURI));
await start({ module_or_path: new URL(tag.dataset.program, document.baseURI) });

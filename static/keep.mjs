// Keeps the page's files on this machine, so that it opens without a network. Asks for nothing but those files, and sends nothing.
const NAME = "wavetank-";

// The files of a build are named in its page; those of its worker carry the build's name as a query.
async function files() {
  const answer = await fetch("./", { cache: "no-cache" });
  const text = await answer.clone().text();
  const named = [...text.matchAll(/(?:href|src|data-script|data-program)="([^"]+)"/g)].map(([, path]) => path);
  const program = /data-program="([^"]+)"/.exec(text)?.[1] ?? "";
  const build = program.replaceAll(/[^A-Za-z0-9]/g, "");
  return { answer, build, paths: [...named, ...["engine.mjs", "worker.js", "worker_bg.wasm"].map((name) => `./${name}?${build}`)] };
}

async function keep() {
  const { answer, build, paths } = await files();
  if (await caches.has(NAME + build)) return;
  const cache = await caches.open(NAME + build);
  try {
    await cache.addAll([...new Set(paths)]);
    await cache.put("./", answer);
  } catch (error) {
    await caches.delete(NAME + build);
    throw error;
  }
  for (const name of await caches.keys()) {
    if (name.startsWith(NAME) && name !== NAME + build) await caches.delete(name);
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  const kept = () => caches.match(request, { ignoreSearch: request.mode === "navigate" });
  if (request.mode === "navigate") {
    // A newer build comes first where there is a network, and is kept for when there is none.
    event.respondWith(fetch(request).then((answer) => {
      event.waitUntil(keep().catch(() => {}));
      return answer;
    }, async () => (await kept()) ?? (await caches.match("./")) ?? Response.error()));
  } else {
    event.respondWith(kept().then((found) => found ?? fetch(request)));
  }
});

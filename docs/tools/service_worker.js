// Keeps what the pages need, so that they work without a network. Everything else of the site is
// left to the browser.
//
// A file is kept by its address and its digest: a new version of the site replaces only what has
// changed, all at once, when the person asks for it or opens the page anew.

/** The files, each with its digest; filled in when the site is built. @type {Object<string, string>} */
const FILES = {};
const CACHE = "model-template";
/** A worker that the pages do not make themselves has only the policy that it is sent with. */
const WORKER = new URL("worker.js", location.href).href;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** @type {Map<string, string>} the digest by the address */
const digests = new Map(
  Object.entries(FILES).map(([path, digest]) => [new URL(path, location.href).href, digest]),
);

/** What a file is kept as. @param {string} address */
const keyOf = (address) => `${address}?${encodeURIComponent(digests.get(address) ?? "")}`;

async function keep() {
  const cache = await caches.open(CACHE);
  const add = async (/** @type {string} */ address) => {
    if (await cache.match(keyOf(address))) return;
    // A file of another version, sent while the site is replaced, is refused: this version then
    // stays away until it is complete.
    const response = await fetch(address, { integrity: digests.get(address), cache: "no-cache" });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    await cache.put(keyOf(address), response);
  };
  await Promise.all([...digests.keys()].map(add));
}

async function forgetTheRest() {
  const cache = await caches.open(CACHE);
  const kept = new Set([...digests.keys()].map(keyOf));
  const old = (await cache.keys()).filter((request) => !kept.has(request.url));
  await Promise.all(old.map((request) => cache.delete(request)));
  await self.clients.claim();
}

/** @param {Request} request @param {string} address */
async function answer(request, address) {
  const cache = await caches.open(CACHE);
  const response = (await cache.match(keyOf(address))) ?? (await fetch(request));
  if (address !== WORKER) return response;
  const headers = new Headers(response.headers);
  headers.set("Content-Security-Policy", POLICY);
  return new Response(response.body, { status: response.status, headers });
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetTheRest()));
self.addEventListener("message", (event) => {
  if (event.data === "use the new version") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const address = origin + pathname.replace(/index\.html$/, "");
  if (event.request.method === "GET" && digests.has(address)) {
    event.respondWith(answer(event.request, address));
  }
});

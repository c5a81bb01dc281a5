// The service worker of an installed wallet. It keeps the offline page and what that page wears, and nothing else: a page with money
// on it is always asked of the server, so no old balance can pass for the current one.
const name = "__NAME__", shelf = __SHELF__, page = "/offline";

const keepPage = async () => {
  const answer = await fetch(page, { credentials: "omit", headers: { "Accept-Language": language } });
  if (answer.ok) await (await caches.open(name)).put(page, answer);
};
let language = self.navigator.language;

addEventListener("install", (event) => event.waitUntil((async () => {
  await (await caches.open(name)).addAll(shelf);
  await keepPage();
  await skipWaiting();
})()));

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const old of await caches.keys()) if (old !== name) await caches.delete(old);
  await clients.claim();
})()));

// The page says which language it speaks; the offline page follows.
addEventListener("message", (event) => {
  if (typeof event.data !== "string" || event.data === language) return;
  language = event.data;
  event.waitUntil(keepPage().catch(() => {}));
});

// What a browser goes back to it asks of its own store alone, which keeps nothing of a form's answer; the page is then asked for anew.
const anew = (url) => fetch(url, { cache: "no-store", credentials: "include", redirect: "manual" });

addEventListener("fetch", (event) => {
  const { request } = event, { pathname } = new URL(request.url);
  if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(fetch(request).catch(() => anew(request.url)).catch(() => caches.match(page)));
  } else if (request.mode === "navigate") { // a form is sent once; where nobody answers, its reader is led back to where it stood
    event.respondWith(fetch(request).catch(() => Response.redirect((request.referrer || "/") + "#unsent", 303)));
  } else if (shelf.includes(pathname)) {
    event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)));
  }
});

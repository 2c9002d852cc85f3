// Keeps the page for when there is no network, and offers a new version of it.

/**
 * Call it when the page has all that it needs: what is kept then comes from the browser's cache.
 * @param {HTMLElement} notice is shown while a new version waits; its button changes to that
 */
export async function keepOffline(notice) {
  if (!("serviceWorker" in navigator)) return;
  const script = new URL("service_worker.js", import.meta.url);
  const wasControlled = Boolean(navigator.serviceWorker.controller);
  let registration;
  try {
    registration = await navigator.serviceWorker.register(script);
  } catch {
    return; // no secure connection, or a private window: the page works with the network
  }
  const offer = () => (notice.hidden = !(wasControlled && registration.waiting));
  offer();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", offer);
  });
  notice.querySelector("button")?.addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    registration.waiting?.postMessage("use the new version");
  });
}

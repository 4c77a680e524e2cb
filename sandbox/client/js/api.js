// All calls to the practice routes of Steward's own server.

async function call(path, options) {
  const response = await fetch(path, { cache: "no-store", ...options });
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (!response.ok) throw new Error(body?.error?.message ?? `${path} answered ${response.status}`);
  return body;
}

const get = (path) => call(path);
const post = (path, data = {}) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });
const as = (name) => `/practice/as/${encodeURIComponent(name)}`;
const query = (values) => new URLSearchParams(values).toString();

export const api = {
  people: (search = "") => get(search ? `/practice/people?${query({ search })}` : "/practice/people"),
  chat: (name) => get(`${as(name)}/chat`),
  open: (name) => post(`${as(name)}/open`),
  message: (name, text) => post(`${as(name)}/message`, { text }),
  invoke: (name, activity, verb, data) => post(`${as(name)}/invoke`, { activity, verb, data }),
  submit: (name, activity, data) => post(`${as(name)}/submit`, { activity, data }),
  commands: () => get("/practice/commands"),
  story: () => get("/practice/story"),
  happened: (since, at) => get(`/practice/happened?${query({ since, at })}`),
  mail: () => get("/practice/mail"),
  entra: (search) => get(`/practice/entra?${query({ search })}`),
  renew: (object_id, key_id) => post("/practice/entra/renew", { object_id, key_id }),
  archive: (search) => get(`/practice/archive?${query({ search })}`),
  broken: () => get("/practice/break"),
  break: (what, on) => post("/practice/break", { what, on }),
  audit: () => post("/practice/break/audit"),
  nextDay: () => post("/practice/next-day"),
  /** Server-sent events: {revision, mark, now}; calls back on each, and with null while cut off. */
  listen(onPulse) {
    const source = new EventSource("/practice/events");
    source.onmessage = (event) => onPulse(JSON.parse(event.data));
    source.onerror = () => onPulse(null);
  },
};

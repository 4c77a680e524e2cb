// Small helpers to build the page; text always goes in as text, never as HTML.

/** Make an element: el("p", {class: "quiet", onclick: f}, "text", child). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Mark one of several as the chosen one, for the eye and for screen readers. */
export function markCurrent(node, current) {
  if (current) node.setAttribute("aria-current", "true");
  else node.removeAttribute("aria-current");
}

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** A round picture with initials; its colour follows from the id. */
export function avatar(person, size = 32) {
  const words = (person.display_name || "?").split(",")[0].split(/\s+/).filter(Boolean);
  const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "").join("");
  let sum = 0;
  for (const letter of person.id ?? "") sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  const node = el("span", { class: `avatar tint-${sum % 8}`, "aria-hidden": "true" }, initials.toUpperCase());
  node.style.width = node.style.height = `${size}px`;
  return node;
}

const dayAndTime = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const longDay = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const timeOnly = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export const moment = (iso) => (iso ? dayAndTime.format(new Date(iso)) : "");
export const day = (iso) => (iso ? longDay.format(new Date(iso)) : "");
export const date = (iso) => (iso ? shortDay.format(new Date(iso)) : "never");
export const time = (iso) => (iso ? timeOnly.format(new Date(iso)) : "");

/** Show a short-lived notice. kind: "" or "error". */
export function toast(text, kind = "") {
  const note = el("div", { class: `toast ${kind}` }, el("span", {}, text));
  const close = () => note.remove();
  note.append(el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "×"));
  byId("toasts").append(note);
  setTimeout(close, Math.max(6000, text.length * 80));
}

/** Call f at most once per `wait` ms, after the calls have stopped. */
export function debounce(f, wait) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...values), wait);
  };
}

// "Break something": four things to break and to mend, beside the ledger that must add up all the while.

import { api } from "./api.js";
import { el, moment } from "./dom.js";

const THINGS = [
  ["graph", "Throttle Graph", "Half of all requests are answered 429. The next scan takes longer and reads everything."],
  ["teams", "Teams down", "The Bot Connector answers 503. Cards wait; e-mails go out at once."],
  ["worker", "Stop the worker", "Nothing is sent. What is decided waits in the outbox."],
];

/** data: the answer of GET /practice/break; redraw: called after something was broken or mended. */
export function breaking(data, redraw) {
  const act = (work) => async (event) => {
    event.target.disabled = true;
    try {
      await work();
    } finally {
      event.target.disabled = false;
      await redraw();
    }
  };
  const sum = Object.values(data.states).reduce((total, number) => total + number, 0);
  return [
    el("p", { class: "lead" }, "Break something and see that nobody is forgotten: the ledger adds up, the administrators are told, and what waited arrives once it is mended."),
    el("ul", { class: "breaks" }, THINGS.map(([what, title, says]) => {
      const on = data.broken.includes(what);
      return el("li", { class: on ? "broken" : "" },
        el("div", {}, el("b", {}, title, on ? " (broken)" : ""), el("p", {}, says)),
        el("button", { type: "button", class: "button small", "aria-pressed": String(on), onclick: act(() => api.break(what, !on)) }, on ? "Mend it" : "Break it"));
    }), el("li", {},
      el("div", {}, el("b", {}, "Lose a scan"), el("p", {}, "Two days pass, and only the second one has its scan.")),
      el("button", { type: "button", class: "button small", onclick: act(() => api.break("scan", true)) }, "Lose it"))),
    el("h3", {}, "The ledger ", el("span", { class: "count" }, `${data.due} due`)),
    el("p", { class: data.difference ? "s5" : "s2" }, data.difference
      ? `${data.difference} unaccounted for`
      : `${sum} of ${data.due} accounted for`),
    el("table", { class: "ledger" }, el("tbody", {}, Object.entries(data.states).map(([state, number]) => el(
      "tr", {}, el("th", { scope: "row" }, state), el("td", {}, String(number)),
      el("td", {}, el("meter", { min: "0", max: String(Math.max(1, data.due)), value: String(number), "aria-label": state })))))),
    el("p", { class: "quiet" }, `${data.waiting} messages wait · ${data.not_told} not told · worker ${data.worker ? "runs" : "stopped"}`),
    el("h3", {}, "What the auditor says"),
    data.problems.length
      ? el("ul", { class: "facts" }, data.problems.map((problem) => el("li", {}, el("b", { class: "s5" }, `${problem.promise} ${problem.kind}`), el("p", {}, problem.says))))
      : el("p", { class: "s2" }, "All promises are kept."),
    el("p", { class: "quiet" }, data.audited ? `Books checked ${moment(data.audited)}; every 15 minutes and after each scan.` : "The books have not been checked yet."),
    el("button", { type: "button", class: "button small", onclick: act(() => api.audit()) }, "Check the books now"),
  ];
}

// The left rail: the cast and other people; choosing one means being that person.

import { api } from "./api.js";
import { avatar, byId, debounce, el, markCurrent } from "./dom.js";

/** on: {choose(name)}; returns {draw(people, me)}. */
export function peopleRail(on) {
  const search = byId("people-search");
  let me = "";

  const entry = (person) => el(
    "li", {},
    el(
      "button", {
        type: "button", class: "person", dataset: { name: person.name },
        "aria-current": person.name === me ? "true" : null, title: person.upn,
        onclick: () => on.choose(person.name, person),
      },
      avatar(person, 36),
      el("span", { class: "person-text" },
        el("span", { class: "person-name" }, person.display_name),
        el("span", { class: "person-role" }, person.role)),
      person.unread
        ? el("span", { class: "unread" }, String(person.unread), el("span", { class: "visually-hidden" }, " unread"))
        : null,
    ),
  );

  const look = debounce(async () => {
    const text = search.value.trim();
    const { people } = text ? await api.people(text) : { people: [] };
    byId("found").replaceChildren(...people.map(entry));
    if (text && !people.length) byId("found").append(el("li", { class: "quiet" }, "Nobody found"));
  }, 150);
  search.addEventListener("input", look);

  return {
    draw(people, name) {
      me = name;
      byId("cast").replaceChildren(...people.map(entry));
      for (const button of byId("found").querySelectorAll("button")) {
        markCurrent(button, button.dataset.name === me);
      }
    },
  };
}

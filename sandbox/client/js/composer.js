// The message box with its suggestions: the commands that Steward's manifest would offer in Teams.

import { byId, el } from "./dom.js";

/** commands: [{usage, says, admin}]; on: {send(text)}. */
export function composer(commands, on) {
  const form = byId("composer");
  const input = byId("composer-text");
  const list = byId("suggestions");
  let options = [];
  let active = -1;

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const mark = () => {
    [...list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === active)));
    if (active >= 0) {
      input.setAttribute("aria-activedescendant", `suggestion-${active}`);
      list.children[active].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  /** Put a command into the box; its first blank, such as <app>, is selected for typing. */
  const take = (usage) => {
    input.value = usage;
    const blank = /[<[][^>\]]*[>\]]/.exec(usage);
    input.focus();
    if (blank) input.setSelectionRange(blank.index, usage.length);
    close();
  };

  const open = () => {
    const text = input.value.trim().toLowerCase();
    options = commands.filter((command) => command.usage.toLowerCase().startsWith(text)
      && command.usage.toLowerCase() !== text);
    if (!options.length) return close();
    list.replaceChildren(...options.map((command, index) => el(
      "li", {
        role: "option", id: `suggestion-${index}`,
        onmousedown: (event) => { event.preventDefault(); take(command.usage); },
      },
      el("code", {}, command.usage), el("span", { class: "quiet" }, [command.says, command.admin ? "(admins)" : ""].filter(Boolean).join(" ")),
    )));
    list.hidden = false;
    active = -1;
    input.setAttribute("aria-expanded", "true");
    mark();
  };

  input.addEventListener("input", open);
  input.addEventListener("focus", open);
  input.addEventListener("click", open);
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "Enter" && active >= 0) take(options[active].usage);
    else if (["ArrowDown", "ArrowUp"].includes(event.key) && !list.hidden) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      active = active < 0 && step < 0 ? options.length - 1 : (active + step + options.length) % options.length;
      mark();
    } else return;
    event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    close();
    on.send(text);
  });
}

// Teams' people picker, which the open renderer does not draw: an Input.ChoiceSet whose choices come from
// the dataset graph.microsoft.com/users. It searches the practice tenant.

import { api } from "./api.js";
import { avatar, debounce, el } from "./dom.js";

const DATASET = "graph.microsoft.com/users";
let counter = 0;

/** Whether this card element, as JSON, is a people picker. */
export const isPeoplePicker = (json) => String(json["choices.data"]?.dataset ?? "").startsWith(DATASET);

/** Register the picker in place of the renderer's own Input.ChoiceSet, which it extends. */
export function registerPicker(AdaptiveCards) {
  class ChoiceSet extends AdaptiveCards.ChoiceSetInput {
    internalParse(source, context) {
      super.internalParse(source, context);
      this.picker = isPeoplePicker(source) ? new Picker(this) : null;
    }

    internalRender() {
      return this.picker ? this.picker.render() : super.internalRender();
    }

    get value() {
      return this.picker ? this.picker.value : super.value;
    }

    isValid() {
      return this.picker ? true : super.isValid();
    }

    focus() {
      if (this.picker) this.picker.input.focus();
      else super.focus();
    }

    updateInputControlAriaLabelledBy() {
      super.updateInputControlAriaLabelledBy();
      const labels = this.getAllLabelIds();
      if (this.picker && labels.length) this.picker.input.setAttribute("aria-labelledby", labels.join(" "));
    }
  }
  AdaptiveCards.GlobalRegistry.elements.unregister("Input.ChoiceSet");
  AdaptiveCards.GlobalRegistry.elements.register("Input.ChoiceSet", ChoiceSet);
}

class Picker {
  /** owner: the ChoiceSet element, parsed. */
  constructor(owner) {
    this.owner = owner;
    this.suggested = owner.choices.map((choice) => ({ id: choice.value, display_name: choice.title, upn: "suggested" }));
    this.chosen = (owner.defaultValue ?? "").split(",").filter(Boolean).map(
      (id) => this.suggested.find((person) => person.id === id) ?? { id, display_name: id },
    );
    this.options = [];
    this.active = -1;
  }

  get value() {
    return this.chosen.length ? this.chosen.map((person) => person.id).join(",") : undefined;
  }

  render() {
    this.listId = `picker-${++counter}`;
    this.chips = el("span", { class: "picker-chips" });
    this.input = el("input", {
      type: "text", class: "picker-input", role: "combobox", "aria-expanded": "false", "aria-controls": this.listId,
      "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
      placeholder: this.owner.placeholder || "Search for people",
      oninput: () => this.search(), onclick: () => this.search(), onkeydown: (event) => this.key(event),
      onblur: () => setTimeout(() => this.close(), 150),
    });
    this.list = el("ul", { class: "picker-list", role: "listbox", id: this.listId, hidden: true });
    this.lookUp = debounce((text) => this.fetch(text), 120);
    this.drawChips();
    return el(
      "div", { class: "ac-input picker", onclick: () => this.input.focus() },
      el("div", { class: "picker-box" }, this.chips, this.input), this.list,
    );
  }

  drawChips() {
    this.chips.replaceChildren(
      ...this.chosen.map((person) => el(
        "span", { class: "picker-chip" }, avatar(person, 20), person.display_name,
        el("button", {
          type: "button", class: "plain", "aria-label": `Remove ${person.display_name}`,
          onclick: () => this.choose(this.chosen.filter((each) => each.id !== person.id)),
        }, "×"),
      )),
    );
    this.input.hidden = this.chosen.length > 0 && !this.owner.isMultiSelect;
  }

  choose(people) {
    this.chosen = people;
    this.input.value = "";
    this.close();
    this.drawChips();
    this.owner.valueChanged();
    if (!this.input.hidden) this.input.focus();
  }

  search() {
    const text = this.input.value.trim();
    if (text) this.lookUp(text);
    else this.show(this.suggested);
  }

  async fetch(text) {
    try {
      const { people } = await api.people(text);
      if (this.input.value.trim() === text) this.show(people);
    } catch {
      this.show([]);
    }
  }

  show(people) {
    const taken = new Set(this.chosen.map((person) => person.id));
    this.options = people.filter((person) => !taken.has(person.id));
    this.active = this.options.length ? 0 : -1;
    if (!this.options.length && !this.input.value.trim()) return this.close();
    this.list.replaceChildren(
      ...this.options.map((person, index) => el(
        "li", {
          role: "option", id: `${this.listId}-${index}`, class: "picker-option",
          onmousedown: (event) => { event.preventDefault(); this.pick(index); },
        },
        avatar(person, 28), el("span", {}, person.display_name, el("small", {}, person.role || person.upn || "")),
      )),
      ...(this.options.length ? [] : [el("li", { class: "picker-none" }, "Nobody found")]),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
    this.list.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  mark() {
    [...this.list.children].forEach((node, index) => {
      if (node.role === "option") node.setAttribute("aria-selected", String(index === this.active));
    });
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `${this.listId}-${this.active}`);
  }

  pick(index) {
    const person = this.options[index];
    if (person) this.choose(this.owner.isMultiSelect ? [...this.chosen, person] : [person]);
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "Escape" && open) this.close();
    else if (event.key === "Enter" && open) this.pick(this.active);
    else if (event.key === "Backspace" && !this.input.value && this.chosen.length) this.choose(this.chosen.slice(0, -1));
    else if (event.key === "ArrowDown" && !open) this.search();
    else if (["ArrowDown", "ArrowUp"].includes(event.key) && this.options.length) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.options.length) % this.options.length;
      this.mark();
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  }
}

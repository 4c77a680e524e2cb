// The middle: one person's chat with Steward.

import { drawCard } from "./cards.js";
import { avatar, byId, day, el, moment, time } from "./dom.js";

/** on: {execute(activity, verb, data), submit(activity, data)}; returns {draw(chat), redraw()}. */
export function chatView(on) {
  const list = byId("messages");
  // Activity id (or name of a divider) -> {look, node}: what did not change keeps its node.
  let drawn = new Map();
  let shown = null;
  let firstUnread = "";

  const bubble = (message, width) => {
    const parts = [];
    if (message.deleted) parts.push(el("p", { class: "bubble quiet" }, "This message has been deleted."));
    else {
      if (message.text) parts.push(el("p", { class: "bubble" }, message.text));
      for (const card of message.cards) parts.push(cardNode(message, card, width));
    }
    return parts;
  };

  const cardNode = (message, card, width) => {
    const wide = card.msteams?.width?.toLowerCase() === "full";
    const box = el("div", { class: wide ? "card wide" : "card" });
    const busy = async (work) => {
      if (box.hasAttribute("aria-busy")) return;
      box.setAttribute("aria-busy", "true");
      try {
        await work();
      } finally {
        box.removeAttribute("aria-busy");
      }
    };
    box.append(drawCard(card, wide ? width : Math.min(width, 520), {
      execute: (verb, data) => busy(() => on.execute(message.activity, verb, data)),
      submit: (data) => busy(() => on.submit(message.activity, data)),
    }));
    return box;
  };

  const messageNode = (message, person, width) => {
    const mine = message.from !== "steward";
    return el(
      "li", { class: mine ? "message mine" : "message", dataset: { activity: message.activity } },
      mine ? null : el("span", { class: "avatar bot small", "aria-hidden": "true" },
        el("img", { src: "/practice/client/icon.svg", alt: "", width: 28, height: 28 })),
      el(
        "div", { class: "message-body" },
        el("div", { class: "message-meta" },
          el("span", { class: "message-author" }, mine ? person.display_name : "Steward"),
          el("time", { datetime: message.at, title: moment(message.at) }, time(message.at)),
          message.updated ? el("span", { class: "mark", title: `Updated ${moment(message.updated)}` }, "Updated") : null,
          message.answered === "pressed"
            ? el("span", { class: "mark", title: "What Steward answered to this client; the chat keeps its own card" }, "Answer")
            : null,
        ),
        bubble(message, width),
      ),
      mine ? avatar(person, 28) : null,
    );
  };

  const draw = (chat) => {
    const newPerson = shown?.person.name !== chat.person.name;
    const atEnd = newPerson || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    if (newPerson) {
      drawn = new Map();
      firstUnread = chat.messages.find((message) => message.unread && message.from === "steward")?.activity ?? "";
    }
    shown = chat;
    const width = Math.max(220, list.clientWidth - 110);
    const next = new Map();
    const keep = (key, look, make) => {
      const old = drawn.get(key);
      next.set(key, { look, node: old?.look === look ? old.node : make() });
    };
    let lastDay = "";
    for (const message of chat.messages) {
      if (day(message.at) !== lastDay) {
        lastDay = day(message.at);
        keep(`day ${lastDay}`, "", () => el("li", { class: "divider" }, lastDay));
      }
      if (message.activity === firstUnread) keep("new", "", () => el("li", { class: "divider fresh" }, "New"));
      const look = JSON.stringify([message.cards, message.text, message.updated, message.deleted, message.answered]);
      keep(message.activity, look, () => messageNode(message, chat.person, width));
    }
    if (!chat.messages.length) {
      const { display_name: name, active } = chat.person;
      keep("empty", name, () => el("li", { class: "empty" }, active
        ? `Nothing for ${name} yet. Type a command below, or be somebody else.`
        : `${name} has left: nobody can sign in with this account.`));
    }
    const grown = !drawn.has([...next.keys()].at(-1));
    drawn = next;
    const nodes = [...next.values()].map((entry) => entry.node);
    const staying = new Set(nodes);
    // Only what differs is touched: a node that is moved would lose the focus and what is typed in it.
    for (const child of [...list.children]) if (!staying.has(child)) child.remove();
    nodes.forEach((node, index) => {
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
    if (newPerson || (atEnd && grown)) scrollToEnd(nodes.at(-1), newPerson && list.querySelector(".divider.fresh"));
  };

  /** Show the end, or where the unread begins; of a message taller than the view its beginning. */
  const scrollToEnd = (last, fresh) => {
    const from = fresh || (last.offsetHeight > list.clientHeight ? last : null);
    list.scrollTop = from ? from.offsetTop - list.offsetTop - 8 : list.scrollHeight;
  };

  return {
    draw,
    redraw() {
      drawn = new Map();
      if (shown) draw(shown);
    },
    /** Forget where the unread ones began, once the person did something. */
    seen() {
      firstUnread = "";
    },
  };
}

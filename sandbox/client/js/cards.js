// Draws Adaptive Cards with the official renderer, configured as Teams configures it.

import { registerElements } from "./elements.js";
import { hostConfig } from "./hostconfig.js";
import { registerPicker } from "./picker.js";

const { AdaptiveCards, markdownit } = window;

// The subset of Markdown that Teams draws in a TextBlock: bold, italic, lists, links. Never HTML.
const markdown = markdownit("zero", { html: false, breaks: true, linkify: false })
  .enable(["emphasis", "list", "link", "escape", "newline"]);
markdown.renderer.rules.link_open = (tokens, index, options, _, self) => {
  tokens[index].attrSet("target", "_blank");
  tokens[index].attrSet("rel", "noopener noreferrer");
  return self.renderToken(tokens, index, options);
};

AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdown.render(text);
  result.didProcess = true;
};
AdaptiveCards.GlobalSettings.setTabIndexAtCardRoot = false;
registerPicker(AdaptiveCards);
registerElements(AdaptiveCards);

const darkTheme = window.matchMedia("(prefers-color-scheme: dark)");
const contrastTheme = window.matchMedia("(prefers-contrast: more)");
const theme = () => (contrastTheme.matches ? "contrast" : darkTheme.matches ? "dark" : "light");

/** Calls back when the reader's theme changes: colours are drawn into the cards. */
export function onThemeChange(listener) {
  for (const query of [darkTheme, contrastTheme]) query.addEventListener("change", listener);
}

// targetWidth: which widths of a card (in pixels) each name covers, as Teams documents them.
const WIDTHS = { verynarrow: [0, 164], narrow: [165, 350], standard: [351, 767], wide: [768, Infinity] };

function fits(target, width) {
  const [, bound, name] = /^(?:(atLeast|atMost):)?(\w+)$/i.exec(target) ?? [];
  const range = WIDTHS[name?.toLowerCase()];
  if (!range) return true;
  return (bound?.toLowerCase() === "atmost" || width >= range[0]) && (bound?.toLowerCase() === "atleast" || width <= range[1]);
}

/** A copy of a card as this client draws it: unfit widths dropped, mentions written out, icon names left away. */
function prepared(node, width) {
  if (Array.isArray(node)) {
    return node.filter((child) => !child?.targetWidth || fits(child.targetWidth, width)).map((child) => prepared(child, width));
  }
  if (node === null || typeof node !== "object") return node;
  const copy = {};
  for (const [name, value] of Object.entries(node)) {
    if (name === "iconUrl" && String(value).startsWith("icon:")) continue;
    if (name === "data") copy[name] = value;
    else if (name === "text" && typeof value === "string") copy[name] = value.replace(/<at>(.*?)<\/at>/g, "**$1**");
    else copy[name] = prepared(value, width);
  }
  return copy;
}

/**
 * Draw a card. on: {execute(verb, data), submit(data)}.
 * Returns the element, or a line that says why it cannot be drawn.
 */
export function drawCard(json, width, on) {
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig(hostConfig(theme()));
  card.onExecuteAction = (action) => {
    if (action instanceof AdaptiveCards.ExecuteAction) on.execute(action.verb ?? "", values(action));
    else if (action instanceof AdaptiveCards.SubmitAction) on.submit(values(action));
    else if (action instanceof AdaptiveCards.OpenUrlAction && /^https?:/i.test(action.url ?? "")) {
      window.open(action.url, "_blank", "noopener,noreferrer");
    }
  };
  card.parse(prepared(json, width), new AdaptiveCards.SerializationContext());
  const drawn = card.render();
  if (drawn) return drawn;
  const line = document.createElement("p");
  line.textContent = "This card could not be drawn.";
  return line;
}

const values = (action) => (action.data && typeof action.data === "object" ? { ...action.data } : {});

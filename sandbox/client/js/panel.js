// The right panel: the story, what the last click caused, the mailbox, Entra and the archive.

import { api } from "./api.js";
import { breaking } from "./breaking.js";
import { byId, date, debounce, el, moment, time } from "./dom.js";

const TABS = ["story", "happened", "break", "mail", "entra", "archive"];

/** on: {goTo(name), current()}; returns {start(), draw(), clicked(moment)}. */
export function panel(on) {
  const view = byId("view");
  const state = { tab: "story", moment: null, search: { entra: "", archive: "" }, open: new Set(), mine: false, drawn: "" };

  const draws = {
    story: async () => story((await api.story()).steps),
    happened: async () => (state.moment
      ? happened(await api.happened(state.moment.mark, state.moment.at))
      : [hint("Press a button on a card, type a command or go to the next day: what that caused stands here.")]),
    break: async () => breaking(await api.broken(), draw),
    mail: async () => mailbox((await api.mail()).mail),
    entra: async () => entra(await api.entra(state.search.entra)),
    archive: async () => archive(await api.archive(state.search.archive)),
  };

  async function draw() {
    const { tab } = state;
    let nodes;
    try {
      nodes = await draws[tab]();
    } catch (error) {
      nodes = [hint(error.message)];
    }
    if (tab !== state.tab) return;
    const field = view.querySelector("input[type=search]");
    const focused = field && document.activeElement === field ? [field.selectionStart, field.selectionEnd] : null;
    const fresh = el("div", { class: `tab-${tab}` }, nodes);
    // An unchanged view is left alone: what is unfolded or focused in it stays so.
    if (state.drawn === tab + fresh.innerHTML) return;
    state.drawn = tab + fresh.innerHTML;
    view.replaceChildren(fresh);
    const next = view.querySelector("input[type=search]");
    if (focused && next) {
      next.focus();
      next.setSelectionRange(...focused);
    }
  }

  function select(tab) {
    state.tab = tab;
    for (const button of document.querySelectorAll("[data-tab]")) {
      const chosen = button.dataset.tab === tab;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    view.setAttribute("aria-labelledby", `tab-${tab}`);
    view.scrollTop = 0;
    return draw();
  }

  // ------------------------------------------------------------ the story

  function story(steps) {
    const done = steps.filter((step) => step.done).length;
    return [
      el("p", { class: "lead" }, done === steps.length
        ? "The whole story is told. Go on with other people, or press Next day."
        : `One secret, from its alert to its new owner: ${done} of ${steps.length} steps done.`),
      el("ol", { class: "steps" }, steps.map((step) => el(
        "li", { class: `step ${step.done ? "done" : ""} ${step.current ? "current" : ""}`, "aria-current": step.current ? "step" : null },
        el("span", { class: "tick", "aria-hidden": "true" }, step.done ? "✓" : String(step.number)),
        el("div", {},
          el("strong", {}, step.title, step.done ? el("span", { class: "visually-hidden" }, " (done)") : null),
          el("p", {}, step.text),
          step.current && step.person && step.person !== on.current()
            ? el("button", { type: "button", class: "button", onclick: () => on.goTo(step.person) }, `Be ${step.person}`)
            : null,
          step.current && step.person === on.current() ? el("p", { class: "here" }, `You are ${step.person}: it is in the chat.`) : null,
          step.done && step.proof ? el("p", { class: "proof" }, step.proof) : null),
      ))),
    ];
  }

  // ------------------------------------------------------------ what happened

  function happened(data) {
    const section = (title, rows, none) => el(
      "section", {}, el("h3", {}, `${title} `, el("span", { class: "count" }, String(rows.length))),
      rows.length ? el("ul", { class: "facts" }, rows) : el("p", { class: "quiet" }, none),
    );
    const line = (head, what, from) => el(
      "li", {}, el("div", {}, head), el("div", { class: "quiet" }, what), from ? el("code", { class: "file" }, from) : null,
    );
    return [
      el("p", { class: "lead" }, `Since ${time(state.moment.at)}:`, data.more ? ` the newest of ${data.more} requests` : ""),
      section("Messages", data.messages.map((each) => line(el("b", {}, each.what), each.summary, each.file)), "No message was written or changed."),
      section("Rows", data.rows.map((each) => line(el("b", {}, each.what), each.summary, each.file)), "No row was written."),
      section("Requests", data.requests.map((each) => line(
        el("span", {}, el("span", { class: `status s${String(each.status)[0]}` }, String(each.status || "cut")),
          ` ${each.method} `, el("span", { class: "path", title: each.path }, shortened(each.path))),
        each.what, each.file,
      )), "No request went out."),
    ];
  }

  /** A path without what only machines read. */
  const shortened = (path) => path
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, (id) => `${id.slice(0, 4)}…`)
    .replace(/(a:1|29:1|dcr-)[\w-]{12,}/g, (id) => `${id.slice(0, 8)}…`)
    .replace(/^(.{160}).+$/, "$1…");

  // ------------------------------------------------------------ mailbox

  function mailbox(mails) {
    const me = on.current();
    const mine = mails.filter((mail) => mail.names.includes(me));
    const shown = state.mine ? mine : mails;
    const choice = (only, text) => el("button", {
      type: "button", class: "button small", "aria-pressed": String(state.mine === only),
      onclick: () => { state.mine = only; draw(); },
    }, text);
    return [
      el("div", { class: "choice" }, choice(false, `Everybody (${mails.length})`), choice(true, `Only mine (${mine.length})`)),
      shown.length ? el("ul", { class: "mails" }, shown.map(mailEntry)) : hint("No e-mail yet."),
    ];
  }

  function mailEntry(mail) {
    const details = el("details", { class: "mail", open: state.open.has(mail.id) },
      el("summary", {}, el("b", {}, mail.subject || "(no subject)"),
        el("span", { class: "quiet" }, `To ${mail.to.join(", ")} · ${moment(mail.at)}`)));
    const body = () => {
      if (details.querySelector("iframe")) return;
      details.append(el("iframe", {
        src: `/practice/mail/${mail.id}`, sandbox: "allow-popups", title: mail.subject, loading: "lazy",
      }));
    };
    if (state.open.has(mail.id)) body();
    details.addEventListener("toggle", () => {
      if (details.open) {
        state.open.add(mail.id);
        body();
      } else state.open.delete(mail.id);
    });
    return el("li", {}, details);
  }

  // ------------------------------------------------------------ Entra and the archive

  function searchField(tab, label) {
    return el("label", { class: "search" }, el("span", { class: "visually-hidden" }, label), el("input", {
      type: "search", placeholder: label, value: state.search[tab], spellcheck: "false",
      oninput: debounce((event) => { state.search[tab] = event.target.value; draw(); }, 200),
    }));
  }

  function entra(data) {
    return [
      searchField("entra", "Find an app by name or id"),
      el("p", { class: "lead" }, `${data.total} apps; ${data.apps.length} shown, the most urgent first.`),
      el("ul", { class: "apps" }, data.apps.map((app) => el(
        "li", {}, el("details", { class: "app", open: state.open.has(app.object_id), ontoggle: remember(app.object_id) },
          el("summary", {}, el("b", {}, app.display_name || "(no name)"),
            el("span", { class: "quiet" }, app.owners.length ? `Owners: ${app.owners.map((owner) => owner.text).join(", ")}` : "No owner")),
          el("table", {}, el("tbody", {},
            app.credentials.map((credential) => el("tr", {},
              el("td", {}, credential.kind, el("small", {}, credential.display_name || credential.key_id.slice(0, 8))),
              el("td", { class: credential.days !== null && credential.days <= 30 ? "soon" : "" },
                date(credential.end), el("small", {}, days(credential.days))),
              el("td", {}, renewButton(app, credential))))),
          ),
          el("p", { class: "quiet" }, `${app.type} · object id `, el("code", {}, app.object_id)),
        ),
      ))),
    ];
  }

  /** What an owner would do in Entra's own portal. */
  function renewButton(app, credential) {
    if (!credential.renewable) return null;
    const renew = async (event) => {
      event.target.disabled = true;
      state.moment = (await api.renew(app.object_id, credential.key_id)).moment;
      draw();
    };
    return el("button", { type: "button", class: "button small", onclick: renew, title: "Makes a new one and deletes this one" }, "Renew");
  }

  const days = (left) => {
    if (left === null) return "";
    if (left < 0) return left === -1 ? "expired today" : `expired ${-left - 1} days ago`;
    return left === 0 ? "within a day" : `in ${left} days`;
  };
  const remember = (id) => (event) => (event.target.open ? state.open.add(id) : state.open.delete(id));

  function archive(data) {
    return [
      searchField("archive", "Only about one app or person"),
      data.error ? hint(data.error) : null,
      el("h3", {}, "CredentialEvents_CL ", el("span", { class: "count" }, String(data.events.length))),
      data.events.length ? el("ul", { class: "facts" }, data.events.map((row) => rowEntry(
        row, row.EventId, `${row.EventType} · ${row.Application || ""}`,
        [row.ActorUPN && `by ${row.ActorUPN}`, row.RecipientUPN && `to ${row.RecipientUPN}`, row.Reason].filter(Boolean).join(", "),
      ))) : el("p", { class: "quiet" }, "No event yet."),
      el("h3", {}, "ClientSecretMonitoring_CL ", el("span", { class: "count" }, String(data.records.length))),
      data.records.length ? el("ul", { class: "facts" }, data.records.map((row) => rowEntry(
        row, `${row.RunId}${row.CredentialKeyId}`, row.Application || "(no name)",
        `${row.SecretExpiresDays} days left · owner ${row.OwnerUPN || "none"} · ${row.EscalationPath}`,
      ))) : el("p", { class: "quiet" }, "No record yet."),
    ];
  }

  function rowEntry(row, id, head, text) {
    return el("li", {}, el("details", { open: state.open.has(id), ontoggle: remember(id) },
      el("summary", {}, el("b", {}, head), el("span", { class: "quiet" }, [moment(row.TimeGenerated), text].filter(Boolean).join(" · "))),
      el("table", { class: "row" }, el("tbody", {}, Object.entries(row)
        .filter(([, value]) => value !== "" && value !== null)
        .map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name),
          el("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value)))))),
    ));
  }

  const hint = (text) => el("p", { class: "empty" }, text);

  return {
    start() {
      const buttons = TABS.map((tab) => byId(`tab-${tab}`));
      buttons.forEach((button, index) => {
        button.addEventListener("click", () => select(TABS[index]));
        button.addEventListener("keydown", (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const next = buttons[(index + step + buttons.length) % buttons.length];
          next.focus();
          next.click();
        });
      });
      return select("story");
    },
    draw,
    /** Remember the moment of a click; "What happened" shows what came after it. */
    clicked(moment) {
      if (moment) state.moment = moment;
      if (state.tab === "happened") draw();
    },
  };
}

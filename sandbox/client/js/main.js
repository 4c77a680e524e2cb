// Starts the page and keeps it true: who is chosen, what the server says changed, what was clicked last.

import { api } from "./api.js";
import { onThemeChange } from "./cards.js";
import { chatView } from "./chat.js";
import { composer } from "./composer.js";
import { byId, day, debounce, markCurrent, time, toast } from "./dom.js";
import { panel } from "./panel.js";
import { peopleRail } from "./people.js";

const state = { me: decodeURIComponent(location.hash.slice(1)) || "ana", people: [], pulse: null, scanFrom: null };

const guarded = (work) => async (...values) => {
  try {
    return await work(...values);
  } catch (error) {
    toast(error.message, "error");
    return null;
  }
};

const side = panel({ goTo: (name) => choose(name), current: () => state.me });

const chat = chatView({
  execute: guarded(async (activity, verb, data) => {
    const answer = await api.invoke(state.me, activity, verb, data);
    answered(answer);
  }),
  submit: guarded(async (activity, data) => answered(await api.submit(state.me, activity, data))),
});

const rail = peopleRail({ choose: (name) => choose(name) });

/** Apply what Steward answered to a button, as Teams does. */
function answered(answer) {
  chat.seen();
  side.clicked(answer.moment);
  const { status, body, error } = answer;
  if (status < 200 || status >= 300) toast(error || "Something went wrong. Please try again.", "error");
  else if (body?.type === "application/vnd.microsoft.activity.message") toast(String(body.value ?? ""));
  else if (body?.type === "application/vnd.microsoft.error") toast(body.value?.message ?? "Something went wrong.", "error");
  return refresh();
}

async function refresh() {
  const me = state.me;
  const [people, messages] = await Promise.all([api.people(), api.chat(me)]);
  if (me !== state.me) return;
  state.people = people.people;
  setClock(people.now);
  const { person } = messages;
  // Who was found by the search stands below the cast for as long as one is that person.
  const shown = state.people.some((each) => each.id === person.id) ? state.people : [...state.people, person];
  rail.draw(shown, person.name);
  byId("chat-as").textContent = `You are ${messages.person.display_name}, ${messages.person.role}`;
  document.title = `${messages.person.display_name}: Steward practice tenant`;
  chat.draw(messages);
  if (messages.unread && !document.hidden) {
    await api.open(me);
  }
}

async function choose(name) {
  if (!name) return;
  state.me = name;
  location.hash = encodeURIComponent(name);
  showPlace("chat");
  chat.seen();
  await guarded(async () => {
    await refresh();
    // Opening a chat lets the cards in view refresh themselves.
    await api.open(name);
    await refresh();
    side.draw();
  })();
}

function setClock(iso) {
  byId("now").textContent = `${day(iso)}, ${time(iso)}`;
  byId("now").dateTime = iso;
}

function showPlace(place) {
  document.querySelector(".columns").dataset.place = place;
  for (const button of document.querySelectorAll(".places button")) {
    markCurrent(button, button.dataset.place === place);
  }
}

const nextDay = guarded(async () => {
  const button = byId("next-day");
  button.disabled = true;
  button.textContent = "Scanning…";
  byId("progress").hidden = false;
  state.scanFrom = Number(state.pulse?.mark ?? 0);
  try {
    const result = await api.nextDay();
    side.clicked(result.moment);
    toast(`It is ${day(result.date)}. ${summary(result)}`);
  } finally {
    button.disabled = false;
    button.textContent = "Next day";
    byId("progress").hidden = true;
    state.scanFrom = null;
    byId("scan-count").textContent = "";
  }
  await api.open(state.me);
  await refresh();
  side.draw();
});

function summary(result) {
  const run = result.run ?? result;
  const parts = [];
  if (run.applications !== undefined) parts.push(`${run.applications + (run.enterprise_applications ?? 0)} apps read`);
  if (run.credentials !== undefined) parts.push(`${run.credentials} credentials read`);
  if (run.due !== undefined) parts.push(`${run.due} due`);
  if (run.notices_queued !== undefined) parts.push(`${run.notices_queued} notices queued`);
  return parts.length ? `The daily scan is done: ${parts.join(", ")}.` : "The daily scan is done.";
}

const onPulse = debounce(guarded(async () => {
  await refresh();
  side.draw();
}), 150);

async function start() {
  // Everything that can be clicked works before the first answer is there.
  side.start();
  byId("next-day").addEventListener("click", () => nextDay());
  for (const button of document.querySelectorAll(".places button")) {
    button.addEventListener("click", () => showPlace(button.dataset.place));
  }
  window.addEventListener("hashchange", () => {
    const name = decodeURIComponent(location.hash.slice(1));
    if (name && name !== state.me) choose(name);
  });
  onThemeChange(() => chat.redraw());
  window.addEventListener("resize", debounce(() => chat.redraw(), 250));
  const { commands } = await api.commands();
  composer(commands, {
    send: guarded(async (text) => answered(await api.message(state.me, text))),
  });
  await choose(state.me);
  api.listen((pulse) => {
    byId("now").classList.toggle("stale", pulse === null);
    if (!pulse) return;
    state.pulse = pulse;
    setClock(pulse.now);
    if (state.scanFrom !== null) byId("scan-count").textContent = `${Number(pulse.mark) - state.scanFrom} requests`;
    onPulse();
  });
}

guarded(start)();

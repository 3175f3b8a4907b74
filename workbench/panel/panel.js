// Draws the areas of the workbench panel from plain data sent by Python.
// Text is only set as textContent, because names of files, classes and source lines are not markup.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function button(css, text, clicked) {
  const node = make("button", { type: "button", class: css }, text);
  node.addEventListener("click", clicked);
  return node;
}

// Setting the same text again would lose the reader's selection.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const percent = (share) => (share < 0.0995 ? (100 * share).toFixed(1) : Math.round(100 * share)) + " %";
const digits = (value) =>
  value === 0 ? "0" : value < 0.001 ? "<0.001" : value < 1 ? value.toFixed(3) : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

// Sends a click to Python; the count makes two equal clicks two changes.
function press(model, action, more) {
  model.set("pressed", { action, ...more, count: (model.get("pressed").count || 0) + 1 });
  model.save_changes();
}

// The lines at the top. Each has its place, so that nothing moves when a text comes, changes or goes.
function head(model, root) {
  const title = make("div", { class: "wb-title" });
  const sentence = make("div", { class: "wb-verdict", role: "status" });
  const numbers = make("span", { class: "wb-figures" });
  const undo = button("wb-undo", "", () => press(model, "undo"));
  const notes = button("wb-show-notes", "", () => openNotes(root.closest(".wb-workbench")));
  const slowest = make("code", { class: "wb-slowest", tabindex: 0 });
  const where = make("span", { class: "wb-where" });
  const attempt = button("wb-try", "", () => press(model, "try"));
  const status = make("div", { class: "wb-status" });
  const error = failure(() => press(model, "retry"));
  const line = (...children) => make("div", { class: "wb-line" }, ...children);
  const slow = line("Slowest: ", slowest, where, attempt);
  root.append(title, sentence, line(numbers, undo, notes), slow, status, error.node);
  return () => {
    const data = model.get("data");
    const texts = { title, sentence, status };
    for (const [name, node] of Object.entries(texts)) setText(node, data[name] || "");
    title.title = data.title || "";
    sentence.title = data.detail || "";
    setText(numbers, data.figures || "");
    setText(undo, "Undo " + data.undo);
    undo.hidden = !data.undo;
    setText(notes, `⚠ ${data.notes} note${data.notes > 1 ? "s" : ""}`);
    notes.hidden = !data.notes;
    const [source, place] = data.slowest || ["", ""];
    setText(slowest, (slowest.title = source));
    setText(where, place);
    slow.style.visibility = source ? "visible" : "hidden";
    setText(attempt, "Try " + data.suggestion);
    attempt.hidden = !data.suggestion;
    error.show(data.error, data.traceback);
    sentence.classList.toggle("wb-stale", Boolean(data.stale));
    root.closest(".wb-workbench")?.classList.toggle("wb-busy", data.busy != null);
  };
}

// An error in the place of the headline. Its traceback opens over the panel.
function failure(retry) {
  const text = make("summary");
  const trace = make("pre", { tabindex: 0, "aria-label": "Traceback" });
  const details = make("details", {}, text, trace);
  const node = make("div", { class: "wb-error", role: "alert" }, details, button("wb-retry", "Retry", retry));
  const show = (message, traceback) => {
    node.hidden = !message;
    setText(text, message || "");
    setText(trace, [message, traceback].filter(Boolean).join("\n\n"));
  };
  return { node, show };
}

function openNotes(panel) {
  const details = panel.querySelector(".wb-scan");
  details.open = true;
  panel.querySelector(".wb-area-scan").scrollIntoView({ block: "center" });
}

// What Export, Import and Reset did, or why not.
function message(model, root) {
  const line = make("div", { class: "wb-message", role: "status" });
  root.append(line);
  return () => {
    const { text = "", refused } = model.get("data");
    setText(line, (line.title = text));
    line.classList.toggle("wb-refused", Boolean(refused));
  };
}

// Facts about the files or batches: one line, warnings, and a table that opens.
function scan(model, root) {
  const summary = make("summary");
  const table = make("table", { class: "wb-scan-table", "aria-label": "What the files are" });
  const details = make("details", { class: "wb-scan" }, summary, make("div", {}, table));
  const warnings = make("ul", { class: "wb-scan-warnings", "aria-label": "What is odd about the files" });
  root.append(details, warnings);
  return () => {
    const data = model.get("data");
    details.hidden = !data.summary;
    setText(summary, data.summary || "");
    const row = ([name, text]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, text));
    table.replaceChildren(make("tbody", {}, ...(data.rows || []).map(row)));
    warnings.replaceChildren(...(data.warnings || []).map((text) => make("li", {}, text)));
    warnings.hidden = !warnings.children.length;
  };
}

function preview(model, root) {
  const title = make("span");
  const image = make("img", { class: "wb-preview" });
  const captions = make("div", { class: "wb-captions" });
  const grid = make("div", { class: "wb-grid" }, image, captions);
  const place = make("div", { class: "wb-place" }, grid);
  const check = make("div", { class: "wb-check" });
  const others = button("wb-others", "Next images", () => press(model, "others"));
  const redraw = button("wb-redraw", "New draw", () => press(model, "redraw"));
  others.title = "Show the next samples";
  redraw.title = "Show the same samples as the next epoch will augment them";
  const show = make("select", { class: "wb-show", "aria-label": "What the samples show" });
  show.addEventListener("change", () => press(model, "show", { show: show.value }));
  root.append(make("div", { class: "wb-heading" }, show, title, others, redraw), place, check);
  let shown;
  return () => {
    const data = model.get("data");
    grid.hidden = show.hidden = !data.captions;
    if (!data.captions) return setText(title, data.title || "");
    setText(title, data.title);
    if (String([...show.options].map((option) => option.text)) !== String(data.shows)) {
      show.replaceChildren(...data.shows.map((name) => make("option", {}, name)));
    }
    show.value = data.show;
    setText(check, (check.title = data.check + " · " + data.range + " · " + data.drawn));
    if (image.alt !== data.alt) image.alt = data.alt;
    // Attributes, so that the page reserves the space before the picture is decoded.
    const [width, height] = [data.columns * data.width, data.rows * data.height];
    image.setAttribute("width", width);
    image.setAttribute("height", height);
    const scale = Math.min(480 / width, 240 / height);
    grid.style.width = `${width * scale}px`;
    // So that one sees the pixels of a small image, as the network gets them.
    image.style.imageRendering = scale > 1 ? "pixelated" : "auto";
    captions.style.gridTemplate = `repeat(${data.rows}, 1fr) / repeat(${data.columns}, 1fr)`;
    captions.replaceChildren(
      ...data.captions.map((c) =>
        make("div", { title: c.title }, make("b", {}, c.label), make("span", {}, c.draw))
      )
    );
    image.dataset.settings = data.settings;
    const bytes = model.get("image");
    if (bytes === shown) return;
    shown = bytes;
    const old = image.src;
    image.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    if (old) URL.revokeObjectURL(old);
  };
}

const COLUMNS = ["share", "waits", "ms/batch", "±", "hits", "ms/hit", "line", "source"];

function profile(model, root) {
  const caption = make("caption");
  const columns = make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)));
  const table = make("table", { class: "wb-profile" }, caption, make("thead", {}, columns));
  const notes = make("span");
  const leave = button("wb-leave", "", () => press(model, "close"));
  root.append(make("div", { class: "wb-scroll" }, table), make("div", { class: "wb-notes" }, leave, notes));
  const functions = new Map(); // key -> its part of the table, kept so that scroll position and selection survive
  const update = () => {
    const data = model.get("data");
    table.hidden = !data.functions;
    if (!data.functions) return;
    setText(caption, data.caption);
    caption.title = data.note;
    setText(notes, data.notes);
    table.classList.toggle("wb-alone", !data.waits);
    leave.hidden = !data.opened.length;
    setText(leave, "Leave " + data.opened.join(", "));
    if (table.dataset.settings !== String(data.settings)) table.dataset.settings = data.settings;
    const wanted = data.functions.map((f) => f.key);
    for (const [key, body] of functions) {
      if (!wanted.includes(key)) body.node.remove(), functions.delete(key);
    }
    data.functions.forEach((f, place) => {
      const source = JSON.stringify(f.lines.map((line) => [line.tokens, line.libraries]));
      let body = functions.get(f.key);
      if (!body || body.source !== source) {
        if (body) body.node.remove();
        functions.set(f.key, (body = functionBody(f, source, model)));
      }
      if (table.tBodies[place] !== body.node) table.insertBefore(body.node, table.tBodies[place] || null);
      body.update(f);
    });
  };
  return whenReleased(root, update);
}

// Updates wait while a mouse button is down: replacing a row between press and release would lose the click.
function whenReleased(root, update) {
  let down = false;
  const release = () => down && setTimeout(() => ((down = false), update())); // the click comes first
  const events = ["pointerup", "pointercancel"];
  root.addEventListener("pointerdown", () => (down = true));
  events.forEach((event) => window.addEventListener(event, release));
  const stop = () => events.forEach((event) => window.removeEventListener(event, release));
  return Object.assign(() => down || update(), { stop });
}

function hot(model, root) {
  const list = make("ol", { class: "wb-hot" });
  const advise = button("wb-advise", "Advice", () => press(model, "advise"));
  advise.title = "Look for faster ways to do what hot lines do, and measure them on your own arrays";
  const inMain = button("wb-profile-main", "main thread", () => press(model, "profile_in", { in_workers: false }));
  const inWorkers = button("wb-profile-workers", "workers", () => press(model, "profile_in", { in_workers: true }));
  inMain.title = "Profile one batch at a time, as if nothing else ran";
  inWorkers.title = "Profile as many batches at a time as Workers says, in threads or processes";
  const choice = make("span", { class: "wb-profile-in", role: "group", "aria-label": "Profile" }, "Profile: ", inMain, inWorkers);
  root.append(make("div", { class: "wb-heading" }, "Hot lines", advise, choice), list);
  return () => {
    const { lines = [], advise: can, looking, in_workers: workers } = model.get("data");
    advise.hidden = !can;
    setText(advise, looking ? "Looking for advice …" : "Advice");
    inMain.setAttribute("aria-pressed", !workers);
    inWorkers.setAttribute("aria-pressed", Boolean(workers));
    list.replaceChildren(...lines.map(hotLine));
  };
}

// Replacements of hot lines. Redrawn only after another search, so that "Show me" stays open.
function advice(model, root) {
  const list = make("ul", { class: "wb-advice", "aria-label": "Advice" });
  const none = make("div", { role: "status" });
  root.append(none, list);
  let shown, urls = [];
  const release = () => urls.forEach((url) => URL.revokeObjectURL(url));
  const update = () => {
    const { pieces = [], none: sentence = "", stale } = model.get("data");
    root.classList.toggle("wb-stale", Boolean(stale));
    setText(none, sentence);
    list.hidden = !pieces.length;
    const key = JSON.stringify(pieces.map((piece) => ({ ...piece, pictures: 0 })));
    if (key === shown) return;
    shown = key;
    release();
    urls = [];
    list.replaceChildren(...pieces.map((piece) => adviceItem(piece, urls)));
  };
  return Object.assign(update, { stop: release });
}

function adviceItem(piece, urls) {
  const figure = ({ title, alt, jpeg }) => {
    const url = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    urls.push(url);
    return make("figure", {}, make("img", { src: url, alt }), make("figcaption", {}, title));
  };
  const code = (title, source) => [make("div", {}, title), make("pre", { tabindex: 0, "aria-label": title }, make("code", {}, source))];
  const pictures = make("div", {}, ...piece.pictures.map(figure));
  const sentences = [piece.what, piece.saves, piece.pixels, ...piece.notes].map((text) => make("div", {}, text));
  const head = make("div", {}, make("b", {}, piece.place), " ", make("span", { class: "wb-function" }, piece.function));
  const more = [make("summary", {}, "Show me"), ...code("Now", piece.before), ...code("Instead", piece.after), pictures];
  return make("li", {}, head, ...sentences, make("details", {}, ...more));
}

function hotLine(line) {
  const bar = make("span", { class: "wb-bar" }, make("i", { style: `width:${100 * line.share}%` }));
  const code = make("code", { title: line.source }, line.source);
  const item = make("li", { "data-share": line.share });
  const calls = line.parts ? [make("span", { class: "wb-parts", title: line.parts }, line.parts)] : [];
  item.append(make("div", {}, make("b", {}, percent(line.share)), bar, code, ...calls, make("span", {}, line.place)));
  return item;
}

function functionBody(f, source, model) {
  const title = make("th", { colspan: COLUMNS.length, scope: "rowgroup" });
  const node = make("tbody", { "data-function": f.name }, make("tr", {}, title));
  const updates = f.lines.map((line) => lineRow(node, line, model));
  const update = (now) => {
    setText(title, `${now.name}  ${now.place} · ${percent(now.share)} · ${Number(now.calls.toPrecision(3))} × a batch`);
    now.lines.forEach((line, i) => updates[i](line));
  };
  return { node, source, update };
}

function lineRow(node, line, model) {
  const fill = make("i");
  const share = make("span");
  const cells = COLUMNS.slice(1, 6).map(() => make("td"));
  const code = make("td", { class: "wb-code" });
  code.append(...line.tokens.map(([colour, text]) => make("span", { class: colour && "wb-" + colour }, text)));
  if (line.libraries.length) {
    // A click that ends a selection of text does not count.
    const open = () => getSelection().isCollapsed && press(model, "open", { libraries: line.libraries });
    code.append(button("wb-into", "into " + line.libraries.join(", "), () => {}));
    code.addEventListener("click", open);
  }
  const first = make("td", {}, make("span", { class: "wb-bar" }, fill), share);
  const row = make("tr", { "data-line": line.line }, first, ...cells, make("td", {}, String(line.line)), code);
  node.append(row);
  return (now) => {
    row.dataset.share = now.share;
    row.dataset.hits = now.hits;
    row.classList.toggle("wb-quiet", !now.hits);
    row.style.setProperty("--wb-heat", `${Math.round(45 * now.share)}%`);
    fill.style.width = `${100 * now.share}%`;
    const about = now.approximate ? "≈ " : "";
    const waits = now.waiting ? percent(now.waiting) : "";
    const figures = [waits, about + digits(now.ms), digits(now.spread), String(now.hits), digits(now.hit_ms)];
    setText(share, now.hits ? percent(now.share) : "");
    cells.forEach((cell, i) => setText(cell, now.hits ? figures[i] : ""));
  };
}

// The help line. Also tells Python that the page is open, and names slider handles for screen readers.
function shell(model, root) {
  const help = make("div", { class: "wb-help" });
  root.append(help);
  const timer = setInterval(() => {
    model.set("beat", model.get("beat") + 1);
    model.save_changes();
  }, 1000);
  const panel = () => root.closest(".wb-workbench");
  const observer = new MutationObserver(() => panel() && nameSliders(panel()));
  // The panel is assembled after its parts are drawn.
  const started = setTimeout(() => {
    if (!panel()) return;
    nameSliders(panel());
    const controls = panel().querySelector(".wb-controls");
    observer.observe(controls, { childList: true, subtree: true });
    const explain = ({ target }) => setText(help, (help.title = helpOf(target, controls, model.get("data").help)));
    controls.addEventListener("focusin", explain);
    controls.addEventListener("mouseover", explain);
  }, 300);
  const stop = () => (clearInterval(timer), clearTimeout(started), observer.disconnect());
  return Object.assign(() => {}, { stop });
}

// The help of the control that a node belongs to, and why the control is disabled.
function helpOf(node, controls, texts) {
  for (; node && node !== controls; node = node.parentElement) {
    const name = [...node.classList].find((css) => css in texts);
    if (name) return texts[name];
  }
  return "";
}

function nameSliders(panel) {
  for (const slider of panel.querySelectorAll(".widget-hslider")) {
    const handles = slider.querySelectorAll("[role=slider]");
    handles.forEach((handle, i) => {
      const end = handles.length > 1 ? [" lower", " upper"][i] : "";
      handle.setAttribute("aria-label", slider.querySelector(".widget-label").textContent + end);
    });
  }
}

// A page may write to the clipboard only in response to a click, so Python cannot do it.
function copy(model, root) {
  const copies = button("wb-copy", "Copy as Python", async () => {
    await navigator.clipboard.writeText(model.get("data").code);
    setText(copies, "Copied");
    setTimeout(() => setText(copies, "Copy as Python"), 2000);
  });
  root.append(copies);
  return () => (copies.title = model.get("data").code || "");
}

const PARTS = { head, message, scan, preview, hot, advice, profile, shell, copy };

export default {
  render({ model, el }) {
    const update = PARTS[model.get("part")](model, el);
    el.classList.add("wb-area", "wb-area-" + model.get("part"));
    update();
    model.on("change", update);
    return () => {
      model.off("change", update);
      update.stop?.();
    };
  },
};

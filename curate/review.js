// What a person decides on these pages: remembered in this browser, and given back as a sheet for `fototeca decide --from`.
(() => {
  "use strict";
  const page = document.body.dataset;
  const columns = page.columns.split(" ");
  const risky = new RegExp("^'*[" + page.risky + "\\t\\r\\n]");
  const key = "fototeca-review:" + page.collection;
  const nameKey = "fototeca-review-by";
  const items = [...document.querySelectorAll("article[data-subject]")];
  const byName = document.getElementById("by");
  const told = document.getElementById("told");
  const warning = document.getElementById("warning");
  const save = document.getElementById("save");
  let here = -1;
  let remembered = read();

  function read() {
    try {
      const value = JSON.parse(localStorage.getItem(key) || "{}");
      return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
    } catch {
      warn("This browser does not remember what you decide: save the sheet before you leave the page.");
      return {};
    }
  }

  function remember(change) {
    // Another page of the sheet may be open in another tab: take in what it has remembered since.
    try {
      remembered = JSON.parse(localStorage.getItem(key) || "{}");
    } catch { /* goes on with what this page knows */ }
    change();
    try {
      localStorage.setItem(key, JSON.stringify(remembered));
    } catch {
      warn("This browser remembers no more: save the sheet now, and before you leave the page.");
    }
    tell();
  }

  function warn(words) {
    warning.textContent = words;
  }

  function fields(item) {
    return {
      note: item.querySelector("input.reason"),
      evidence: item.querySelector("input.evidence"),
      chosen: item.querySelector("input[type=radio]:checked"),
    };
  }

  function show(item, entry) {
    const word = entry ? entry.decision : "undecided";
    for (const radio of item.querySelectorAll("input[type=radio]")) radio.checked = radio.value === word;
    const { note, evidence } = fields(item);
    note.value = entry ? entry.note : "";
    if (evidence) evidence.value = entry ? entry.evidence : "";
    item.dataset.decision = word;
  }

  function take(item) {
    const { note, evidence, chosen } = fields(item);
    const decision = chosen ? chosen.value : "undecided";
    const data = item.dataset;
    item.dataset.decision = decision;
    remember(() => {
      if (decision === "undecided" && !note.value && !(evidence && evidence.value)) {
        delete remembered[data.subject];
        return;
      }
      remembered[data.subject] = {
        title: data.title, file: data.file, criterion: data.criterion, reason: data.reason,
        decision, note: note.value, other: decision === "same" || decision === "different" ? data.other : "",
        evidence: evidence ? evidence.value : "", stamp: data.stamp, sheet: page.sheet,
      };
    });
  }

  function decided() {
    return Object.entries(remembered).filter(([, one]) => one && one.sheet === page.sheet && one.decision !== "undecided");
  }

  function tell() {
    const all = decided();
    const own = new Set(items.map((item) => item.dataset.subject));
    const mine = all.filter(([subject]) => own.has(subject)).length;
    told.textContent = items.length
      ? `${mine} of ${items.length} decided on this page, ${all.length} remembered in all`
      : `${all.length} decisions remembered in this browser`;
    save.disabled = all.length === 0;
  }

  function cell(value) {
    let text = String(value ?? "").replace(/\s+/g, " ").trim();
    if (risky.test(text)) text = "'" + text;
    return /[",;\t]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function sheet() {
    const by = byName.value;
    const rows = decided().map(([subject, one]) => columns.map((name) => cell({ ...one, subject, by }[name])).join(","));
    return "\ufeff" + [columns.join(","), ...rows].join("\r\n") + "\r\n";
  }

  function give() {
    if (!byName.value.trim()) {
      warn("Write your name first: it stands beside each decision.");
      byName.focus();
      return;
    }
    const silent = decided().filter(([, one]) => !one.note.trim()).length;
    warn(silent ? `${silent} without a reason: write one, or say one for all with --reason.` : "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([sheet()], { type: "text/csv;charset=utf-8" }));
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function go(to) {
    if (!items.length) return;
    if (here >= 0) items[here].classList.remove("here");
    here = Math.max(0, Math.min(items.length - 1, to));
    items[here].classList.add("here");
    items[here].focus({ preventScroll: true });
    items[here].scrollIntoView({ block: "nearest" });
  }

  function choose(number) {
    const radio = here >= 0 && items[here].querySelector(`input[data-key="${number}"]`);
    if (!radio) return;
    radio.checked = true;
    take(items[here]);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
    if (typing) {
      if ((event.key === "Escape" || event.key === "Enter") && here >= 0 && event.target !== byName) items[here].focus();
      return;
    }
    if (event.key === "j") go(here + 1);
    else if (event.key === "k") go(here - 1);
    else if (/^[1-5]$/.test(event.key)) choose(event.key);
    else if (event.key === "n" && here >= 0) items[here].querySelector("input.reason").focus();
    else return;
    event.preventDefault();
  });

  items.forEach((item, at) => {
    item.addEventListener("focusin", () => {
      if (here !== at) {
        if (here >= 0) items[here].classList.remove("here");
        here = at;
        item.classList.add("here");
      }
    });
    item.addEventListener("input", () => take(item));
  });

  // A decision holds for the item as it was shown: when something else is said of it now, it is asked about again.
  remember(() => {
    for (const item of items) {
      const entry = remembered[item.dataset.subject];
      if (entry && entry.stamp !== item.dataset.stamp) delete remembered[item.dataset.subject];
      else if (entry) entry.sheet = page.sheet;
    }
  });
  for (const item of items) show(item, remembered[item.dataset.subject]);
  try {
    byName.value = localStorage.getItem(nameKey) || "";
  } catch { /* then it is asked for */ }
  byName.addEventListener("input", () => {
    try {
      localStorage.setItem(nameKey, byName.value);
    } catch { /* it holds for this page */ }
  });
  save.addEventListener("click", give);
  window.addEventListener("storage", (event) => {
    if (event.key === key) {
      remembered = read();
      tell();
    }
  });
})();

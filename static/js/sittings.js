/* 分场举行：填完一场，名单上随即出现各人的场次；整组改为某一场；各场人数随时更新。没有脚本时，由服务器加行、更新名单。 */
(() => {
  const by = (id) => document.getElementById(id);
  const list = () => by("rows-session");
  const rows = () => [...list().querySelectorAll(".session-row")];
  const filled = (row) => [...row.querySelectorAll("input:not([type=hidden])")].some((node) => node.value);
  const said = () => rows().filter(filled).map((row) => [...row.querySelectorAll("input")].map((node) => node.value).join("|")).join("\n");
  let shown = "";

  const inside = (key) => [...document.querySelectorAll(".seat-box")].filter((box) => {
    const seat = box.querySelector(".seat");
    return seat && (seat.value ?? seat.dataset.key) === key && !box.querySelector('[name="absent"]').checked;
  }).map((box) => box.querySelector('[name="absent"]'));
  const fill = (attribute, counts) => [...document.querySelectorAll(`[data-seat-${attribute}]`)].map((node) => {
    node.textContent = inside(node.getAttribute(`data-seat-${attribute}`)).filter(counts).length;
    return Number(node.textContent);
  });
  /* 支委会每一场都要达到法定人数；党员大会表决，有一场达到即可。 */
  const count = () => {
    const came = fill("count", () => true);
    const voting = fill("voters", (person) => !("novote" in person.dataset));
    const note = by("seat-short");
    if (!note) return;
    const { need, all } = by("seat-counts").dataset;
    note.hidden = all ? Math.min(...came) >= need : Math.max(...voting) >= need;
  };
  const again = () => by("session-again").dispatchEvent(new Event("change", { bubbles: true }));

  /* 离开一行、各行都有开始时间，才向服务器要新的名单。 */
  const left = () => {
    if (said() === shown) return;
    if (rows().some((row) => filled(row) && !row.querySelector('[name$="-starts"]').value)) return;
    shown = said();
    again();
  };
  const more = () => {
    const all = rows();
    let row = all.at(-1);
    if (filled(row)) {
      const n = all.length;
      if (n >= Number(list().dataset.most)) return;
      row = row.cloneNode(true);
      for (const node of row.querySelectorAll("[id], [for], [name]")) {
        for (const key of ["id", "for", "name"]) {
          const value = node.getAttribute(key);
          if (value) node.setAttribute(key, value.replace(`session-${n - 1}-`, `session-${n}-`));
        }
      }
      for (const node of row.querySelectorAll("input")) {
        node.value = "";
        node.classList.remove("is-invalid");
      }
      for (const node of row.querySelectorAll(".invalid-feedback")) node.remove();
      row.querySelector("[data-drop]").value = `drop-session-${n}`;
      for (const node of row.querySelectorAll("[data-number]")) node.textContent = n + 2;
      list().append(row);
      list().closest("form").elements["session-count"].value = n + 1;
    }
    row.classList.remove("is-spare");
    row.querySelector("input:not([type=hidden])").focus();
  };

  document.addEventListener("click", (event) => {
    const find = (selector) => event.target.closest?.(selector);
    if (find("[data-more-session]")) {
      event.preventDefault();
      more();
    } else if (find("[data-drop]")) {
      event.preventDefault();
      const row = find("[data-drop]").closest(".session-row");
      for (const node of row.querySelectorAll("input:not([type=hidden])")) node.value = "";
      left();
    } else if (find("[data-seat-group]")) {
      const { seatGroup, key } = find("[data-seat-group]").dataset;
      for (const person of document.querySelectorAll(`.seat-box .person[data-group="${seatGroup}"]`)) {
        const seat = person.parentElement.querySelector("select.seat");
        if (!seat) continue;
        seat.value = key;
        seat.classList.remove("is-invalid");
        seat.dispatchEvent(new Event("change", { bubbles: true }));
      }
      count();
    }
  });
  document.addEventListener("focusout", (event) => {
    const row = event.target.closest?.(".session-row");
    if (row && !row.contains(event.relatedTarget)) left();
  });
  document.addEventListener("input", (event) => {
    const row = event.target.closest?.(".session-row");
    if (row) row.querySelector("[data-drop]").classList.toggle("is-off", !filled(row));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select.seat")) event.target.classList.remove("is-invalid");
    if (event.target.matches?.('select.seat, [name="absent"]')) count();
  });
  const start = () => { if (list()) shown = said(); count(); };
  document.addEventListener("htmx:afterSettle", start);
  start();
})();

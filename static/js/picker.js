/* 登记活动：勾选即缺席；人数、法定人数线、缺席名单和提交前核对随之更新。没有脚本时，表单照样可用。 */
(() => {
  const by = (id) => document.getElementById(id);
  const form = () => by("meeting");
  const all = (selector) => [...form().querySelectorAll(selector)];
  const boxes = () => all('input[name="absent"]');
  const row = (pk) => form().querySelector(`.absence[data-for="${pk}"]`);
  const value = (id) => (by(id) ? by(id).value.trim() : "");
  const put = (name, text) => { for (const node of all(`[data-n="${name}"]`)) node.textContent = text; };

  const quorum = (people) => {
    const box = by("quorum");
    if (!box) return;
    const counted = box.dataset.all ? people : people.filter((b) => !("novote" in b.dataset));
    const came = counted.filter((b) => !b.checked).length;
    const need = Number(box.dataset.need);
    const ok = came >= need;
    const who = box.dataset.all ? "应到" : "有表决权";
    by("q-fill").setAttribute("width", counted.length ? `${(came / counted.length) * 100}%` : "0");
    box.classList.toggle("is-short", !ok);
    by("q-icon").className = `bi bi-${ok ? "check-circle-fill" : "exclamation-circle-fill"}`;
    by("q-text").textContent = ok
      ? `可以${box.dataset.what}：${who}${counted.length}人，到会${came}人，达到法定人数（${need}人）。`
      : `不能${box.dataset.what}：${who}${counted.length}人，到会${came}人，还差${need - came}人。`;
  };

  const part = (name, ok, text) => {
    const line = form().querySelector(`[data-part="${name}"]`);
    if (!line) return ok;
    line.querySelector(".bi").className = ok ? "bi bi-check-circle-fill text-success" : "bi bi-circle";
    line.querySelector("small").textContent = text;
    return ok;
  };

  const check = () => {
    if (!by("checked")) return; // 更正出席页没有核对栏
    const people = boxes();
    const out = people.filter((b) => b.checked);
    const unsaid = out.filter((b) => !row(b.value)?.querySelector("select").value).length;
    const lacks = [["f-topic", "主题"], ["f-date", "日期"], ["f-starts", "开始时间"], ["f-ends", "结束时间"], ["f-place", "地点"], ["f-chair", "主持人"], ["f-recorder", "记录人"]]
      .filter(([id]) => by(id) && !value(id)).map(([, name]) => name);
    const lecture = form().querySelector(".if-lecture");
    if (lecture && !lecture.classList.contains("is-off") && !value("f-lecturer") && !value("f-guest_lecturer")) lacks.push("主讲人");
    const shots = Number(form().querySelector('[data-part="photos"]')?.dataset.kept || 0) + (by("f-photos")?.files.length || 0);
    const done = [
      part("base", !lacks.length, lacks.length ? `还缺${lacks.join("、")}` : ""),
      part("people", people.length > 0 && !unsaid, unsaid ? `${unsaid}人还没有原因` : people.length ? `${people.length}人均有结果${out.length ? `，${out.length}人有原因` : ""}` : "没有应到人员"),
      part("minutes", !by("f-minutes") || Boolean(value("f-minutes")), by("f-minutes") ? value("f-minutes") ? "" : "还没有填写" : "由主办党支部填写"),
    ];
    part("photos", shots > 0, shots ? `${shots}张` : "还没有照片，可以先提交");
    const left = done.filter((ok) => !ok).length;
    by("checked").textContent = `${done.length - left}/${done.length}`;
    by("bar-said").textContent = left ? `还有${left}处需要填写` : "waits" in form().dataset ? "等主办党支部提交" : "可以提交";
    if (by("minutes-count")) by("minutes-count").textContent = `${value("f-minutes").length}字${by("f-minutes").value.length >= by("f-minutes").maxLength ? "，已到上限" : ""}`;
  };

  const count = () => {
    const people = boxes();
    const out = people.filter((b) => b.checked);
    put("due", people.length);
    put("in", people.length - out.length);
    put("out", out.length);
    quorum(people);
    for (const box of people) {
      const line = row(box.value);
      if (!line) continue;
      line.classList.toggle("is-off", !box.checked);
      if (!box.checked) {
        line.querySelector("select").value = "";
        line.classList.remove("is-missing");
      }
    }
    form().querySelector(".absences")?.classList.toggle("is-off", !out.length);
    if (by("abs")) by("abs").textContent = out.length ? `缺席${out.length}人，请逐一填写原因` : "无人缺席";
    same();
    check();
  };

  /* 同一原因应用到全部：以第一个已选的原因为准。 */
  const chosen = () => boxes().filter((b) => b.checked).map((b) => row(b.value)).filter(Boolean);
  const same = () => {
    const box = by("same-box");
    if (!box) return;
    const lines = chosen();
    const first = lines.map((line) => line.querySelector("select")).find((select) => select.value);
    const differs = first && lines.some((line) => line.querySelector("select").value !== first.value);
    box.classList.toggle("is-off", lines.length < 2 || !differs);
    if (first) box.querySelector("button span").textContent = `“${first.selectedOptions[0].text}”应用到全部${lines.length}人`;
  };
  const apply = () => {
    const lines = chosen();
    const first = lines.map((line) => line.querySelector("select")).find((select) => select.value);
    if (!first) return;
    for (const line of lines) {
      line.querySelector("select").value = first.value;
      line.querySelector("select").classList.remove("is-invalid");
      line.classList.remove("is-missing");
    }
    same();
    check();
  };

  const filter = () => {
    const q = value("who").toLowerCase();
    const g = form().querySelector('input[name="g"]:checked')?.value || "";
    let seen = 0;
    for (const p of all(".person")) {
      p.hidden = Boolean((g && p.dataset.group !== g) || (q && !p.dataset.find.includes(q)));
      if (p.parentElement.matches(".seat-box")) p.parentElement.hidden = p.hidden;
      seen += !p.hidden;
    }
    for (const h of all(".people .group")) h.hidden = Boolean(q) || Boolean(g && h.dataset.group !== g);
    if (by("nobody")) by("nobody").hidden = seen > 0;
  };

  const preview = () => {
    const input = by("f-photos");
    const list = by("previews");
    list.replaceChildren();
    const limit = Number(input.dataset.limit);
    let said = input.files.length ? `已选${input.files.length}张，提交或存为草稿时上传。` : "";
    for (const file of input.files) {
      const item = document.createElement("li");
      const figure = document.createElement("figure");
      const shot = document.createElement("div");
      shot.className = "shot";
      const caption = document.createElement("figcaption");
      caption.textContent = `${file.name}，${(file.size / 1048576).toFixed(1)} MB`;
      if (file.size > limit) said = `${file.name}超过${Math.floor(limit / 1048576)} MB，请压缩后再选。`;
      figure.append(shot, caption);
      item.append(figure);
      list.append(item);
      if (/^image\/(jpeg|png|webp)$/.test(file.type) && file.size < 4e6) {
        const reader = new FileReader();
        reader.addEventListener("load", () => {
          const image = document.createElement("img");
          image.alt = file.name;
          image.src = reader.result;
          shot.append(image);
        });
        reader.readAsDataURL(file);
      } else {
        shot.textContent = file.name.split(".").pop().toUpperCase();
      }
    }
    by("photos-said").textContent = said;
    check();
  };

  const lecture = () => {
    const on = by("kind-party_lecture")?.checked || by("also-party_lecture")?.checked;
    form().querySelector(".if-lecture")?.classList.toggle("is-off", !on);
    check();
  };

  /* 换类型、党小组、支部或日期：向服务器要新的名单，已填的文字和已选的照片都留着。 */
  const typed = () => new Map(all("input, textarea, select")
    .filter((node) => !["file", "hidden", "radio"].includes(node.type) && !("reload" in node.dataset))
    .map((node) => [`${node.name}=${node.type === "checkbox" ? node.value : ""}`, node]));
  const said = (node) => (node.type === "checkbox" ? node.checked : node.value);
  let asked = new Map(); // 发出请求时各栏的内容
  let late = []; // 等待回应期间又改过的各栏
  const reload = () => {
    asked = new Map([...typed()].map(([key, node]) => [key, said(node)]));
    const values = {};
    for (const [name, text] of new FormData(form())) {
      if (text instanceof File) continue;
      values[name] = name in values ? [].concat(values[name], text) : text;
    }
    values.refresh = "1";
    window.htmx.ajax("POST", form().getAttribute("action"), { source: by("f-date"), target: "#meeting", swap: "outerHTML", values });
  };

  document.addEventListener("change", (event) => {
    const node = event.target;
    if (!form()?.contains(node)) return;
    if ("reload" in node.dataset) reload();
    else if (node.name === "absent") {
      count();
      if (node.checked && by("who").value) { by("who").value = ""; filter(); }
    } else if (node.name === "g") filter();
    else if (node.id === "f-photos") preview();
    else if ("also" in node.dataset) lecture();
    else if (node.name?.startsWith("reason-")) {
      node.classList.toggle("is-invalid", false);
      node.closest(".absence").classList.remove("is-missing");
      same();
      check();
    } else check();
  });
  document.addEventListener("input", (event) => {
    if (!form()?.contains(event.target)) return;
    if (event.target.id === "who") filter();
    else check();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "who" && event.key === "Enter") event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const back = event.target.closest?.("[data-back]");
    if (back) {
      const box = by(`absent-${back.dataset.back}`);
      box.checked = false;
      count();
      box.focus();
    }
    if (event.target.closest?.("#same")) apply();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "meeting") return;
    late = [...typed()].map(([key, node]) => [key, said(node)]).filter(([key, now]) => asked.has(key) && asked.get(key) !== now);
  });
  document.addEventListener("htmx:afterSwap", () => {
    const now = typed();
    for (const [key, text] of late) {
      const node = now.get(key);
      if (node) node[node.type === "checkbox" ? "checked" : "value"] = text;
    }
    late = [];
  });
  const start = () => { if (form()) { count(); filter(); } };
  document.addEventListener("htmx:afterSettle", start);
  start();
  by("problems")?.focus();
})();

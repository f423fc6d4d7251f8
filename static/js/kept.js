/* 边写边存：有改动后每十秒、离开一栏时，把表单存到服务器（照片、附件除外）。存不上时（登录过期、断网）暂留在本标签页，
   重新登录后自动补存；退出登录、换人登录或满三十分钟即清除。没有脚本时，表单照样可用。 */
(() => {
  const EVERY = 10000;
  const LIFE = 30 * 60000;
  const by = (id) => document.getElementById(id);
  const store = window.sessionStorage;
  const home = by("keeping");
  const read = (key) => { try { return JSON.parse(store.getItem(key)); } catch { return null; } };
  const entries = () => Object.keys(store).filter((key) => key.startsWith("kept:"));
  if (!home) { // 已到记录页，刚才交上去的不用再留
    for (const key of entries()) if (read(key)?.sent) store.removeItem(key);
    return;
  }
  const form = () => by("meeting");
  const token = () => document.cookie.split("; ").find((one) => one.startsWith("zhibu_csrf="))?.split("=")[1] || form().elements.csrfmiddlewaretoken.value;
  const fields = () => [...new FormData(form())].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken" && name !== "g");
  const slot = () => form().elements.draft_form.value;
  const key = (name) => `kept:${home.dataset.user}:${name}`;
  let changed = false;
  let timer = 0;
  let flight = null;
  let said = "";
  const say = (text) => { said = text; const node = by("kept-said"); if (node && node.textContent !== text) node.textContent = text; };

  const post = (pairs, { poll, leaving } = {}) => {
    const body = new FormData();
    for (const [name, value] of pairs) body.append(name, value);
    const headers = { "X-CSRFToken": token() };
    if (poll) headers["X-Poll"] = "1"; // 定时保存不算操作，不延长登录
    flight = new AbortController();
    return fetch(home.dataset.keep, { method: "POST", body, headers, redirect: "manual", keepalive: Boolean(leaving), signal: flight.signal });
  };
  const aside = (why, sent = false) => {
    store.setItem(key(slot()), JSON.stringify({ at: Date.now(), sent, fields: fields() }));
    if (!why) return;
    by("kept-lost").hidden = false;
    by("kept-why").replaceChildren(...why);
    say("");
  };
  const login = () => {
    const link = document.createElement("a");
    link.href = "/";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "在新标签页登录";
    return ["登录已过期。请", link, "，登录后这里会自动保存，再继续填写。"];
  };

  const keep = async (how = {}) => {
    clearTimeout(timer);
    timer = 0;
    if (!changed || !form()) return;
    changed = false;
    try {
      const answer = await post(fields(), how);
      if (answer.status === 200) {
        say(`草稿已自动保存 ${(await answer.json()).saved}`);
        store.removeItem(key(slot()));
        by("kept-lost").hidden = true;
        form().elements.csrfmiddlewaretoken.value = token();
      } else if (answer.status === 413) {
        say((await answer.json()).error);
      } else if (answer.status !== 204) {
        again(login());
      }
    } catch (error) {
      if (error.name !== "AbortError") again(["网络不通，接通后自动保存。"]);
    }
  };
  const again = (why) => {
    changed = true;
    aside(why);
    timer = setTimeout(() => keep({ poll: true }), EVERY);
  };

  const touched = (event) => {
    if (!event.isTrusted || !form()?.contains(event.target) || event.target.type === "file" || event.target.type === "search" || event.target.name === "g") return;
    changed = true;
    timer ||= setTimeout(() => keep({ poll: true }), EVERY);
  };
  document.addEventListener("input", touched);
  document.addEventListener("change", touched);
  document.addEventListener("focusout", (event) => { if (form()?.contains(event.target)) keep(); });
  window.addEventListener("pagehide", () => { if (changed) keep({ poll: true, leaving: true }); });
  document.addEventListener("submit", (event) => {
    if (event.target !== form() || event.defaultPrevented) return;
    clearTimeout(timer);
    changed = false;
    flight?.abort(); // 不与正式保存赛跑
    form().elements.csrfmiddlewaretoken.value = token();
    aside(null, true);
  });
  document.addEventListener("htmx:afterSettle", () => say(said));

  /* 上次没能存上的：补存，再按服务器上的内容重新打开。 */
  (async () => {
    let stored = false;
    for (const name of entries()) {
      const entry = read(name);
      if (!entry || !name.startsWith(`kept:${home.dataset.user}:`) || Date.now() - entry.at > LIFE || (entry.sent && "refused" in home.dataset)) {
        store.removeItem(name);
        continue;
      }
      try {
        const answer = await post(entry.fields);
        if (answer.status === 200) stored = true;
        if (answer.type !== "opaqueredirect" && answer.status !== 401) store.removeItem(name);
      } catch { /* 留待下次 */ }
    }
    if (stored) window.location.replace(window.location.href);
  })();
})();

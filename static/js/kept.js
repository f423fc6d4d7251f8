/* 填写中的记录留在本标签页里：登录过期或页面关错时还能取回；保存成功后清除。没有脚本时，表单照样可用。 */
(() => {
  const by = (id) => document.getElementById(id);
  const store = window.sessionStorage;
  if (!by("meeting")) { // 已到记录页，刚才交上去的不用再留
    for (const key of Object.keys(store)) if (key.startsWith("record:") && JSON.parse(store[key]).sent) store.removeItem(key);
    return;
  }
  const offer = by("unsaved");
  const key = `record:${offer.dataset.user}:${window.location.pathname}`;
  const fields = () => [...by("meeting").querySelectorAll("input, textarea, select")]
    .filter((node) => node.name && node.name !== "g" && !["file", "hidden", "search"].includes(node.type));
  const ticks = (node) => ["checkbox", "radio"].includes(node.type);
  const keep = (sent) => {
    const values = fields().map((node) => [node.name, ticks(node) ? node.value : null, ticks(node) ? node.checked : node.value]);
    store.setItem(key, JSON.stringify({ sent, values }));
  };
  const apply = (values) => {
    const nodes = fields();
    for (const [name, value, said] of values) {
      const node = nodes.find((one) => one.name === name && (value === null || one.value === value));
      if (node) node[ticks(node) ? "checked" : "value"] = said;
    }
  };
  const old = JSON.parse(store.getItem(key) || "null");
  const text = (name) => old?.values.find((one) => one[0] === name)?.[2] || "";
  const lost = ["topic", "minutes"].some((name) => text(name) && text(name) !== by(`f-${name}`).value);
  offer.hidden = !lost || Boolean(by("problems"));
  by("unsaved-take").addEventListener("click", () => {
    offer.hidden = true;
    apply(old.values);
    /* 类型和日期变了，名单随之更换；换好后把缺席和原因再填一次。 */
    document.addEventListener("htmx:afterSwap", () => { apply(old.values); keep(false); }, { once: true });
    by("f-date").dispatchEvent(new Event("change", { bubbles: true }));
  });
  by("unsaved-drop").addEventListener("click", () => { offer.hidden = true; store.removeItem(key); });
  for (const name of ["input", "change"]) document.addEventListener(name, (event) => event.isTrusted && by("meeting").contains(event.target) && keep(false));
  document.addEventListener("submit", (event) => event.target === by("meeting") && keep(true));
})();

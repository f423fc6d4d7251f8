/* 联合举办：按名称查找协办的党支部。没有脚本时，名单全部列出。 */
(() => {
  const filter = (box) => {
    const asked = box.value.trim();
    let seen = 0;
    for (const one of document.querySelectorAll("#f-cohosts .form-check")) {
      one.hidden = Boolean(asked) && !one.textContent.includes(asked) && !one.querySelector("input").checked;
      seen += !one.hidden;
    }
    document.getElementById("cohost-none").hidden = seen > 0;
  };
  document.addEventListener("input", (event) => { if (event.target.id === "cohost-find") filter(event.target); });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "cohost") return;
    document.getElementById("minutes-shared").hidden = !document.querySelector("#f-cohosts input:checked");
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "cohost-find" && event.key === "Enter") event.preventDefault();
  });
})();
